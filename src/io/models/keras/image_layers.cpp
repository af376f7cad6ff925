// Keras layers that work on images (H, W, C): convolutions, pooling, padding and cropping.
#include <algorithm>

#include "base/check.hpp"
#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {
namespace {

/// Padding before and after one axis so that the output has ceil(extent / stride) elements: the larger half goes after.
void pad_same(std::int64_t extent, std::int64_t size, std::int64_t stride, std::int64_t dilation, std::int64_t& before,
              std::int64_t& after) {
  std::int64_t const reach = dilation * (size - 1) + 1;
  std::int64_t const outputs = (extent + stride - 1) / stride;
  std::int64_t const missing = std::max<std::int64_t>((outputs - 1) * stride + reach - extent, 0);
  before = missing / 2;
  after = missing - before;
}

/// Fills in the padding of `window` as the setting "padding" says (Keras 1: border_mode).
void set_padding(Layer const& layer, Window& window) {
  constexpr std::int64_t limit = 65536;  // beyond any image: loops over a window stay short
  for (std::int64_t extent :
       {window.height, window.width, window.stride_y, window.stride_x, window.dilation_y, window.dilation_x}) {
    VALIDATE(extent > 0 && extent <= limit, layer.where()
                                                << ": its window, stride or dilation is " << extent << " (1 to "
                                                << limit << " are supported). Check the architecture.");
  }
  std::string const padding = layer.config().text({"padding", "border_mode"}, "valid");
  VALIDATE(
      padding == "valid" || padding == "same",
      layer.where() << ": padding '" << padding << "' is not supported (only valid and same are). Use ZeroPadding2D.");
  if (padding == "valid") return;
  Shape const& in = layer.image_shape();
  pad_same(in[0], window.height, window.stride_y, window.dilation_y, window.top, window.bottom);
  pad_same(in[1], window.width, window.stride_x, window.dilation_x, window.left, window.right);
}

/// Kernel size, strides, dilation and padding of a convolution. Keras 1: nb_row and nb_col, subsample, atrous_rate.
Window convolution_window(Layer const& layer) {
  LayerConfig const& config = layer.config();
  VALIDATE(!layer.context().theano,
           layer.where()
               << ": the model was saved under Theano (which turns kernels round). Load and save it under TensorFlow.");
  Window window;
  if (config.find({"kernel_size"})) {
    auto const [height, width] = config.pair({"kernel_size"});
    window.height = height;
    window.width = width;
  } else {
    window.height = config.integer({"nb_row"});
    window.width = config.integer({"nb_col"});
  }
  auto const [stride_y, stride_x] = config.pair({"strides", "subsample"}, {1, 1});
  auto const [dilation_y, dilation_x] = config.pair({"dilation_rate", "atrous_rate"}, {1, 1});
  window.stride_y = stride_y;
  window.stride_x = stride_x;
  window.dilation_y = dilation_y;
  window.dilation_x = dilation_x;
  set_padding(layer, window);
  return window;
}

bool has_bias(Layer const& layer) { return layer.config().flag({"use_bias", "bias"}, true); }

int conv2d(Layer& layer) {
  std::int64_t const channels = layer.image_shape()[2];
  std::int64_t const filters = layer.config().integer({"filters", "nb_filter"});
  Conv2d op;
  op.window = convolution_window(layer);
  op.groups = layer.config().integer({"groups"}, 1);
  VALIDATE(op.groups > 0, layer.where() << ": " << op.groups
                                        << " groups have no meaning (there is at least one). Check the architecture.");
  op.weights = layer.weight(0, "kernel", {op.window.height, op.window.width, channels / op.groups, filters});
  if (has_bias(layer)) op.bias = layer.weight(1, "bias", {filters});
  return activate(layer, layer.add(std::move(op), layer.inputs()));
}

/// The depthwise part of a layer. Keras stores (height, width, C, multiplier), output c * multiplier + m from channel
/// c: in memory that is a convolution in C groups, (height, width, 1, C * multiplier).
Conv2d depthwise_part(Layer& layer) {
  std::int64_t const channels = layer.image_shape()[2];
  std::int64_t const multiplier = layer.config().integer({"depth_multiplier"}, 1);
  Conv2d op;
  op.window = convolution_window(layer);
  op.groups = channels;
  Weights const kernel = layer.weight(0, "depthwise kernel", {op.window.height, op.window.width, channels, multiplier});
  auto grouped = std::make_shared<Tensor>(Shape{op.window.height, op.window.width, 1, channels * multiplier});
  std::ranges::copy(kernel->data.span(), grouped->data.data());
  op.weights = std::move(grouped);
  return op;
}

int depthwise_conv2d(Layer& layer) {
  Conv2d op = depthwise_part(layer);
  if (has_bias(layer)) op.bias = layer.weight(1, "bias", {op.weights->shape[3]});
  return activate(layer, layer.add(std::move(op), layer.inputs()));
}

int separable_conv2d(Layer& layer) {
  std::int64_t const filters = layer.config().integer({"filters", "nb_filter"});
  Conv2d depthwise = depthwise_part(layer);
  Conv2d pointwise;
  pointwise.weights = layer.weight(1, "pointwise kernel", {1, 1, depthwise.weights->shape[3], filters});
  if (has_bias(layer)) pointwise.bias = layer.weight(2, "bias", {filters});
  int const middle = layer.add(std::move(depthwise), layer.inputs(), "depthwise");
  return activate(layer, layer.add(std::move(pointwise), {middle}));
}

int pool(Layer& layer, PoolKind kind) {
  LayerConfig const& config = layer.config();
  auto const [height, width] = config.pair({"pool_size"}, {2, 2});
  auto const [stride_y, stride_x] = config.pair({"strides"}, {height, width});
  Pool op;
  op.kind = kind;
  op.window.height = height;
  op.window.width = width;
  op.window.stride_y = stride_y;
  op.window.stride_x = stride_x;
  set_padding(layer, op.window);
  return layer.add(op, {layer.input()});
}

int max_pooling2d(Layer& layer) { return pool(layer, PoolKind::max); }
int average_pooling2d(Layer& layer) { return pool(layer, PoolKind::average); }

int global_average_pooling2d(Layer& layer) {
  layer.image_shape();
  bool const keep = layer.config().flag({"keepdims"}, false);
  return layer.add(ReduceMean{{0, 1}, keep}, {layer.input()});
}

int global_max_pooling2d(Layer& layer) {
  Shape const in = layer.image_shape();
  Pool op;
  op.window.height = in[0];
  op.window.width = in[1];
  if (layer.config().flag({"keepdims"}, false)) return layer.add(op, {layer.input()});
  int const pooled = layer.add(op, {layer.input()}, "pool");
  return layer.add(Reshape{{in[2]}}, {pooled});
}

/// Top, bottom, left, right from n, (n, m) or ((top, bottom), (left, right)).
std::array<std::int64_t, 4> borders(Layer const& layer, LayerConfig::Names names) {
  std::vector<std::int64_t> const given = layer.config().integers(names);
  bool const fits = given.size() == 1 || given.size() == 2 || given.size() == 4;
  for (std::int64_t border : given) {
    VALIDATE(fits && border >= 0, layer.where()
                                      << ": its borders are not 1, 2 or 4 numbers from 0 up. Check the architecture.");
  }
  VALIDATE(fits, layer.where() << ": its borders are missing. Check the architecture.");
  if (given.size() == 4) return {given[0], given[1], given[2], given[3]};
  return {given.front(), given.front(), given.back(), given.back()};
}

int zero_padding2d(Layer& layer) {
  layer.image_shape();
  auto const [top, bottom, left, right] = borders(layer, {"padding"});
  return layer.add(Pad{{top, left, 0}, {bottom, right, 0}, 0}, {layer.input()});
}

int cropping2d(Layer& layer) {
  layer.image_shape();
  auto const [top, bottom, left, right] = borders(layer, {"cropping"});
  return layer.add(Pad{{-top, -left, 0}, {-bottom, -right, 0}, 0}, {layer.input()});
}

}  // namespace

std::vector<LayerKind> image_layers() {
  return {{"Conv2D", conv2d},
          {"Convolution2D", conv2d},
          {"AtrousConv2D", conv2d},
          {"AtrousConvolution2D", conv2d},
          {"DepthwiseConv2D", depthwise_conv2d},
          {"SeparableConv2D", separable_conv2d},
          {"SeparableConvolution2D", separable_conv2d},
          {"MaxPooling2D", max_pooling2d},
          {"AveragePooling2D", average_pooling2d},
          {"GlobalMaxPooling2D", global_max_pooling2d},
          {"GlobalAveragePooling2D", global_average_pooling2d},
          {"ZeroPadding2D", zero_padding2d},
          {"Cropping2D", cropping2d}};
}

}  // namespace sonde::io::keras
