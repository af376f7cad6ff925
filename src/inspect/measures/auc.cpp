// Area under the ROC curve of a unit as a detector of a binary hypothesis: P(x1 > x0) + P(x1 = x0) / 2 (Mann & Whitney
// 1947).
#include <algorithm>
#include <cmath>

#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"
#include "inspect/statistics/class_counts.hpp"

namespace sonde::inspect {
namespace {

constexpr std::int64_t bins_when_partial = 64;

/// With mid-ranks R among all N rows, AUC = 1/2 + (mean of R where 1 - mean of R where 0) / N. The ranks of a
/// hypothesis that is not annotated everywhere would be those among its own rows, of which there are as many kinds as
/// such hypotheses: its AUC is counted in bins, of which half of the rows that share one may be off.
class Auc final : public Measure {
 public:
  Auc(std::size_t moments, std::size_t counts, bool partial) : moments_(moments), counts_(counts), partial_(partial) {}

  std::string const& name() const override {
    static std::string const name = "auc";
    return name;
  }
  std::string description() const override { return "area under the ROC curve of the unit as a detector"; }
  double none() const override { return 0.5; }
  bool has_error() const override { return true; }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override;

 private:
  std::size_t moments_, counts_;
  bool partial_;
};

Estimate area(Moments const& moments, std::int64_t u, std::int64_t h) {
  Estimate found = class_difference(moments, u, h);
  found.value += 0.5;
  return found;
}

struct BinnedArea {
  double value = undefined, error = undefined;
};

/// sum_b c1[b] (c0[before b] + c0[b] / 2) / (n1 n0); within a bin up to all pairs may be ordered one way.
BinnedArea binned_area(ClassCounts const& counts, std::int64_t u, std::int64_t h, std::vector<double>& table) {
  if (!counts.binary(h) || counts.constant_unit(u)) return {};
  counts.table(u, h, table);
  double n0 = 0, n1 = 0, wins = 0, ties = 0;
  for (std::int64_t bin = 0; bin < counts.bins(); ++bin) {
    double const c0 = table[2 * bin], c1 = table[2 * bin + 1];
    wins += c1 * n0;
    ties += c1 * c0;
    n0 += c0;
    n1 += c1;
  }
  if (n0 == 0 || n1 == 0) return {};
  return {(wins + ties / 2) / (n1 * n0), ties / 2 / (n1 * n0)};
}

Scores Auc::finalize(Statistics const& statistics, comm::Block tile) const {
  auto const& moments = get<Moments>(statistics, moments_);
  Scores scores = score_pairs(moments, tile, none(), area);
  ScorePart error{"bin_error", "1", "by which the value may be off because ranks are binned", {}};
  std::vector<double> table;
  std::size_t pair = 0;
  for (std::int64_t u = tile.first; u < tile.first + tile.count; ++u) {
    // Half the rows of the unit's largest bin. So many rows of the smaller class at most share it with one of the
    // larger class.
    ColumnOrder const& order = moments.order()->unit(u);
    double const half_bin = order.rank_error() * static_cast<double>(order.count());
    for (std::int64_t h = 0; h < moments.hypotheses(); ++h, ++pair) {
      PairSums const sums = moments.pair(u, h);
      double const n1 = positive_rows(moments, sums, h);
      error.values.push_back(std::isnan(scores.value[pair]) ? undefined : half_bin / std::max(n1, sums.n - n1));
      if (!partial_ || moments.annotated_everywhere(h)) continue;
      BinnedArea const found = binned_area(get<ClassCounts>(statistics, counts_), u, h, table);
      scores.value[pair] = found.value;
      error.values[pair] = found.error;
    }
  }
  scores.parts = {error};
  return scores;
}

}  // namespace

std::unique_ptr<Measure> make_auc(std::string const& text, MeasureContext const& context, Requirements& required) {
  Parameters(text).check_all_used();
  std::size_t const moments = require_rank_moments(required, context);
  std::size_t const counts = context.partial ? require_class_counts(required, context, bins_when_partial) : 0;
  return std::make_unique<Auc>(moments, counts, context.partial);
}

}  // namespace sonde::inspect
