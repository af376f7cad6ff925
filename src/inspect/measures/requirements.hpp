// What measures ask for: statistics, each held once however many measures read it, and the order pass.
#pragma once

#include <functional>

#include "inspect/measures/measure.hpp"

namespace sonde::inspect {

struct Requirements {
  using Make = std::function<std::unique_ptr<Statistic>(Pilot const&, std::shared_ptr<Order const> const&)>;
  struct Entry {
    std::string key;
    Make make;
  };

  /// The place in Statistics of the statistic with this key, which is added when it is new.
  std::size_t statistic(std::string const& key, Make make);

  std::vector<Entry> statistics;
  bool order = false;
  double top = 0;  // the largest top set
};

// Statistics that more than one measure needs.
std::size_t require_moments(Requirements& required, MeasureContext const& context);
/// Of mid-ranks instead of values; asks for the order pass.
std::size_t require_rank_moments(Requirements& required, MeasureContext const& context);
std::size_t require_class_counts(Requirements& required, MeasureContext const& context, std::int64_t bins);

/// The statistic at a place that its require function gave.
template <class T>
T const& get(Statistics const& statistics, std::size_t place) {
  return static_cast<T const&>(statistics[place]);
}

// The measures, each in the file of its name; pearson and spearman are in correlation.cpp. `text` as the user gave it.
using MakeMeasure = std::unique_ptr<Measure>(std::string const& text, MeasureContext const& context,
                                             Requirements& required);
MakeMeasure make_pearson, make_spearman, make_mean_difference, make_mutual_information, make_jaccard, make_auc;

}  // namespace sonde::inspect
