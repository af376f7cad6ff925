#include "backend/cpu/onednn/convolution_gradient.hpp"
#include "backend/cpu/onednn/layout.hpp"
#include "backend/cpu/onednn/matmul.hpp"
#include "backend/cpu/onednn/ops.hpp"

namespace sonde::backend::onednn {
namespace {

using Tag = dnnl::memory::format_tag;

dnnl::convolution_forward::primitive_desc forward_plan(Library const& library, ConvolutionPlan const& plan, Tag tag) {
  io::Window const& w = plan.op.window;
  Desc const x = floats({plan.batch, plan.in[2], plan.in[0], plan.in[1]}, tag);
  Desc const y = floats({plan.batch, plan.out[2], plan.out[0], plan.out[1]}, tag);
  Desc const bias = plan.op.bias ? floats({plan.out[2]}, Tag::a) : Desc();
  dnnl::convolution_forward::desc const desc(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x,
                                             any_weights(plan.op, plan.in, plan.out), bias, y, {w.stride_y, w.stride_x},
                                             {w.dilation_y - 1, w.dilation_x - 1}, {w.top, w.left},
                                             {w.bottom, w.right});
  return {desc, attributes(plan.f), library.engine()};
}

/// With many channels the library is up to 1.5 times faster in its own layout (AVX2), which pays for the copies unless
/// the output is much larger than the input.
bool prefers_own_layout(ConvolutionPlan const& plan) {
  return plan.op.groups == 1 && plan.in[2] >= 64 && plan.out[2] <= 2 * plan.in[2];
}

class Convolution : public Operator {
 public:
  Convolution(std::shared_ptr<Library> library, ConvolutionPlan const& plan)
      : library_(std::move(library)), op_(plan.op) {
    ScratchPlan scratch;
    plan_forward(plan, scratch);
    bool const few_channels = op_.groups == 1 && plan.in[2] < 8;
    gradient_ =
        few_channels ? make_window_gradient(*library_, plan, scratch) : make_library_gradient(*library_, plan, scratch);
    library_->need_scratch(scratch.size());
  }

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    std::byte* const scratch = library_queue(queue).scratch();
    auto* const own_x = reinterpret_cast<float*>(scratch + x_at_);
    auto* const own_y = reinterpret_cast<float*>(scratch + y_at_);
    if (!x_.row_major()) from_rows(x_, x[0], own_x);
    forward_.set(DNNL_ARG_SRC, x_.row_major() ? x[0] : own_x);
    forward_.set(DNNL_ARG_DST, y_.row_major() ? y : own_y);
    forward_.run(library_queue(queue));
    if (!y_.row_major()) to_rows(y_, own_y, GradientMode::overwrite, y);
  }

  void backward(Queue& queue, std::span<float const* const>, float const* y, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) override {
    if (modes[0] != GradientMode::skip) gradient_->run(library_queue(queue), y, dy, modes[0], dx[0]);
  }

 private:
  void plan_forward(ConvolutionPlan const& plan, ScratchPlan& scratch) {
    auto forward = forward_plan(*library_, plan, prefers_own_layout(plan) ? Tag::any : Tag::nhwc);
    if (block_of(forward.src_desc()) == 0 || block_of(forward.dst_desc()) == 0)
      forward = forward_plan(*library_, plan, Tag::nhwc);
    x_ = {plan.batch, plan.in[0] * plan.in[1], plan.in[2], block_of(forward.src_desc())};
    y_ = {plan.batch, plan.out[0] * plan.out[1], plan.out[2], block_of(forward.dst_desc())};
    if (!x_.row_major()) x_at_ = scratch.add(x_.size() * sizeof(float));
    if (!y_.row_major()) y_at_ = scratch.add(y_.size() * sizeof(float));
    std::vector<std::pair<int, dnnl::memory>> arguments{
        {DNNL_ARG_SRC, unset(forward.src_desc(), *library_)},
        {DNNL_ARG_WEIGHTS,
         library_->packed(op_.weights, given_weights(op_, plan.in, plan.out), forward.weights_desc())},
        {DNNL_ARG_DST, unset(forward.dst_desc(), *library_)}};
    if (op_.bias)
      arguments.emplace_back(DNNL_ARG_BIAS, library_->packed(op_.bias, forward.bias_desc(), forward.bias_desc()));
    forward_ = Call(dnnl::convolution_forward(forward), std::move(arguments), forward.scratchpad_desc(), scratch);
  }

  std::shared_ptr<Library> library_;
  io::Conv2d op_;  // keeps the weights
  Blocked x_, y_;  // the layouts the forward pass runs in
  std::size_t x_at_ = 0, y_at_ = 0;
  Call forward_;
  std::unique_ptr<ConvolutionGradient> gradient_;
};

bool is_matrix_product(io::Conv2d const& op) {
  io::Window const& w = op.window;
  return op.groups == 1 && w.height == 1 && w.width == 1 && w.stride_y == 1 && w.stride_x == 1 &&
         w.top + w.left + w.bottom + w.right == 0;
}

}  // namespace

Desc given_weights(io::Conv2d const& op, Shape const& in, Shape const& out) {
  std::int64_t const groups = op.groups, channels = in[2] / groups, units = out[2] / groups;
  std::int64_t const row = op.window.width * channels * out[2], column = channels * out[2];
  if (groups == 1) return floats({units, channels, op.window.height, op.window.width}, Dims{1, out[2], row, column});
  return floats({groups, units, channels, op.window.height, op.window.width}, Dims{units, 1, out[2], row, column});
}

std::int64_t block_of(Desc const& desc) {
  for (auto const& [tag, block] : {std::pair{Tag::nhwc, desc.dims()[1]}, {Tag::nChw8c, 8}, {Tag::nChw16c, 16}}) {
    if (desc == floats(desc.dims(), tag)) return block;
  }
  return 0;
}

Desc any_weights(io::Conv2d const& op, Shape const& in, Shape const& out) {
  return floats(given_weights(op, in, out).dims(), Tag::any);
}

OperatorPtr make_convolution(std::shared_ptr<Library> library, io::Conv2d const& op, io::Activation const& f,
                             Shape const& in, Shape const& out, std::int64_t batch) {
  if (is_matrix_product(op)) {
    return make_dense(std::move(library), op.weights, op.bias, f, batch * in[0] * in[1], in[2], out[2]);
  }
  return std::make_unique<Convolution>(std::move(library), ConvolutionPlan{op, f, in, out, batch});
}

}  // namespace sonde::backend::onednn
