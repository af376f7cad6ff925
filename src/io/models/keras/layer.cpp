#include "io/models/keras/layer.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::io::keras {

Layer::Layer(Context& context, std::string name, Json const& config, LayerWeights weights, std::vector<int> inputs)
    : context_(context),
      name_(std::move(name)),
      config_(config, "model " + context.path + ", layer " + name_),
      weights_(std::move(weights)),
      inputs_(std::move(inputs)) {}

int Layer::input() const {
  VALIDATE(inputs_.size() == 1,
           where() << ": it has " << inputs_.size() << " inputs (it takes one). Check the architecture.");
  return inputs_.front();
}

Shape const& Layer::image_shape() const {
  Shape const& shape = input_shape();
  VALIDATE(shape.size() == 3, where() << ": its input has shape " << to_string(shape)
                                      << " (it takes images of height, width and channels). Check the architecture.");
  return shape;
}

int Layer::add(Op op, std::vector<int> inputs, std::string const& step) {
  return context_.builder.add(step.empty() ? name_ : name_ + "." + step, std::move(op), std::move(inputs));
}

Weights Layer::weight(std::size_t index, char const* what, Shape const& expected) {
  VALIDATE(index < weights_.names.size(), where() << ": its " << what << " is not in the file (which has "
                                                  << weights_.names.size() << " weights for it in " << weights_.group
                                                  << "). Check that weights and architecture belong together.");
  used_ = std::max(used_, index + 1);
  return context_.file.read(weights_.group, weights_.names[index], expected, where() + ", " + what);
}

Shape Layer::weight_shape(std::size_t index) const {
  VALIDATE(index < weights_.names.size(), where() << ": a weight is not in the file (which has "
                                                  << weights_.names.size() << " weights for it in " << weights_.group
                                                  << "). Check that weights and architecture belong together.");
  return context_.file.shape(weights_.group, weights_.names[index], where());
}

LayerWeights Layer::hand_over_weights() {
  ignore_further_weights();
  return weights_;
}

void Layer::check_all_used() const {
  VALIDATE(used_ == weights_.names.size(),
           where() << ": the file has " << weights_.names.size() << " weights for it, of which the architecture uses "
                   << used_ << " (they do not belong together). Give the architecture the weights were saved with.");
}

Weights make_vector(std::vector<float> const& values) {
  auto tensor = std::make_shared<Tensor>(Shape{static_cast<std::int64_t>(values.size())});
  std::ranges::copy(values, tensor->data.data());
  return tensor;
}

std::vector<LayerKind> const& layer_kinds() {
  static std::vector<LayerKind> const kinds = [] {
    std::vector<LayerKind> all;
    for (auto const& part : {core_layers(), image_layers(), activation_layers(), merge_layers(), recurrent_layers()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kinds;
}

LayerKind const* find_layer_kind(std::string const& class_name) {
  auto const found = std::ranges::find(layer_kinds(), class_name, &LayerKind::name);
  return found == layer_kinds().end() ? nullptr : &*found;
}

}  // namespace sonde::io::keras
