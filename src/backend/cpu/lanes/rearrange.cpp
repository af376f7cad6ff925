// Ops that only move elements: copy, transpose, pad or crop, concatenate.
#include <algorithm>
#include <numeric>

#include "backend/cpu/lanes/layout.hpp"
#include "backend/cpu/lanes/ops.hpp"
#include "backend/reference/index.hpp"

namespace sonde::backend::lanes {
namespace {

using reference::offsets;
using reference::strides;

/// Elements x to x + length of an input become y to y + length of the output.
struct Run {
  std::int64_t x, y, length;
};

/// One input: the elements of it that go to the output, as few runs as they make.
struct Source {
  Source(Shape const& shape, std::vector<std::int64_t> const& at_x, std::vector<std::int64_t> const& at_y)
      : size(block_size(shape)) {
    for (std::size_t i = 0; i < at_x.size(); ++i) {
      bool const next = !runs.empty() && at_x[i] == runs.back().x + runs.back().length &&
                        at_y[i] == runs.back().y + runs.back().length;
      if (next) {
        ++runs.back().length;
      } else {
        runs.push_back({at_x[i], at_y[i], 1});
      }
    }
  }

  std::int64_t size;  // floats of a block
  std::vector<Run> runs;
};

class Rearrange final : public Operator {
 public:
  Rearrange(std::vector<Source> sources, Shape const& out, std::int64_t batch, float fill = 0)
      : sources_(std::move(sources)), out_(block_size(out)), blocks_(block_count(batch)), fill_(fill) {}

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    for (std::int64_t b = 0; b < blocks_; ++b) {
      if (moved() < out_) std::fill_n(y + b * out_, out_, fill_);
      for (std::size_t s = 0; s < sources_.size(); ++s) {
        float const* const from = x[s] + b * sources_[s].size;
        for (Run const& run : sources_[s].runs) {
          std::copy_n(from + run.x * kLanes, run.length * kLanes, y + b * out_ + run.y * kLanes);
        }
      }
    }
  }

  void backward(Queue&, std::span<float const* const>, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      if (modes[s] == GradientMode::skip) continue;
      std::int64_t const size = sources_[s].size;
      if (modes[s] == GradientMode::overwrite) std::fill_n(dx[s], blocks_ * size, 0.0F);
      for (std::int64_t b = 0; b < blocks_; ++b) {
        for (Run const& run : sources_[s].runs) {
          float const* const from = dy + b * out_ + run.y * kLanes;
          float* const to = dx[s] + b * size + run.x * kLanes;
          for (std::int64_t i = 0; i < run.length * kLanes; ++i) to[i] += from[i];
        }
      }
    }
  }

 private:
  /// Floats of an output block that come from an input.
  std::int64_t moved() const {
    std::int64_t count = 0;
    for (Source const& source : sources_) {
      for (Run const& run : source.runs) count += run.length * kLanes;
    }
    return count;
  }

  std::vector<Source> sources_;
  std::int64_t out_, blocks_;
  float fill_;
};

std::vector<std::int64_t> in_order(std::int64_t size) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(size));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

}  // namespace

OperatorPtr make_copy(Shape const& in, Shape const& out, std::int64_t batch) {
  std::vector<std::int64_t> const all = in_order(volume(in));
  return std::make_unique<Rearrange>(std::vector{Source(in, all, all)}, out, batch);
}

OperatorPtr make_transpose(io::Transpose const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  Shape const stride = strides(in);
  Shape permuted;
  for (std::int64_t axis : op.order) permuted.push_back(stride[static_cast<std::size_t>(axis)]);
  return std::make_unique<Rearrange>(std::vector{Source(in, offsets(out, permuted), in_order(volume(out)))}, out,
                                     batch);
}

OperatorPtr make_pad(io::Pad const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  Shape const stride_x = strides(in), stride_y = strides(out);
  Shape box;  // the elements x and y have in common
  std::int64_t first_x = 0, first_y = 0;
  for (std::size_t axis = 0; axis < in.size(); ++axis) {
    std::int64_t const cut_before = std::max<std::int64_t>(0, -op.before[axis]);
    std::int64_t const cut_after = std::max<std::int64_t>(0, -op.after[axis]);
    box.push_back(in[axis] - cut_before - cut_after);
    first_x += cut_before * stride_x[axis];
    first_y += std::max<std::int64_t>(0, op.before[axis]) * stride_y[axis];
  }
  Source source(in, offsets(box, stride_x, first_x), offsets(box, stride_y, first_y));
  return std::make_unique<Rearrange>(std::vector{std::move(source)}, out, batch, op.value);
}

OperatorPtr make_concat(io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch) {
  Shape const stride = strides(out);
  std::vector<Source> sources;
  std::int64_t first = 0;
  for (Shape const& in : inputs) {
    sources.emplace_back(in, in_order(volume(in)), offsets(in, stride, first));
    first += in[static_cast<std::size_t>(op.axis)] * stride[static_cast<std::size_t>(op.axis)];
  }
  return std::make_unique<Rearrange>(std::move(sources), out, batch);
}

}  // namespace sonde::backend::lanes
