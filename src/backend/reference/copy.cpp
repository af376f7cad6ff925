// y = x: inputs, and reshapes of row-major tensors.
#include <algorithm>

#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Copy : public SampleOp {
 public:
  Copy(Shape const& in, std::int64_t batch) : SampleOp(in, in, batch) {}

 private:
  void forward_sample(float const* x, float* y) const override { std::copy_n(x, input_volume(), y); }
  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    std::copy_n(dy, input_volume(), dx);
  }
};

}  // namespace

OperatorPtr make_copy(Shape const& in, std::int64_t batch) { return std::make_unique<Copy>(in, batch); }

}  // namespace sonde::backend::reference
