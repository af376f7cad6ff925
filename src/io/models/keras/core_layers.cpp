// Keras layers that work on any shape: dense, normalisation, changes of shape, and those that do nothing at test time.
#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {
namespace {

/// y = activation(x W + b). Keras 1: output_dim, bias.
int dense(Layer& layer) {
  Shape const& in = layer.input_shape();
  VALIDATE(!in.empty(),
           layer.where() << ": its input has no axis (one number per unit is needed). Check the architecture.");
  std::int64_t const units = layer.config().integer({"units", "output_dim"});
  Dense op;
  op.weights = layer.weight(0, "kernel", {in.back(), units});
  if (layer.config().flag({"use_bias", "bias"}, true)) op.bias = layer.weight(1, "bias", {units});
  return activate(layer, layer.add(std::move(op), layer.inputs()));
}

/// At test time y = gamma (x - mean) / sqrt(variance + epsilon) + beta, folded into one scale and shift per unit.
int batch_normalization(Layer& layer) {
  Shape const& in = layer.input_shape();
  LayerConfig const& config = layer.config();
  auto const rank = static_cast<std::int64_t>(in.size());
  if (config.find({"axis"})) {
    std::vector<std::int64_t> const axes = config.integers({"axis"});
    VALIDATE(axes.size() == 1 && (axes[0] == -1 || axes[0] == rank),
             layer.where() << ": it normalises along another axis than the last (channels come last in sonde). "
                           << "Save the model with channels last.");
  }
  VALIDATE(config.integer({"mode"}, 0) == 0,
           layer.where() << ": its mode is not 0 (it would use the statistics of the batch at test time). Use mode 0.");
  auto const units = static_cast<std::size_t>(unit_count(in));
  Shape const per_unit{unit_count(in)};
  double const epsilon = config.number({"epsilon"}, 1e-3F);
  std::size_t next = 0;
  Weights gamma, beta;
  if (config.flag({"scale"}, true)) gamma = layer.weight(next++, "gamma", per_unit);
  if (config.flag({"center"}, true)) beta = layer.weight(next++, "beta", per_unit);
  Weights const mean = layer.weight(next++, "mean", per_unit);
  Weights const variance = layer.weight(next++, "variance", per_unit);

  std::vector<float> scale(units), shift(units);
  for (std::size_t i = 0; i < units; ++i) {
    double const factor = (gamma ? gamma->data[i] : 1.0F) / std::sqrt(variance->data[i] + epsilon);
    scale[i] = static_cast<float>(factor);
    shift[i] = static_cast<float>((beta ? beta->data[i] : 0.0F) - mean->data[i] * factor);
  }
  return layer.add(ScaleShift{make_vector(scale), make_vector(shift)}, {layer.input()});
}

int flatten(Layer& layer) { return layer.add(Reshape{{volume(layer.input_shape())}}, {layer.input()}); }

/// One extent may be -1: what is left of the elements. Keras 1.0: dims.
int reshape(Layer& layer) {
  Shape target = layer.config().integers({"target_shape", "dims"});
  std::int64_t const elements = volume(layer.input_shape());
  std::int64_t known = 1;
  auto open = target.end();
  for (auto extent = target.begin(); extent != target.end(); ++extent) {
    bool const is_open = *extent == -1 && open == target.end();
    VALIDATE(is_open || (*extent > 0 && known <= elements / *extent),
             layer.where() << ": its target shape " << to_string(target) << " does not hold " << elements
                           << " elements (as its input does). Check the architecture.");
    if (is_open) {
      open = extent;
    } else {
      known *= *extent;
    }
  }
  if (open != target.end()) *open = elements / known;
  return layer.add(Reshape{std::move(target)}, {layer.input()});
}

/// Keras counts the axes of a sample from 1.
int permute(Layer& layer) {
  std::vector<std::int64_t> order = layer.config().integers({"dims"});
  for (std::int64_t& axis : order) --axis;
  return layer.add(Transpose{std::move(order)}, {layer.input()});
}

/// Layers that act in training only.
int pass_through(Layer& layer) {
  layer.ignore_further_weights();
  return layer.input();
}

/// Python code inside the file is never run: the user says what it does.
int lambda(Layer& layer) {
  auto const given = layer.context().options.lambdas.find(layer.name());
  VALIDATE(given != layer.context().options.lambdas.end(),
           layer.where()
               << ": it is a Lambda layer (Python code inside a model file is never run). If it computes scale * x + "
               << "offset, give it as --lambda " << layer.name() << "=SCALE,OFFSET.");
  auto const [scale, offset] = given->second;
  return layer.add(ScaleShift{make_vector({scale}), make_vector({offset})}, {layer.input()});
}

/// A setting that holds one number for all units or one each.
std::vector<float> per_unit_setting(Layer const& layer, LayerConfig::Names names, float fallback) {
  if (!layer.config().find(names)) return {fallback};
  std::vector<float> values = layer.config().numbers(names);
  auto const units = static_cast<std::size_t>(unit_count(layer.input_shape()));
  VALIDATE(values.size() == 1 || values.size() == units,
           layer.where() << ": a setting has " << values.size() << " numbers for " << units
                         << " units (one number, or one each, is needed). Check the architecture.");
  return values;
}

/// y = scale x + offset.
int rescaling(Layer& layer) {
  std::vector<float> scale = per_unit_setting(layer, {"scale"}, 1);
  std::vector<float> offset = per_unit_setting(layer, {"offset"}, 0);
  std::size_t const size = std::max(scale.size(), offset.size());
  if (scale.size() < size) scale.assign(size, scale[0]);
  if (offset.size() < size) offset.assign(size, offset[0]);
  return layer.add(ScaleShift{make_vector(scale), make_vector(offset)}, {layer.input()});
}

/// y = (x - mean) / max(sqrt(variance), 1e-7), the two from the settings or, when adapted to data, from the weights.
int normalization(Layer& layer) {
  Shape const& in = layer.input_shape();
  LayerConfig const& config = layer.config();
  std::int64_t units = unit_count(in);
  bool const for_all = config.find({"axis"}) == nullptr || config.integers({"axis"}).empty();
  if (!for_all) {
    std::vector<std::int64_t> const axes = config.integers({"axis"});
    VALIDATE(
        axes.size() == 1 && (axes[0] == -1 || axes[0] == static_cast<std::int64_t>(in.size())),
        layer.where() << ": it normalises along other axes than the last (sonde has one scale per unit). Use axis -1.");
  } else {
    units = 1;
  }
  VALIDATE(!config.flag({"invert"}, false),
           layer.where() << ": invert is set (sonde does not support it). Use a Rescaling layer.");
  std::vector<float> mean, variance;
  if (config.find({"mean"})) {
    mean = per_unit_setting(layer, {"mean"}, 0);
    variance = per_unit_setting(layer, {"variance"}, 1);
    VALIDATE(mean.size() == variance.size(), layer.where()
                                                 << ": mean and variance differ in size (there is one each per unit). "
                                                 << "Check the architecture.");
  } else {
    Shape const stored = for_all ? Shape{} : Shape{units};
    Weights const first = layer.weight(0, "mean", stored);
    Weights const second = layer.weight(1, "variance", stored);
    mean.assign(first->data.data(), first->data.data() + units);
    variance.assign(second->data.data(), second->data.data() + units);
  }
  layer.ignore_further_weights();  // the number of rows it was adapted to
  std::vector<float> scale, shift;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    double const factor = 1.0 / std::max(std::sqrt(static_cast<double>(variance[i])), 1e-7);
    scale.push_back(static_cast<float>(factor));
    shift.push_back(static_cast<float>(-mean[i] * factor));
  }
  return layer.add(ScaleShift{make_vector(scale), make_vector(shift)}, {layer.input()});
}

}  // namespace

std::vector<LayerKind> core_layers() {
  return {{"Dense", dense},
          {"BatchNormalization", batch_normalization},
          {"Flatten", flatten, false},
          {"Reshape", reshape, false},
          {"Permute", permute, false},
          {"Dropout", pass_through},
          {"SpatialDropout1D", pass_through},
          {"SpatialDropout2D", pass_through},
          {"AlphaDropout", pass_through},
          {"GaussianDropout", pass_through},
          {"GaussianNoise", pass_through},
          {"ActivityRegularization", pass_through},
          {"RandomFlip", pass_through},
          {"RandomRotation", pass_through},
          {"RandomZoom", pass_through},
          {"RandomTranslation", pass_through},
          {"RandomContrast", pass_through},
          {"Lambda", lambda},
          {"Rescaling", rescaling},
          {"Normalization", normalization}};
}

}  // namespace sonde::io::keras
