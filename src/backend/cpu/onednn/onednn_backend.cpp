#include "backend/cpu/onednn/onednn_backend.hpp"

#include "backend/cpu/onednn/layout.hpp"
#include "backend/cpu/onednn/ops.hpp"
#include "backend/reference/ops.hpp"
#include "backend/threads.hpp"

namespace sonde::backend {
namespace {

using onednn::OperatorPtr;

/// Plans the ops this backend does itself; null for the others.
struct Plan {
  std::shared_ptr<onednn::Library> const& library;
  io::Activation const& f;
  std::vector<Shape> const& inputs;
  Shape const& output;
  std::int64_t batch;

  OperatorPtr operator()(io::Conv2d const& op) const {
    return onednn::make_convolution(library, op, f, inputs[0], output, batch);
  }
  OperatorPtr operator()(io::Dense const& op) const {
    std::int64_t const units = unit_count(output);
    return onednn::make_dense(library, op.weights, op.bias, f, volume(output) / units * batch, unit_count(inputs[0]),
                              units);
  }
  OperatorPtr operator()(io::Recurrent const& op) const {
    return onednn::make_recurrent(library, op, inputs[0], batch);
  }
  OperatorPtr operator()(io::Pool const& op) const { return onednn::make_pool(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::Activation const& op) const { return onednn::make_activation(op, output, batch); }
  OperatorPtr operator()(io::ScaleShift const& op) const { return onednn::make_scale_shift(op, output, batch); }
  OperatorPtr operator()(io::Binary const& op) const {
    bool const plain = op.function == io::BinaryFunction::add && !op.constant && inputs[0] == inputs[1];
    return plain ? onednn::make_add(output, batch) : nullptr;
  }
  OperatorPtr operator()(io::Input const&) const { return onednn::make_copy(output, batch); }
  OperatorPtr operator()(io::Reshape const&) const { return onednn::make_copy(output, batch); }
  template <class Other>
  OperatorPtr operator()(Other const&) const {
    return nullptr;
  }
};

}  // namespace

OneDnnBackend::OneDnnBackend() : library_(std::make_shared<onednn::Library>()) {}

std::unique_ptr<Queue> OneDnnBackend::make_queue() const { return std::make_unique<onednn::LibraryQueue>(library_); }

std::unique_ptr<Operator> OneDnnBackend::plan(io::Op const& op, io::Activation const& fused,
                                              std::vector<Shape> const& inputs, Shape const& output,
                                              std::int64_t batch) const {
  use_one_thread();  // plans depend on the number of threads too
  if (!onednn::derivative_from_output(fused)) {
    return reference::make_fused(plan(op, {}, inputs, output, batch), fused, output, batch);
  }
  try {
    if (OperatorPtr planned = std::visit(Plan{library_, fused, inputs, output, batch}, op)) return planned;
  } catch (dnnl::error const&) {
    // The library refuses some rare windows, such as paddings larger than the kernel.
  }
  return ReferenceBackend::plan(op, fused, inputs, output, batch);
}

}  // namespace sonde::backend
