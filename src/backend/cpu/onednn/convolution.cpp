#include "backend/cpu/onednn/convolution_gradient.hpp"
#include "backend/cpu/onednn/matmul.hpp"
#include "backend/cpu/onednn/ops.hpp"

namespace sonde::backend::onednn {
namespace {

using Tag = dnnl::memory::format_tag;

dnnl::convolution_forward::primitive_desc forward_plan(Library const& library, ConvolutionPlan const& plan) {
  io::Window const& w = plan.op.window;
  Desc const x = floats({plan.batch, plan.in[2], plan.in[0], plan.in[1]}, Tag::nhwc);
  Desc const y = floats({plan.batch, plan.out[2], plan.out[0], plan.out[1]}, Tag::nhwc);
  Desc const bias = plan.op.bias ? floats({plan.out[2]}, Tag::a) : Desc();
  dnnl::convolution_forward::desc const desc(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x,
                                             any_weights(plan.op, plan.in, plan.out), bias, y, {w.stride_y, w.stride_x},
                                             {w.dilation_y - 1, w.dilation_x - 1}, {w.top, w.left}, {w.bottom, w.right});
  return {desc, attributes(plan.f), library.engine()};
}

class Convolution : public Operator {
 public:
  Convolution(std::shared_ptr<Library> library, ConvolutionPlan const& plan) : library_(std::move(library)), op_(plan.op) {
    ScratchPlan scratch;
    auto const forward = forward_plan(*library_, plan);
    std::vector<std::pair<int, dnnl::memory>> arguments{
        {DNNL_ARG_SRC, unset(forward.src_desc(), *library_)},
        {DNNL_ARG_WEIGHTS, library_->packed(op_.weights, given_weights(op_, plan.in, plan.out), forward.weights_desc())},
        {DNNL_ARG_DST, unset(forward.dst_desc(), *library_)}};
    if (op_.bias) arguments.emplace_back(DNNL_ARG_BIAS, library_->packed(op_.bias, forward.bias_desc(), forward.bias_desc()));
    forward_ = Call(dnnl::convolution_forward(forward), std::move(arguments), forward.scratchpad_desc(), scratch);
    bool const few_channels = op_.groups == 1 && plan.in[2] < 8;
    gradient_ = few_channels ? make_window_gradient(*library_, plan, scratch) : make_library_gradient(*library_, plan, scratch);
    library_->need_scratch(scratch.size());
  }

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    forward_.set(DNNL_ARG_SRC, x[0]);
    forward_.set(DNNL_ARG_DST, y);
    forward_.run(library_queue(queue));
  }

  void backward(Queue& queue, std::span<float const* const>, float const* y, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    if (modes[0] != GradientMode::skip) gradient_->run(library_queue(queue), y, dy, modes[0], dx[0]);
  }

 private:
  std::shared_ptr<Library> library_;
  io::Conv2d op_;  // keeps the weights
  Call forward_;
  std::unique_ptr<ConvolutionGradient> gradient_;
};

bool is_matrix_product(io::Conv2d const& op) {
  io::Window const& w = op.window;
  return op.groups == 1 && w.height == 1 && w.width == 1 && w.stride_y == 1 && w.stride_x == 1 && w.top + w.left + w.bottom + w.right == 0;
}

}  // namespace

Desc given_weights(io::Conv2d const& op, Shape const& in, Shape const& out) {
  std::int64_t const groups = op.groups, channels = in[2] / groups, units = out[2] / groups;
  std::int64_t const row = op.window.width * channels * out[2], column = channels * out[2];
  if (groups == 1) return floats({units, channels, op.window.height, op.window.width}, Dims{1, out[2], row, column});
  return floats({groups, units, channels, op.window.height, op.window.width}, Dims{units, 1, out[2], row, column});
}

Desc any_weights(io::Conv2d const& op, Shape const& in, Shape const& out) {
  return floats(given_weights(op, in, out).dims(), Tag::any);
}

OperatorPtr make_convolution(std::shared_ptr<Library> library, io::Conv2d const& op, io::Activation const& f, Shape const& in,
                             Shape const& out, std::int64_t batch) {
  if (is_matrix_product(op)) {
    return make_dense(std::move(library), op.weights, op.bias, f, batch * in[0] * in[1], in[2], out[2]);
  }
  return std::make_unique<Convolution>(std::move(library), ConvolutionPlan{op, f, in, out, batch});
}

}  // namespace sonde::backend::onednn
