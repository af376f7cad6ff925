// Blackout (dirt on the lens): in each iteration small squares at random places; one whose mean gradient is negative
// gets darker by the step, all of it alike, and nothing else changes. The published program's rule (the paper keeps the
// gradient itself).
#include "base/check.hpp"
#include "base/parameters.hpp"
#include "generate/constraints/constraint.hpp"

namespace sonde::generate {
namespace {

class Blackout final : public Constraint {
 public:
  Blackout(ConstraintContext const& context, std::int64_t size, std::int64_t count)
      : image_(context.sample),
        rng_seed_(context.rng_seed),
        size_(size),
        count_(count),
        positions_(static_cast<std::size_t>(context.batch * count * 2), *context.memory) {}

  void apply(backend::RowOps const& ops, backend::Queue& queue, backend::LoopState const* state,
             backend::RowKey const* keys, float const*, float* g) override {
    ops.draw_patches(queue, state, rng_seed_, keys, image_, size_, count_, positions_.data());
    ops.dark_patches(queue, state, image_, size_, count_, positions_.data(), g);
  }
  double default_step() const override { return 1; }

 private:
  Shape image_;
  std::uint64_t rng_seed_;
  std::int64_t size_, count_;
  Buffer<std::int32_t> positions_;  // (batch, count, 2)
};

}  // namespace

std::unique_ptr<Constraint> make_blackout(std::string const& text, ConstraintContext const& context) {
  Shape const& image = context.sample;
  VALIDATE(image.size() == 3, "constraint blackout: the seeds are "
                                  << to_string(image)
                                  << " (it needs images of height, width and channels). Use another constraint.");
  Parameters parameters(text);
  std::int64_t const size = parameters.integer("size", image[0] < 64 ? 6 : 10, 1, 1 << 20);
  std::int64_t const count = parameters.integer("count", 1, 1, 1024);
  parameters.check_all_used();
  VALIDATE(size <= image[0] && size <= image[1], "constraint blackout: a square of "
                                                     << size << " does not fit the image of " << image[0] << "x"
                                                     << image[1] << ". Give a smaller size.");
  return std::make_unique<Blackout>(context, size, count);
}

}  // namespace sonde::generate
