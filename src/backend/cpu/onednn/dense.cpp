#include "backend/cpu/onednn/layout.hpp"
#include "backend/cpu/onednn/matmul.hpp"
#include "backend/cpu/onednn/ops.hpp"

namespace sonde::backend::onednn {
namespace {

class Dense : public Operator {
 public:
  Dense(std::shared_ptr<Library> library, io::Weights weights, io::Weights bias, io::Activation const& f,
        MatmulShape shape)
      : library_(std::move(library)), weights_(std::move(weights)), bias_(std::move(bias)), f_(f), shape_(shape) {
    ScratchPlan scratch;
    forward_ = make_matmul(*library_, shape, weights_, bias_, f, scratch);
    shape.transposed = true;
    backward_ = make_matmul(*library_, shape, weights_, nullptr, {}, scratch);
    dz_at_ = scratch.add(static_cast<std::size_t>(shape.rows * shape.units) * sizeof(float));
    dx_at_ = scratch.add(static_cast<std::size_t>(shape.rows * shape.inputs) * sizeof(float));
    library_->need_scratch(scratch.size());
  }

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    forward_.set(DNNL_ARG_SRC, x[0]);
    forward_.set(DNNL_ARG_DST, y);
    forward_.run(library_queue(queue));
  }

  void backward(Queue& queue, std::span<float const* const>, float const* y, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) override {
    if (modes[0] == GradientMode::skip) return;
    std::byte* const scratch = library_queue(queue).scratch();
    auto* const dz = reinterpret_cast<float*>(scratch + dz_at_);
    bool const linear = f_.function == io::Function::identity;
    if (!linear) activation_gradient(f_, {1, shape_.rows, shape_.units, shape_.units}, y, dy, dz);
    bool const direct = modes[0] == GradientMode::overwrite;
    auto* const target = direct ? dx[0] : reinterpret_cast<float*>(scratch + dx_at_);
    backward_.set(DNNL_ARG_SRC, linear ? dy : dz);
    backward_.set(DNNL_ARG_DST, target);
    backward_.run(library_queue(queue));
    if (!direct) to_rows({1, shape_.rows, shape_.inputs, shape_.inputs}, target, modes[0], dx[0]);
  }

 private:
  std::shared_ptr<Library> library_;
  io::Weights weights_, bias_;
  io::Activation f_;
  MatmulShape shape_;
  Call forward_, backward_;
  std::size_t dz_at_ = 0, dx_at_ = 0;  // scratch: gradient before the activation, and of the input
};

}  // namespace

OperatorPtr make_dense(std::shared_ptr<Library> library, io::Weights weights, io::Weights bias, io::Activation const& f,
                       std::int64_t rows, std::int64_t inputs, std::int64_t units) {
  return std::make_unique<Dense>(std::move(library), std::move(weights), std::move(bias), f,
                                 MatmulShape{rows, inputs, units, false});
}

}  // namespace sonde::backend::onednn
