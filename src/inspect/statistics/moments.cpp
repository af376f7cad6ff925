#include "inspect/statistics/moments.hpp"

#include <algorithm>
#include <cmath>

#include "backend/blas.hpp"
#include "base/check.hpp"
#include "inspect/measures/measure.hpp"
#include "inspect/statistics/columns.hpp"

namespace sonde::inspect {
namespace {

// Rows that are multiplied at once: their doubles stay in the cache, and a product is long enough to run at full speed.
constexpr std::int64_t piece = 256;

/// to += factor * from
void add(std::int64_t n, double factor, double const* __restrict from, double* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

/// to += a * b
void add(std::int64_t n, double const* __restrict a, double const* __restrict b, double* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += a[i] * b[i];
}

/// Values less their shift, with their sums and sums of squares.
void shift_row(std::int64_t n, float const* __restrict values, double const* __restrict shift, double* __restrict to,
               double* __restrict sum, double* __restrict squares) {
  for (std::int64_t i = 0; i < n; ++i) {
    double const value = static_cast<double>(values[i]) - shift[i];
    to[i] = value;
    sum[i] += value;
    squares[i] += value * value;
  }
}

/// Adds something positive for values that are neither 0 nor 1, and exactly 0 for those that are; NaN adds nothing.
void count_others(std::int64_t n, float const* __restrict values, double* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) {
    double const value = values[i];
    double const product = value * (value - 1);
    to[i] += product * product > 0 ? 1 : 0;
  }
}

double scaled_rank(ColumnOrder const& order, float value) {
  double const n = static_cast<double>(order.count());
  return (order.rank(value) - 0.5 * (n + 1)) / n;
}

bool zeros_and_ones(std::span<float const> classes) {
  return !classes.empty() && std::ranges::all_of(classes, [](float value) { return value == 0 || value == 1; });
}

}  // namespace

bool constant(double n, double sum, double squares) {
  return !(n >= 2) || !(squares - sum * sum / n > 1e-13 * squares);
}

Moments::Moments(Pilot const& pilot, std::shared_ptr<Order const> order, bool partial)
    : units_(static_cast<std::int64_t>(pilot.unit_mean.size())),
      order_(std::move(order)),
      partial_(partial),
      pair_rows_(partial ? pair_rows + 2 : pair_rows),
      x_shift_(pilot.unit_mean),
      y_shift_(pilot.hypothesis_mean),
      ranked_(y_shift_.size(), 0) {
  for (std::int64_t h = 0; h < hypotheses(); ++h) {
    places_.push_back(h);
    if (std::isnan(y_shift_[h])) y_shift_[h] = 0;
    if (order_ && !zeros_and_ones(order_->classes(h))) ranked_[h] = 1;
  }
  of_units_.resize(static_cast<std::size_t>(unit_rows * units_));
  of_hypotheses_.resize(static_cast<std::size_t>(hypothesis_rows * hypotheses()));
  of_pairs_.resize(static_cast<std::size_t>(units_ * pair_rows_ * hypotheses()));
}

void Moments::update(Rows const& rows) {
  EXPECT(rows.units == units_ && rows.hypotheses == hypotheses());
  if (rows.count == 0) return;
  rows.unit ? sum_here(rows) : sum_there(rows);
  double const n = static_cast<double>(rows.count);
  add_vectors(n);
  add_pairs(n);
}

/// Unit values stay where the backend of their model has them.
void Moments::sum_there(Rows const& rows) {
  EXPECT(rows.there && takes_tables());
  rows.there->sum(backend::UnitTerm::value, x_shift_, y_shift_, rows.hypothesis, block_);
  std::int64_t const width = hypotheses();
  for (std::int64_t h = 0; h < width; ++h) of_hypotheses_[annotated * width + h] += static_cast<double>(rows.count);
  for (std::int64_t row = 0; row < rows.count; ++row)
    count_others(width, rows.hypothesis + row * width, of_hypotheses_.data() + not_binary * width);
}

void Moments::sum_here(Rows const& rows) {
  block_.x.assign(static_cast<std::size_t>(2 * units_), 0);
  block_.y.assign(static_cast<std::size_t>(2 * hypotheses()), 0);
  block_.xy.assign(static_cast<std::size_t>((partial_ ? 3 : 1) * units_ * hypotheses()), 0);
  for (std::int64_t first = 0; first < rows.count; first += piece) {
    std::int64_t const count = std::min(piece, rows.count - first);
    convert_units(count, rows.unit + first * units_);
    if (partial_ || order_) {
      convert_annotated(count, rows.hypothesis + first * hypotheses());
    } else {
      convert_hypotheses(count, rows.hypothesis + first * hypotheses());
    }
    multiply(count);
  }
}

void Moments::convert_units(std::int64_t count, float const* values) {
  x_.resize(static_cast<std::size_t>(piece * units_));
  double* const sum = block_.x.data();
  if (order_) {
    // Unit by unit: the table of one fits the nearest cache, those of all do not.
    for (std::int64_t u = 0; u < units_; ++u) {
      for (std::int64_t row = 0; row < count; ++row) {
        double const rank = scaled_rank(order_->unit(u), values[row * units_ + u]);
        x_[row * units_ + u] = rank;
        sum[u] += rank;
        sum[units_ + u] += rank * rank;
      }
    }
    return;
  }
  for (std::int64_t row = 0; row < count; ++row, values += units_)
    shift_row(units_, values, x_shift_.data(), x_.data() + row * units_, sum, sum + units_);
}

/// All rows are annotated, and the values are the rows' own.
void Moments::convert_hypotheses(std::int64_t count, float const* values) {
  std::int64_t const width = hypotheses();
  y_.resize(static_cast<std::size_t>(piece * width));
  double* const there = of_hypotheses_.data() + annotated * width;
  for (std::int64_t h = 0; h < width; ++h) there[h] += static_cast<double>(count);
  double* const sum = block_.y.data();
  for (std::int64_t row = 0; row < count; ++row, values += width) {
    shift_row(width, values, y_shift_.data(), y_.data() + row * width, sum, sum + width);
    count_others(width, values, of_hypotheses_.data() + not_binary * width);
  }
}

void Moments::convert_annotated(std::int64_t count, float const* values) {
  std::int64_t const width = hypotheses();
  y_.assign(static_cast<std::size_t>(piece * width), 0);
  if (partial_) where_.assign(static_cast<std::size_t>(piece * width), 0);
  for (std::int64_t row = 0; row < count; ++row, values += width) {
    for (std::int64_t h = 0; h < width; ++h) {
      if (std::isnan(values[h])) continue;
      double const y_value = ranked_[h] ? scaled_rank(order_->hypothesis(places_[h]), values[h])
                                        : static_cast<double>(values[h]) - y_shift_[h];
      y_[row * width + h] = y_value;
      if (partial_) where_[row * width + h] = 1;
      block_.y[h] += y_value;
      block_.y[width + h] += y_value * y_value;
      of_hypotheses_[annotated * width + h] += 1;
    }
    count_others(width, values, of_hypotheses_.data() + not_binary * width);
  }
}

void Moments::multiply(std::int64_t count) {
  std::int64_t const width = hypotheses(), pairs = units_ * width;
  backend::add_column_products(count, units_, width, x_.data(), y_.data(), block_.xy.data());
  if (!partial_) return;
  xx_.resize(x_.size());
  for (std::int64_t i = 0; i < count * units_; ++i) xx_[i] = x_[i] * x_[i];
  backend::add_column_products(count, units_, width, x_.data(), where_.data(), block_.xy.data() + pairs);
  backend::add_column_products(count, units_, width, xx_.data(), where_.data(), block_.xy.data() + 2 * pairs);
}

void Moments::add_vectors(double n) {
  counts_[0] += n;
  counts_[1] += 1;
  counts_[2] += n * n;
  // The three rows of sums and the products of (sum, sum of squares) are laid out alike for units and hypotheses.
  auto const add_all = [n](std::int64_t width, double const* sum, double* to) {
    double const* const squares = sum + width;
    add(width, 1, sum, to);
    add(width, 1, squares, to + width);
    add(width, n, sum, to + 2 * width);
    add(width, n, squares, to + 3 * width);
    add(width, sum, sum, to + 4 * width);
    add(width, sum, squares, to + 5 * width);
    add(width, squares, squares, to + 6 * width);
  };
  add_all(units_, block_.x.data(), of_units_.data());
  add_all(hypotheses(), block_.y.data(), of_hypotheses_.data() + y * hypotheses());
}

void Moments::add_pairs(double n) {
  std::int64_t const width = hypotheses(), pairs = units_ * width;
  double const* const sum_y = block_.y.data();
  double const* const sum_yy = sum_y + width;
  for (std::int64_t u = 0; u < units_; ++u) {
    double const sum_x = block_.x[u], sum_xx = block_.x[units_ + u];
    double const* const sum_xy = block_.xy.data() + u * width;
    auto const row = [&](int r) { return of_pairs_.data() + (u * pair_rows_ + r) * width; };
    add(width, 1, sum_xy, row(xy));
    add(width, n, sum_xy, row(n_xy));
    add(width, sum_x, sum_xy, row(x_xy));
    add(width, sum_xx, sum_xy, row(xx_xy));
    add(width, sum_y, sum_xy, row(y_xy));
    add(width, sum_yy, sum_xy, row(yy_xy));
    add(width, sum_xy, sum_xy, row(xy_xy));
    add(width, sum_x, sum_y, row(x_y));
    add(width, sum_x, sum_yy, row(x_yy));
    add(width, sum_xx, sum_y, row(xx_y));
    add(width, sum_xx, sum_yy, row(xx_yy));
    if (!partial_) continue;
    add(width, 1, sum_xy + pairs, row(x_where));
    add(width, 1, sum_xy + 2 * pairs, row(xx_where));
  }
}

std::vector<Sums> Moments::sums() {
  return {{Extent::vector, 0, counts_},
          {Extent::vector, 0, of_units_},
          {Extent::vector, 0, of_hypotheses_},
          {Extent::pair, pair_rows_ * hypotheses(), of_pairs_}};
}

void Moments::retain(std::span<std::int64_t const> keep) {
  std::int64_t const width = hypotheses();
  keep_columns(of_hypotheses_, width, keep);
  keep_columns(of_pairs_, width, keep);
  keep_columns(places_, width, keep);
  keep_columns(ranked_, width, keep);
  keep_columns(y_shift_, width, keep);
}

PairSums Moments::pair(std::int64_t u, std::int64_t h) const {
  PairSums sums{of_hypothesis(annotated, h), of_unit(x, u),    of_hypothesis(y, h), of_unit(xx, u),
                of_hypothesis(yy, h),        of_pair(xy, u, h)};
  if (partial_) {
    sums.x = of_pair(x_where, u, h);
    sums.xx = of_pair(xx_where, u, h);
  }
  return sums;
}

namespace {

/// Of a column, from its sums: s, q over blocks of values and squares, and of their products, with n rows.
double kish(double n, double s, double q, double nn, double ns, double nq, double ss, double sq, double qq) {
  // The sum of squares about the mean of block b is q_b - 2 m s_b + m^2 n_b.
  double const m = s / n;
  double const sum = q - m * s;
  double const squares = qq + 4 * m * m * ss + m * m * m * m * nn - 4 * m * sq + 2 * m * m * nq - 4 * m * m * m * ns;
  return squares > 0 ? sum * sum / squares : 0;
}

}  // namespace

double Moments::effective_blocks(std::int64_t u, std::int64_t h) const {
  double const of_x = kish(counts_[0], of_unit(x, u), of_unit(xx, u), counts_[2], of_unit(n_x, u), of_unit(n_xx, u),
                           of_unit(x_x, u), of_unit(x_xx, u), of_unit(xx_xx, u));
  auto const y_of = [&](int row) { return of_hypothesis(row, h); };
  double const of_y =
      kish(counts_[0], y_of(y), y_of(yy), counts_[2], y_of(n_y), y_of(n_yy), y_of(y_y), y_of(y_yy), y_of(yy_yy));
  return std::min(of_x, of_y);
}

double Moments::influence_squares(std::int64_t u, std::int64_t h, std::array<double, 6> const& a) const {
  auto const [an, ax, ay, axx, ayy, axy] = a;
  double const squares = an * an * counts_[2] + ax * ax * of_unit(x_x, u) + ay * ay * of_hypothesis(y_y, h) +
                         axx * axx * of_unit(xx_xx, u) + ayy * ayy * of_hypothesis(yy_yy, h) +
                         axy * axy * of_pair(xy_xy, u, h);
  double const with_n = ax * of_unit(n_x, u) + ay * of_hypothesis(n_y, h) + axx * of_unit(n_xx, u) +
                        ayy * of_hypothesis(n_yy, h) + axy * of_pair(n_xy, u, h);
  double const with_xy =
      ax * of_pair(x_xy, u, h) + ay * of_pair(y_xy, u, h) + axx * of_pair(xx_xy, u, h) + ayy * of_pair(yy_xy, u, h);
  double const others = ax * (ay * of_pair(x_y, u, h) + axx * of_unit(x_xx, u) + ayy * of_pair(x_yy, u, h)) +
                        ay * (axx * of_pair(xx_y, u, h) + ayy * of_hypothesis(y_yy, h)) +
                        axx * ayy * of_pair(xx_yy, u, h);
  return std::max(0.0, squares + 2 * (an * with_n + axy * with_xy + others));
}

}  // namespace sonde::inspect
