#include "nn/answer.hpp"

#include <algorithm>

namespace sonde::nn {

std::int64_t label_of(Task task, Output output) {
  if (task == Task::classes) return std::ranges::max_element(output) - output.begin();
  return task == Task::binary && output[0] > 0.5F ? 1 : 0;
}

bool outputs_differ(std::span<Output const> outputs, double divergence) {
  for (std::size_t i = 0; i < outputs[0].size(); ++i) {
    auto const value = [i](Output output) { return output[i]; };
    auto const [least, most] = std::ranges::minmax(outputs, {}, value);
    bool const same_sign = value(least) > 0 || value(most) < 0;
    double const apart = static_cast<double>(value(most)) - static_cast<double>(value(least));
    if (apart > divergence && !same_sign) return true;
  }
  return false;
}

}  // namespace sonde::nn
