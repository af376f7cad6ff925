// Pearson's correlation coefficient, from moments (Chan, Golub & LeVeque 1979 in the form with a common shift), and
// Spearman's: the same of mid-ranks among all rows (of a hypothesis, among its annotated ones).
#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"

namespace sonde::inspect {
namespace {

class Correlation final : public Measure {
 public:
  Correlation(std::string name, std::string description, std::size_t moments)
      : name_(std::move(name)), description_(std::move(description)), moments_(moments) {}

  std::string const& name() const override { return name_; }
  std::string description() const override { return description_; }
  bool has_error() const override { return true; }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override {
    return score_pairs(get<Moments>(statistics, moments_), tile, none(), correlation);
  }

 private:
  std::string name_, description_;
  std::size_t moments_;
};

}  // namespace

std::unique_ptr<Measure> make_pearson(std::string const& text, MeasureContext const& context, Requirements& required) {
  Parameters(text).check_all_used();
  return std::make_unique<Correlation>("pearson", "correlation coefficient over all rows",
                                       require_moments(required, context));
}

std::unique_ptr<Measure> make_spearman(std::string const& text, MeasureContext const& context, Requirements& required) {
  Parameters(text).check_all_used();
  return std::make_unique<Correlation>("spearman", "correlation coefficient of mid-ranks among all rows",
                                       require_rank_moments(required, context));
}

}  // namespace sonde::inspect
