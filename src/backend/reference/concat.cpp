// Inputs joined along one axis: blocks of contiguous elements, taken from the inputs in turn.
#include <algorithm>

#include "backend/reference/ops.hpp"

namespace sonde::backend::reference {
namespace {

class Concat : public Operator {
 public:
  Concat(io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch) {
    auto const axis = out.begin() + op.axis;
    blocks_ = batch * volume(Shape(out.begin(), axis));
    for (Shape const& input : inputs) sizes_.push_back(volume(Shape(input.begin() + op.axis, input.end())));
    total_ = volume(Shape(axis, out.end()));
  }

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < sizes_.size(); offset += sizes_[i++]) {
      for (std::int64_t block = 0; block < blocks_; ++block) {
        std::copy_n(x[i] + block * sizes_[i], sizes_[i], y + block * total_ + offset);
      }
    }
  }

  void backward(Queue&, std::span<float const* const>, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < sizes_.size(); offset += sizes_[i++]) {
      if (modes[i] == GradientMode::skip) continue;
      for (std::int64_t block = 0; block < blocks_; ++block) {
        float const* const from = dy + block * total_ + offset;
        float* const to = dx[i] + block * sizes_[i];
        if (modes[i] == GradientMode::overwrite) {
          std::copy_n(from, sizes_[i], to);
        } else {
          for (std::int64_t k = 0; k < sizes_[i]; ++k) to[k] += from[k];
        }
      }
    }
  }

 private:
  std::int64_t blocks_, total_;      // blocks of the output, elements in each
  std::vector<std::int64_t> sizes_;  // elements each input gives to a block
};

}  // namespace

OperatorPtr make_concat(io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch) {
  return std::make_unique<Concat>(op, inputs, out, batch);
}

}  // namespace sonde::backend::reference
