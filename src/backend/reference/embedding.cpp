// Row round(id) of a table for each id; NaN for an id the table has no row for. Ids have no gradient: it is 0.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Embedding : public SampleOp {
 public:
  Embedding(io::Embedding const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), op_(op), ids_(op.table->shape[0]), width_(op.table->shape[1]) {}

 private:
  void forward_sample(float const* x, float* y) const override {
    for (std::int64_t i = 0; i < input_volume(); ++i) {
      float const id = std::round(x[i]);
      if (id >= 0 && id < static_cast<float>(ids_)) {
        std::copy_n(op_.table->data.data() + static_cast<std::int64_t>(id) * width_, width_, y + i * width_);
      } else {
        std::fill_n(y + i * width_, width_, std::numeric_limits<float>::quiet_NaN());
      }
    }
  }

  void backward_sample(float const*, float const*, float const*, double*) const override {}

  io::Embedding op_;
  std::int64_t ids_, width_;
};

}  // namespace

OperatorPtr make_embedding(io::Embedding const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Embedding>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
