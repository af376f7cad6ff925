#include "inspect/measures/requirements.hpp"

#include "inspect/statistics/class_counts.hpp"
#include "inspect/statistics/moments.hpp"

namespace sonde::inspect {

std::size_t Requirements::statistic(std::string const& key, Make make) {
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    if (statistics[i].key == key) return i;
  }
  statistics.push_back({key, std::move(make)});
  return statistics.size() - 1;
}

std::size_t require_moments(Requirements& required, MeasureContext const& context) {
  return required.statistic("moments", [=](Pilot const& pilot, std::shared_ptr<Order const> const&) {
    return std::make_unique<Moments>(pilot, nullptr, context.partial);
  });
}

std::size_t require_rank_moments(Requirements& required, MeasureContext const& context) {
  required.order = true;
  return required.statistic("rank-moments", [=](Pilot const& pilot, std::shared_ptr<Order const> const& order) {
    return std::make_unique<Moments>(pilot, order, context.partial);
  });
}

std::size_t require_class_counts(Requirements& required, MeasureContext const& context, std::int64_t bins) {
  required.order = true;
  auto make = [=](Pilot const&, std::shared_ptr<Order const> const& order) {
    return std::make_unique<ClassCounts>(order, context.units, context.hypotheses, bins, context.partial);
  };
  return required.statistic("class-counts:" + std::to_string(bins), make);
}

}  // namespace sonde::inspect
