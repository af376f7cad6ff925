// Pearson's correlation coefficient, from moments (Chan, Golub & LeVeque 1979 in the form with a common shift).
#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"

namespace sonde::inspect {
namespace {

class Pearson final : public Measure {
 public:
  explicit Pearson(std::size_t moments) : moments_(moments) {}

  std::string const& name() const override {
    static std::string const name = "pearson";
    return name;
  }
  std::string description() const override { return "correlation coefficient over all rows"; }
  bool has_error() const override { return true; }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override {
    return score_pairs(get<Moments>(statistics, moments_), tile, 0, correlation);
  }

 private:
  std::size_t moments_;
};

}  // namespace

std::unique_ptr<Measure> make_pearson(std::string const& text, MeasureContext const& context, Requirements& required) {
  Parameters(text).check_all_used();
  return std::make_unique<Pearson>(require_moments(required, context));
}

}  // namespace sonde::inspect
