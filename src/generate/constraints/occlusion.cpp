// Occlusion by one rectangle: the gradient is kept inside it, all channels, and zero elsewhere.
#include "base/check.hpp"
#include "base/parameters.hpp"
#include "generate/constraints/constraint.hpp"

namespace sonde::generate {
namespace {

class Occlusion final : public Constraint {
 public:
  Occlusion(std::vector<float> const& mask, device::Memory& memory) : mask_(std::span(mask), memory) {}

  void apply(backend::RowOps const& ops, backend::Queue& queue, backend::LoopState const* state, backend::RowKey const*,
             float const*, float* g) override {
    ops.mask(queue, state, static_cast<std::int64_t>(mask_.size()), mask_.data(), g);
  }
  double default_step() const override { return 1; }

 private:
  Buffer<float> mask_;  // (F)
};

}  // namespace

std::unique_ptr<Constraint> make_occlusion(std::string const& text, ConstraintContext const& context) {
  Shape const& image = context.sample;
  VALIDATE(image.size() == 3, "constraint occlusion: the seeds are "
                                  << to_string(image)
                                  << " (it needs images of height, width and channels). Use another constraint.");
  std::int64_t const height = image[0], width = image[1];
  // The published sizes: 10x10 of 28x28, 50x50 of 100x100 and 224x224.
  std::int64_t const side = height < 64 ? 10 : 50;
  Parameters parameters(text);
  constexpr std::int64_t most = 1 << 20;
  std::int64_t const row = parameters.integer("row", 0, 0, most), col = parameters.integer("col", 0, 0, most);
  std::int64_t const rows = parameters.integer("height", side, 1, most),
                     cols = parameters.integer("width", side, 1, most);
  parameters.check_all_used();
  VALIDATE(row + rows <= height && col + cols <= width, "constraint occlusion: the rectangle of rows "
                                                            << row << " to " << row + rows - 1 << " and columns " << col
                                                            << " to " << col + cols - 1 << " leaves the image of "
                                                            << height << "x" << width << ". Give a smaller one.");
  std::vector<float> mask(static_cast<std::size_t>(volume(image)), 0.0F);
  for (std::int64_t y = row; y < row + rows; ++y) {
    for (std::int64_t i = (y * width + col) * image[2]; i < (y * width + col + cols) * image[2]; ++i)
      mask[static_cast<std::size_t>(i)] = 1;
  }
  return std::make_unique<Occlusion>(mask, *context.memory);
}

}  // namespace sonde::generate
