// Overlap of a unit's largest values with a binary hypothesis: intersection over union (NetDissect, Bau et al. 2017),
// F1 and Matthews' correlation coefficient (Matthews 1975).
#include <cmath>

#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"
#include "inspect/statistics/top_counts.hpp"

namespace sonde::inspect {
namespace {

class Jaccard final : public Measure {
 public:
  explicit Jaccard(std::size_t counts) : counts_(counts) {}

  std::string const& name() const override {
    static std::string const name = "jaccard";
    return name;
  }
  std::string description() const override {
    return "rows where the unit is in its top set and the hypothesis is 1, over rows where either is so";
  }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override;

 private:
  std::size_t counts_;
};

/// jaccard, f1, mcc, precision, recall; NaN where a quotient has nothing to divide by.
std::array<double, 5> overlap_scores(Overlap const& rows) {
  double const hit = rows.both, false_alarm = rows.active - rows.both, miss = rows.positive - rows.both;
  double const rest = rows.rows - hit - false_alarm - miss;
  double const scale = std::sqrt(rows.active) * std::sqrt(rows.positive) * std::sqrt(rows.rows - rows.active) *
                       std::sqrt(rows.rows - rows.positive);
  return {hit / (hit + false_alarm + miss), 2 * hit / (rows.active + rows.positive),
          (hit * rest - false_alarm * miss) / scale, hit / rows.active, hit / rows.positive};
}

Scores Jaccard::finalize(Statistics const& statistics, comm::Block tile) const {
  auto const& counts = get<TopCounts>(statistics, counts_);
  Scores scores;
  scores.parts = {{"f1", "1", "2 both / (unit active + hypothesis 1)", {}},
                  {"mcc", "1", "Matthews' correlation coefficient", {}},
                  {"precision", "1", "share of the top set where the hypothesis is 1", {}},
                  {"recall", "1", "share of the hypothesis' rows that are in the top set", {}}};
  for (std::int64_t u = tile.first; u < tile.first + tile.count; ++u) {
    for (std::int64_t h = 0; h < counts.hypotheses(); ++h) {
      Overlap const rows = counts.overlap(u, h);
      std::array<double, 5> found;
      found.fill(undefined);
      bool const both_classes = rows.positive > 0 && rows.positive < rows.rows;
      if (counts.binary(h) && both_classes && !counts.constant_unit(u)) found = overlap_scores(rows);
      scores.value.push_back(found[0]);
      for (std::size_t part = 0; part < scores.parts.size(); ++part)
        scores.parts[part].values.push_back(found[part + 1]);
    }
  }
  return scores;
}

}  // namespace

std::unique_ptr<Measure> make_jaccard(std::string const& text, MeasureContext const& context, Requirements& required) {
  Parameters parameters(text);
  double const top = parameters.number("top", 0.005, 1e-9, 1);
  parameters.check_all_used();
  required.order = true;
  required.top = std::max(required.top, top);
  auto make = [=](Pilot const&, std::shared_ptr<Order const> const& order) {
    return std::make_unique<TopCounts>(*order, context.units, context.hypotheses, top, context.partial);
  };
  return std::make_unique<Jaccard>(required.statistic("top-counts:" + std::to_string(top), make));
}

}  // namespace sonde::inspect
