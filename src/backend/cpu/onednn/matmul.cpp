#include "backend/cpu/onednn/matmul.hpp"

namespace sonde::backend::onednn {

dnnl::primitive_attr attributes(io::Activation const& f) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (f.function == io::Function::relu) after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
  if (f.function == io::Function::leaky_relu) after.append_eltwise(1, dnnl::algorithm::eltwise_relu, f.alpha, 0);
  if (f.function == io::Function::relu_capped) after.append_eltwise(1, dnnl::algorithm::eltwise_clip, 0, f.alpha);
  attr.set_post_ops(after);
  return attr;
}

Call make_matmul(Library& library, MatmulShape const& shape, io::Weights const& weights, io::Weights const& bias,
                 io::Activation const& f, ScratchPlan& scratch) {
  using Tag = dnnl::memory::format_tag;
  std::int64_t const inputs = shape.transposed ? shape.units : shape.inputs;
  std::int64_t const units = shape.transposed ? shape.inputs : shape.units;
  Desc const x = floats({shape.rows, inputs}, Tag::ab), y = floats({shape.rows, units}, Tag::ab);
  Desc const given = floats({inputs, units}, shape.transposed ? Dims{1, inputs} : Dims{units, 1});
  Desc const b = floats({1, units}, Tag::ab), w = floats({inputs, units}, Tag::any);
  auto const desc = bias ? dnnl::matmul::desc(x, w, b, y) : dnnl::matmul::desc(x, w, y);
  dnnl::matmul::primitive_desc const plan(desc, attributes(f), library.engine());
  std::vector<std::pair<int, dnnl::memory>> arguments{
      {DNNL_ARG_SRC, unset(x, library)},
      {DNNL_ARG_WEIGHTS, library.packed(weights, given, plan.weights_desc())},
      {DNNL_ARG_DST, unset(y, library)}};
  if (bias) arguments.emplace_back(DNNL_ARG_BIAS, library.packed(bias, b, b));
  return {dnnl::matmul(plan), std::move(arguments), plan.scratchpad_desc(), scratch};
}

}  // namespace sonde::backend::onednn
