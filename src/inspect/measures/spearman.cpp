// Spearman's rank correlation: Pearson's of mid-ranks among all rows (of a hypothesis, among its annotated ones).
#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"

namespace sonde::inspect {
namespace {

class Spearman final : public Measure {
 public:
  explicit Spearman(std::size_t moments) : moments_(moments) {}

  std::string const& name() const override {
    static std::string const name = "spearman";
    return name;
  }
  std::string description() const override { return "correlation coefficient of mid-ranks among all rows"; }
  bool has_error() const override { return true; }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override {
    return score_pairs(get<Moments>(statistics, moments_), tile, 0, correlation);
  }

 private:
  std::size_t moments_;
};

}  // namespace

std::unique_ptr<Measure> make_spearman(std::string const& text, MeasureContext const& context, Requirements& required) {
  Parameters(text).check_all_used();
  return std::make_unique<Spearman>(require_rank_moments(required, context));
}

}  // namespace sonde::inspect
