// Keras layers that join several inputs.
#include "base/check.hpp"
#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {
namespace {

void need_several(Layer const& layer) {
  VALIDATE(layer.inputs().size() >= 2, layer.where() << ": it has " << layer.inputs().size()
                                                     << " input (it joins two or more). Check the architecture.");
}

/// in[0] f in[1] f in[2] ...: all but the last step are named after the number of inputs joined so far.
int chain(Layer& layer, BinaryFunction function, std::string const& last_step = "") {
  need_several(layer);
  std::vector<int> const& inputs = layer.inputs();
  int node = inputs[0];
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    bool const last = i + 1 == inputs.size();
    node =
        layer.add(Binary{function, nullptr, false}, {node, inputs[i]}, last ? last_step : "of" + std::to_string(i + 1));
  }
  return node;
}

int add(Layer& layer) { return chain(layer, BinaryFunction::add); }
int multiply(Layer& layer) { return chain(layer, BinaryFunction::multiply); }
int maximum(Layer& layer) { return chain(layer, BinaryFunction::maximum); }
int minimum(Layer& layer) { return chain(layer, BinaryFunction::minimum); }

int subtract(Layer& layer) {
  VALIDATE(layer.inputs().size() == 2, layer.where() << ": it has " << layer.inputs().size()
                                                     << " inputs (a difference has two). Check the architecture.");
  return chain(layer, BinaryFunction::subtract);
}

int average(Layer& layer) {
  int const sum = chain(layer, BinaryFunction::add, "sum");
  float const share = 1.0F / static_cast<float>(layer.inputs().size());
  return layer.add(ScaleShift{make_vector({share}), make_vector({0})}, {sum});
}

/// Keras counts the batch as axis 0. Keras 1: concat_axis.
int concatenate(Layer& layer) {
  need_several(layer);
  auto const rank = static_cast<std::int64_t>(layer.shape(layer.inputs()[0]).size());
  std::int64_t const axis = layer.config().integer({"axis", "concat_axis"}, -1);
  return layer.add(Concat{axis < 0 ? axis + rank : axis - 1}, layer.inputs());
}

/// Keras 1: one layer for all of them. A mode that is Python code is written as another mode_type.
int merge(Layer& layer) {
  std::string const type = layer.config().text({"mode_type"}, "raw");
  std::string const mode = type == "raw" ? layer.config().text({"mode"}, "sum") : type;
  if (mode == "sum") return add(layer);
  if (mode == "mul") return multiply(layer);
  if (mode == "concat") return concatenate(layer);
  if (mode == "ave") return average(layer);
  if (mode == "max") return maximum(layer);
  SONDE_FAIL_AS(InputError, layer.where() << ": Merge mode '" << mode
                                          << "' is not supported (sum, mul, concat, ave and max are). "
                                          << "Use one of these.");
}

}  // namespace

std::vector<LayerKind> merge_layers() {
  return {{"Add", add},         {"Subtract", subtract}, {"Multiply", multiply},       {"Average", average},
          {"Maximum", maximum}, {"Minimum", minimum},   {"Concatenate", concatenate}, {"Merge", merge}};
}

}  // namespace sonde::io::keras
