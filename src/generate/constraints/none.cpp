#include "base/parameters.hpp"
#include "generate/constraints/constraint.hpp"

namespace sonde::generate {
namespace {

class None final : public Constraint {
 public:
  void apply(backend::RowOps const&, backend::Queue&, backend::LoopState const*, backend::RowKey const*, float const*,
             float*) override {}
  double default_step() const override { return 0.3; }
};

}  // namespace

std::unique_ptr<Constraint> make_none(std::string const& text, ConstraintContext const&) {
  Parameters(text).check_all_used();
  return std::make_unique<None>();
}

}  // namespace sonde::generate
