// Lighting: every element changes by the same amount, the mean of the gradient. The published programs multiply it by a
// factor (MNIST 1, driving 500, ImageNet 1e4). The default was chosen by measurement, see docs/generate.md: the mean of
// a normalised gradient is smaller over the channels of a colour image.
#include "base/parameters.hpp"
#include "generate/constraints/constraint.hpp"

namespace sonde::generate {
namespace {

class Light final : public Constraint {
 public:
  Light(std::int64_t features, double factor) : features_(features), factor_(static_cast<float>(factor)) {}

  void apply(backend::RowOps const& ops, backend::Queue& queue, backend::LoopState const* state, backend::RowKey const*,
             float const*, float* g) override {
    ops.mean_fill(queue, state, features_, factor_, g);
  }
  double default_step() const override { return 1; }

 private:
  std::int64_t features_;
  float factor_;
};

}  // namespace

std::unique_ptr<Constraint> make_light(std::string const& text, ConstraintContext const& context) {
  Parameters parameters(text);
  bool const colour = context.sample.size() == 3 && context.sample[2] > 1;
  double const factor = parameters.number("factor", colour ? 200 : 1, 1e-6, 1e9);
  parameters.check_all_used();
  return std::make_unique<Light>(volume(context.sample), factor);
}

}  // namespace sonde::generate
