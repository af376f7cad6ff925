// Sums, sums of squares and of products of units and hypotheses in double precision, and their scatter over blocks.
#pragma once

#include <array>
#include <memory>

#include "inspect/statistics/order.hpp"
#include "inspect/statistics/statistic.hpp"

namespace sonde::inspect {

struct Pilot;

/// Sums of one pair over the rows in which its hypothesis is annotated, of values that were shifted by about their
/// mean.
struct PairSums {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
};

/// The values are either the rows' own, less the pilot means, or their mid-ranks: (rank - (N + 1) / 2) / N, in which
/// hypotheses of 0 and 1 stay as they are, less the pilot mean.
///
/// For errors by batch means: with v_b = (n, x, y, xx, yy, xy), the sums of block b, the sums over blocks of v_b v_b'.
/// A score that depends on the sums smoothly has the influence a' v_b of block b, with a from the final sums, and so
/// the variance sum_b (a' v_b)^2: exact without a second pass, and merged by addition.
class Moments final : public Statistic {
 public:
  /// `order` is null for the rows' own values. `partial`: hypotheses may be unannotated (NaN) in rows.
  Moments(Pilot const& pilot, std::shared_ptr<Order const> order, bool partial);

  void update(Rows const& rows) override;
  bool takes_tables() const override { return !order_ && !partial_; }
  std::vector<Sums> sums() override;
  void retain(std::span<std::int64_t const> hypotheses) override;

  std::int64_t units() const { return units_; }
  std::int64_t hypotheses() const { return static_cast<std::int64_t>(y_shift_.size()); }
  std::int64_t rows() const { return static_cast<std::int64_t>(counts_[0]); }
  std::int64_t blocks() const { return static_cast<std::int64_t>(counts_[1]); }  // those with rows

  PairSums pair(std::int64_t u, std::int64_t h) const;
  /// Whether all its values so far were 0 or 1.
  bool binary(std::int64_t h) const { return of_hypothesis(not_binary, h) == 0; }
  bool annotated_everywhere(std::int64_t h) const { return of_hypothesis(annotated, h) == counts_[0]; }
  /// Null when the values are the rows' own.
  Order const* order() const { return order_.get(); }
  /// What was subtracted from a hypothesis that is binary.
  double shift(std::int64_t h) const { return y_shift_[static_cast<std::size_t>(h)]; }
  /// In how many blocks, in effect, the values of the unit and of the hypothesis vary (the fewer of both): Kish's (sum
  /// w)^2 / sum w^2 (1965) of the blocks' sums of squares about the mean. All blocks for a frequent hypothesis; for a
  /// rare one about those that hold it, which alone tell how much a score varies.
  double effective_blocks(std::int64_t u, std::int64_t h) const;
  /// Sum over blocks of (a' v_b)^2, v_b in the order of PairSums. Only where annotated everywhere.
  double influence_squares(std::int64_t u, std::int64_t h, std::array<double, 6> const& a) const;

 private:
  // The rows of (.., U), (.., H) and (U, .., H). Two names: the sum over blocks of the product of block sums.
  enum UnitRow { x, xx, n_x, n_xx, x_x, x_xx, xx_xx, unit_rows };
  enum HypothesisRow { annotated, not_binary, y, yy, n_y, n_yy, y_y, y_yy, yy_yy, hypothesis_rows };
  enum PairRow {
    xy,
    n_xy,
    x_xy,
    xx_xy,
    y_xy,
    yy_xy,
    xy_xy,
    x_y,
    x_yy,
    xx_y,
    xx_yy,
    pair_rows,
    x_where = pair_rows,
    xx_where
  };

  double of_unit(int row, std::int64_t u) const { return of_units_[static_cast<std::size_t>(row * units_ + u)]; }
  double of_hypothesis(int row, std::int64_t h) const {
    return of_hypotheses_[static_cast<std::size_t>(row * hypotheses() + h)];
  }
  double of_pair(int row, std::int64_t u, std::int64_t h) const {
    return of_pairs_[static_cast<std::size_t>((u * pair_rows_ + row) * hypotheses() + h)];
  }
  void sum_here(Rows const& rows);
  void sum_there(Rows const& rows);
  void convert_units(std::int64_t count, float const* values);
  void convert_hypotheses(std::int64_t count, float const* values);
  void convert_annotated(std::int64_t count, float const* values);
  void multiply(std::int64_t count);
  void add_vectors(double n);
  void add_pairs(double n);

  std::int64_t units_;
  std::shared_ptr<Order const> order_;
  bool partial_;
  std::int64_t pair_rows_;
  std::vector<double> x_shift_, y_shift_;  // (U), (H)
  std::vector<std::int64_t> places_;       // (H)
  std::vector<std::uint8_t> ranked_;       // (H) whether ranks stand for its values
  std::array<double, 3> counts_{};         // rows, blocks, sum over blocks of rows^2
  std::vector<double> of_units_;           // (unit_rows, U)
  std::vector<double> of_hypotheses_;      // (hypothesis_rows, H)
  std::vector<double> of_pairs_;           // (U, pair_rows, H)

  // Of one block or of a piece of it.
  std::vector<double> x_, xx_;     // (piece, U) values, squares (only when partial)
  std::vector<double> y_, where_;  // (piece, H) values, 1 where annotated (only when partial)
  backend::BlockSums block_;       // its xy, when partial, is (3, U, H): x'y, x'where, xx'where
};

/// Whether values with these sums, shifted by about their mean, are all equal. Equal values that were shifted by
/// themselves have xx = 0; the bound is for rounding when the shift is another.
bool constant(double n, double sum, double squares);

}  // namespace sonde::inspect
