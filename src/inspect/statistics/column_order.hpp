// The order of the values of one column: mid-ranks, quantiles, categories, largest values. Exact, or in bins.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"

namespace sonde::inspect {

/// Mid-ranks and quantiles of one column.
class ColumnOrder {
 public:
  /// Keeps every value.
  ColumnOrder() = default;
  /// Counts values in bins: with edges at 4096 quantiles of `pilot` (copied), a repeated value in a bin of its own.
  explicit ColumnOrder(std::vector<float> pilot);
  /// Counts values in the bins of another object.
  static ColumnOrder with_edges(std::vector<float> edges);

  /// NaN (not annotated) is passed over.
  void insert(float value);
  void add(ColumnOrder const& other);
  void clear();
  /// Collective.
  void merge(comm::Communicator const& comm);
  void finish();

  /// What has been seen, before and after finish(): the rows of each value, ascending, or of each bin.
  struct Seen {
    std::vector<float> values;  // exact only
    std::vector<std::int64_t> rows;
  };
  Seen seen() const;
  /// Adds what another object, binned alike, has seen between `least` and `most`. Before finish().
  void add(Seen const& seen, float least, float most);
  /// Where bins start.
  std::vector<float> const& edges() const { return values_; }

  /// Rows with a value.
  std::int64_t count() const { return count_; }
  /// The least value seen, and the largest.
  float least() const { return least_; }
  float most() const { return most_; }
  /// At most one different value (as far as bins tell).
  bool constant() const { return count_ == 0 || least_ == most_; }
  /// Mean rank, from 1 to count(), of the rows that have this value; binned: of its bin.
  double rank(float value) const;
  /// bins - 1 inner edges of bins of equal frequency: numpy.quantile(x, i / bins), linear interpolation; binned: the
  /// edge nearest to it in rank.
  std::vector<double> inner_edges(std::int64_t bins) const;
  /// The k-th largest, k from 1; exact columns only.
  float largest(std::int64_t k) const { return value_at(count_ - k); }
  /// Half the largest share of the rows in a bin of unequal values: by so much a rank may be off. 0 when exact.
  double rank_error() const;

 private:
  void index();
  std::size_t cell(float value) const;
  std::size_t bin(float value) const;
  float value_at(std::int64_t place) const;

  bool binned_ = false;
  std::int64_t count_ = 0;
  float least_ = 0, most_ = 0;  // of the values seen
  std::vector<float> values_;   // exact: those seen, after finish() the different ones, ascending; binned: edges
  // values_ lies in a grid of equal cells, in whose one a value is looked for: cell c starts at place starts_[c].
  std::vector<std::uint32_t> starts_;
  double scale_ = 0;                  // cells by unit of value
  std::vector<std::int64_t> counts_;  // binned: of bin i, [edge i-1, edge i)
  std::vector<std::int64_t> before_;  // after finish(): rows before value (bin) i, and in the end all rows
};

/// The different values of a column while they are few.
class ColumnClasses {
 public:
  static constexpr std::size_t most = 16;

  void insert(float value);
  void add(ColumnClasses const& other);
  void clear() { *this = {}; }
  /// Collective.
  void merge(comm::Communicator const& comm);
  /// Ascending; empty when there are more than `most`.
  std::span<float const> values() const { return values_; }
  /// Values that bring another object to where this one is when it has seen them.
  std::vector<float> seen() const;

 private:
  std::vector<float> values_;
  bool too_many_ = false;
};

/// The largest values of a column.
class TopValues {
 public:
  explicit TopValues(std::int64_t size = 0) : size_(static_cast<std::size_t>(size)) {}

  void insert(float value);
  void add(TopValues const& other);
  void clear() { heap_.clear(); }
  /// Collective.
  void merge(comm::Communicator const& comm);
  /// Sorts, largest first.
  void finish();
  /// The k-th largest, k from 1, after finish().
  float largest(std::int64_t k) const { return heap_[static_cast<std::size_t>(k - 1)]; }
  std::int64_t count() const { return static_cast<std::int64_t>(heap_.size()); }
  /// All of them, in no order.
  std::vector<float> const& seen() const { return heap_; }

 private:
  std::size_t size_;
  std::vector<float> heap_;  // the least on top
};

}  // namespace sonde::inspect
