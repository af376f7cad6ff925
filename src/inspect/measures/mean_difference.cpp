// Difference of class means, with Welch's t (Welch 1947) and Cohen's d (Cohen 1988, section 2.5).
#include <cmath>

#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"
#include "inspect/statistics/class_squares.hpp"

namespace sonde::inspect {
namespace {

struct Effect {
  double welch_t = undefined, welch_df = undefined, cohen_d = undefined;
};

class MeanDifference final : public Measure {
 public:
  MeanDifference(std::size_t moments, std::size_t squares) : moments_(moments), squares_(squares) {}

  std::string const& name() const override {
    static std::string const name = "mean-difference";
    return name;
  }
  std::string units() const override { return "activation"; }
  std::string description() const override { return "mean where the hypothesis is 1, less the mean where it is 0"; }
  bool has_error() const override { return true; }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override;

 private:
  std::size_t moments_, squares_;
};

/// `squares`: the sum of squares of the shifted unit over the rows where the hypothesis is 1.
///   t = (m1 - m0) / sqrt(s1^2 / n1 + s0^2 / n0), degrees of freedom by Welch and Satterthwaite
///   d = (m1 - m0) / s, s^2 = (SS1 + SS0) / (n - 2)
Effect effect(Moments const& moments, double squares, double difference, std::int64_t u, std::int64_t h) {
  PairSums const sums = moments.pair(u, h);
  double const n1 = positive_rows(moments, sums, h), n0 = sums.n - n1;
  double const x1 = sums.xy + moments.shift(h) * sums.x, x0 = sums.x - x1;
  // Within the classes; none of it is left but rounding where the unit follows from the hypothesis.
  double const ss1 = std::max(0.0, squares - x1 * x1 / n1), ss0 = std::max(0.0, sums.xx - squares - x0 * x0 / n0);
  if (std::isnan(difference) || !(ss1 + ss0 > 1e-13 * sums.xx)) return {};
  Effect result;
  if (n1 > 1 && n0 > 1) {
    double const v1 = ss1 / (n1 - 1) / n1, v0 = ss0 / (n0 - 1) / n0;
    result.welch_t = difference / std::sqrt(v1 + v0);
    result.welch_df = (v1 + v0) * (v1 + v0) / (v1 * v1 / (n1 - 1) + v0 * v0 / (n0 - 1));
  }
  if (sums.n > 2) result.cohen_d = difference / std::sqrt((ss1 + ss0) / (sums.n - 2));
  return result;
}

Scores MeanDifference::finalize(Statistics const& statistics, comm::Block tile) const {
  auto const& moments = get<Moments>(statistics, moments_);
  auto const& squares = get<ClassSquares>(statistics, squares_);
  Scores scores = score_pairs(moments, tile, 0, class_difference);
  ScorePart t{"welch_t", "1", "Welch's t, rows taken as independent", {}};
  ScorePart df{"welch_df", "1", "degrees of freedom of Welch's t (Satterthwaite)", {}};
  ScorePart d{"cohen_d", "1", "difference in pooled standard deviations", {}};
  std::size_t pair = 0;
  for (std::int64_t u = tile.first; u < tile.first + tile.count; ++u) {
    for (std::int64_t h = 0; h < moments.hypotheses(); ++h) {
      Effect const found = effect(moments, squares(u, h), scores.value[pair++], u, h);
      t.values.push_back(found.welch_t);
      df.values.push_back(found.welch_df);
      d.values.push_back(found.cohen_d);
    }
  }
  scores.parts = {t, df, d};
  return scores;
}

}  // namespace

std::unique_ptr<Measure> make_mean_difference(std::string const& text, MeasureContext const& context,
                                              Requirements& required) {
  Parameters(text).check_all_used();
  std::size_t const moments = require_moments(required, context);
  auto make = [partial = context.partial](Pilot const& pilot, std::shared_ptr<Order const> const&) {
    return std::make_unique<ClassSquares>(pilot, partial);
  };
  return std::make_unique<MeanDifference>(moments, required.statistic("class-squares", make));
}

}  // namespace sonde::inspect
