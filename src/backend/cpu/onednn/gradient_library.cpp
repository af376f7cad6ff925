#include "backend/cpu/onednn/convolution_gradient.hpp"
#include "backend/cpu/onednn/layout.hpp"
#include "backend/cpu/onednn/matmul.hpp"

namespace sonde::backend::onednn {
namespace {

using Tag = dnnl::memory::format_tag;

dnnl::convolution_backward_data::primitive_desc backward_plan(Library const& library, ConvolutionPlan const& plan,
                                                              Tag tag) {
  io::Window const& w = plan.op.window;
  Desc const x = floats({plan.batch, plan.in[2], plan.in[0], plan.in[1]}, tag);
  Desc const y = floats({plan.batch, plan.out[2], plan.out[0], plan.out[1]}, tag);
  Desc const weights = any_weights(plan.op, plan.in, plan.out);
  Dims const strides{w.stride_y, w.stride_x}, dilation{w.dilation_y - 1, w.dilation_x - 1};
  Dims const before{w.top, w.left}, after{w.bottom, w.right};
  auto const direct = dnnl::algorithm::convolution_direct;
  dnnl::convolution_forward::desc const forward(dnnl::prop_kind::forward_training, direct, x, weights, y, strides,
                                                dilation, before, after);
  dnnl::convolution_forward::primitive_desc const hint(forward, library.engine());
  dnnl::convolution_backward_data::desc const desc(direct, x, weights, y, strides, dilation, before, after);
  return {desc, attributes({}), library.engine(), hint};
}

class LibraryGradient : public ConvolutionGradient {
 public:
  LibraryGradient(Library& library, ConvolutionPlan const& plan, ScratchPlan& scratch) : f_(plan.f) {
    auto backward = backward_plan(library, plan, Tag::any);
    if (block_of(backward.diff_src_desc()) == 0 || block_of(backward.diff_dst_desc()) == 0) {
      backward = backward_plan(library, plan, Tag::nhwc);
    }
    x_ = {plan.batch, plan.in[0] * plan.in[1], plan.in[2], block_of(backward.diff_src_desc())};
    y_ = {plan.batch, plan.out[0] * plan.out[1], plan.out[2], block_of(backward.diff_dst_desc())};
    call_ = Call(dnnl::convolution_backward_data(backward),
                 {{DNNL_ARG_DIFF_SRC, unset(backward.diff_src_desc(), library)},
                  {DNNL_ARG_WEIGHTS,
                   library.packed(plan.op.weights, given_weights(plan.op, plan.in, plan.out), backward.weights_desc())},
                  {DNNL_ARG_DIFF_DST, unset(backward.diff_dst_desc(), library)}},
                 backward.scratchpad_desc(), scratch);
    dz_at_ = scratch.add(y_.size() * sizeof(float));
    dx_at_ = scratch.add(x_.size() * sizeof(float));
  }

  void run(LibraryQueue& queue, float const* y, float const* dy, GradientMode mode, float* dx) override {
    auto* const dz = reinterpret_cast<float*>(queue.scratch() + dz_at_);
    bool const as_it_is = y_.row_major() && f_.function == io::Function::identity;
    if (!as_it_is) activation_gradient(f_, y_, y, dy, dz);
    bool const direct = x_.row_major() && mode == GradientMode::overwrite;
    auto* const target = direct ? dx : reinterpret_cast<float*>(queue.scratch() + dx_at_);
    call_.set(DNNL_ARG_DIFF_DST, as_it_is ? dy : dz);
    call_.set(DNNL_ARG_DIFF_SRC, target);
    call_.run(queue);
    if (!direct) to_rows(x_, target, mode, dx);
  }

 private:
  io::Activation f_;
  Blocked x_, y_;  // the library's layouts of the two gradients
  Call call_;
  std::size_t dz_at_ = 0, dx_at_ = 0;
};

}  // namespace

std::unique_ptr<ConvolutionGradient> make_library_gradient(Library& library, ConvolutionPlan const& plan,
                                                           ScratchPlan& scratch) {
  return std::make_unique<LibraryGradient>(library, plan, scratch);
}

}  // namespace sonde::backend::onednn
