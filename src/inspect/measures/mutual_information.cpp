// Mutual information of the unit, in bins of equal frequency, and the classes of the hypothesis: plug-in estimate,
// sum p(x, y) log(p(x, y) / (p(x) p(y))), and with the correction of Miller (1955) and Madow.
#include <cmath>

#include "base/parameters.hpp"
#include "inspect/measures/estimates.hpp"
#include "inspect/measures/requirements.hpp"
#include "inspect/statistics/class_counts.hpp"

namespace sonde::inspect {
namespace {

class MutualInformation final : public Measure {
 public:
  explicit MutualInformation(std::size_t counts) : counts_(counts) {}

  std::string const& name() const override {
    static std::string const name = "mutual-information";
    return name;
  }
  std::string units() const override { return "nat"; }
  std::string description() const override {
    return "plug-in mutual information, unit in bins of equal frequency, hypotheses of up to 16 values";
  }
  Scores finalize(Statistics const& statistics, comm::Block tile) const override;

 private:
  std::size_t counts_;
};

struct Information {
  double plug_in = undefined, miller_madow = undefined;
};

/// Of a table (rows, columns) of counts. Undefined when one side has a single value.
/// Miller-Madow: each entropy is too low by (its occupied cells - 1) / 2N, so that I + (Kx + Ky - Kxy - 1) / 2N.
Information information(std::vector<double> const& table, std::size_t columns) {
  std::size_t const rows = table.size() / columns;
  std::vector<double> of_row(rows), of_column(columns);
  double n = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    of_row[i / columns] += table[i];
    of_column[i % columns] += table[i];
    n += table[i];
  }
  double sum = 0, cells = 0, row_cells = 0, column_cells = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i] == 0) continue;
    sum += table[i] * std::log(table[i] * n / (of_row[i / columns] * of_column[i % columns]));
    ++cells;
  }
  for (double count : of_row) row_cells += count > 0 ? 1 : 0;
  for (double count : of_column) column_cells += count > 0 ? 1 : 0;
  if (n == 0 || column_cells < 2) return {};
  return {std::max(0.0, sum / n), sum / n + (row_cells + column_cells - cells - 1) / (2 * n)};
}

Scores MutualInformation::finalize(Statistics const& statistics, comm::Block tile) const {
  auto const& counts = get<ClassCounts>(statistics, counts_);
  Scores scores;
  ScorePart corrected{"miller_madow", "nat", "with the bias correction of Miller and Madow", {}};
  std::vector<double> table;
  for (std::int64_t u = tile.first; u < tile.first + tile.count; ++u) {
    for (std::int64_t h = 0; h < counts.hypotheses(); ++h) {
      Information found;
      if (counts.classes(h) >= 2 && !counts.constant_unit(u)) {
        counts.table(u, h, table);
        found = information(table, static_cast<std::size_t>(counts.classes(h)));
      }
      scores.value.push_back(found.plug_in);
      corrected.values.push_back(found.miller_madow);
    }
  }
  scores.parts = {corrected};
  return scores;
}

}  // namespace

std::unique_ptr<Measure> make_mutual_information(std::string const& text, MeasureContext const& context,
                                                 Requirements& required) {
  Parameters parameters(text);
  std::int64_t const bins = parameters.integer("bins", 16, 2, 256);
  parameters.check_all_used();
  return std::make_unique<MutualInformation>(require_class_counts(required, context, bins));
}

}  // namespace sonde::inspect
