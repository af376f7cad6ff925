// Contingency tables: rows by bin of the unit and class of the hypothesis.
#pragma once

#include <memory>

#include "inspect/statistics/order.hpp"
#include "inspect/statistics/statistic.hpp"

namespace sonde::inspect {

/// Units in bins of equal frequency, x in bin searchsorted(inner edges, x, side = right); hypotheses by their different
/// values, when those are few (ColumnClasses), otherwise not at all.
class ClassCounts final : public Statistic {
 public:
  /// `order` is finished. `partial`: hypotheses may be unannotated in rows, which then are not counted.
  ClassCounts(std::shared_ptr<Order const> order, std::int64_t units, std::int64_t hypotheses, std::int64_t bins,
              bool partial);

  void update(Rows const& rows) override;
  std::vector<Sums> sums() override;
  void retain(std::span<std::int64_t const> hypotheses) override;

  std::int64_t hypotheses() const { return static_cast<std::int64_t>(columns_.size()); }
  std::int64_t bins() const { return bins_; }
  /// Classes of a hypothesis; 0 when it has too many values.
  std::int64_t classes(std::int64_t h) const;
  /// Whether a unit has one value only.
  bool constant_unit(std::int64_t u) const { return order_->unit(u).constant(); }
  /// Whether the classes of a hypothesis are 0 and 1.
  bool binary(std::int64_t h) const;
  /// The table of a pair, (bins, classes).
  void table(std::int64_t u, std::int64_t h, std::vector<double>& counts) const;

 private:
  /// Where a hypothesis stands in a row of indicators.
  struct Columns {
    std::int64_t place;  // among the hypotheses at the start
    std::int64_t first;
  };
  void lay_out();
  void indicate(std::int64_t count, Rows const& rows, std::int64_t first);

  std::shared_ptr<Order const> order_;
  std::int64_t units_, bins_;
  bool partial_;
  std::vector<float> edges_;      // (U, bins - 1): the least floats that are not below the edges
  std::vector<Columns> columns_;  // (H)
  std::int64_t width_ = 0;        // of a row of indicators: 1 for every row, then those of the classes; without partial
                                  // the first class of each hypothesis is left out, being the rest
  std::vector<double> counts_;    // (U, bins, width)
  std::vector<std::uint8_t> indicators_;    // (piece, width)
  std::vector<std::uint8_t> bin_;           // (U, piece)
  std::vector<std::uint8_t> piece_counts_;  // (bins, width) of one unit
};

}  // namespace sonde::inspect
