// Overlaps of the top set of each unit with binary hypotheses.
#pragma once

#include <memory>

#include "inspect/statistics/order.hpp"
#include "inspect/statistics/statistic.hpp"

namespace sonde::inspect {

/// Rows of one pair: both active, unit active, hypothesis 1, all; of those in which the hypothesis is annotated
/// (NetDissect, Bau et al. 2017: the area of a unit counts only where the label's category is annotated).
struct Overlap {
  double both = 0, active = 0, positive = 0, rows = 0;
};

class TopCounts final : public Statistic {
 public:
  /// A unit is active in a row when its value is not below the ceil(top * rows)-th largest.
  TopCounts(Order const& order, std::int64_t units, std::int64_t hypotheses, double top, bool partial);

  void update(Rows const& rows) override;
  std::vector<Sums> sums() override;
  void retain(std::span<std::int64_t const> hypotheses) override;

  std::int64_t hypotheses() const { return hypotheses_; }
  bool constant_unit(std::int64_t u) const { return constant_[static_cast<std::size_t>(u)] != 0; }
  /// Whether all values of a hypothesis so far were 0 or 1.
  bool binary(std::int64_t h) const { return of_hypothesis(not_binary, h) == 0; }
  Overlap overlap(std::int64_t u, std::int64_t h) const;

 private:
  enum HypothesisRow { annotated, positive, not_binary, hypothesis_rows };
  double of_hypothesis(int row, std::int64_t h) const {
    return of_hypotheses_[static_cast<std::size_t>(row * hypotheses_ + h)];
  }

  std::int64_t units_, hypotheses_;
  bool partial_;
  std::vector<float> threshold_;        // (U)
  std::vector<std::uint8_t> constant_;  // (U)
  std::vector<double> active_;          // (U) active rows
  std::vector<double> of_hypotheses_;   // (hypothesis_rows, H)
  std::vector<double> both_;            // (U, 1 or, when partial, 2, H): active and 1; active and annotated
  std::vector<double> value_, where_;   // (H) of one row
};

}  // namespace sonde::inspect
