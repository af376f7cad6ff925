// A measure: affinity scores of unit-hypothesis pairs, from statistics that measures share.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/partition.hpp"
#include "inspect/statistics/order.hpp"
#include "inspect/statistics/statistic.hpp"

namespace sonde::inspect {

/// A further array beside the score: "welch_t", "cohen_d", "f1".
struct ScorePart {
  std::string name, units, description;
  std::vector<double> values;  // (tile units, H)
};

/// Scores of a tile of units with all active hypotheses. NaN: undefined (a constant column, too few rows, ...).
struct Scores {
  std::vector<double> value;    // (tile units, H)
  std::vector<double> stderr_;  // standard error by batch means, without the finite-population factor, which
                                // HalfWidth adds; empty when the measure has none
  std::vector<double> degrees;  // of freedom of Student's t for stderr_; empty with it
  std::vector<double> p_value;  // two-sided, of "no affinity"; empty when the measure has none
  std::vector<ScorePart> parts;
};

/// What all measures of a run know from the start.
struct MeasureContext {
  std::int64_t units = 0;       // U
  std::int64_t hypotheses = 0;  // H at the start
  bool partial = false;         // whether hypotheses may leave rows unannotated (NaN)
  std::int64_t total_rows = 0;  // of the whole data, for the finite-population factor and the size of top sets
};

/// Means of the first block, subtracted from all rows so that large offsets do not cancel. The same on all ranks. Sums
/// in double, divided: the mean of equal floats is then that very value, by which constant columns are known. The first
/// block is among the rows. NaN (a hypothesis without annotated rows) counts as 0.
struct Pilot {
  std::vector<double> unit_mean;        // (U)
  std::vector<double> hypothesis_mean;  // (H)
};

/// The statistics of all measures of a run, each once, for one worker.
class Statistics {
 public:
  explicit Statistics(std::vector<std::unique_ptr<Statistic>> all) : all_(std::move(all)) {}
  void update(Rows const& rows);
  /// Whether all of them can.
  bool takes_tables() const;
  /// Those of all statistics, one after the other.
  std::vector<Sums> sums();
  void retain(std::span<std::int64_t const> hypotheses);
  Statistic const& operator[](std::size_t i) const { return *all_[i]; }

 private:
  std::vector<std::unique_ptr<Statistic>> all_;
};

/// One way of scoring. Immutable; shared by the workers.
class Measure {
 public:
  virtual ~Measure() = default;
  /// As /scores/<name> in the result: "pearson", "mutual-information".
  virtual std::string const& name() const = 0;
  virtual std::string units() const { return "1"; }
  virtual std::string description() const = 0;
  /// The score of a pair without affinity.
  virtual double none() const { return 0; }
  /// Whether finalize() gives standard errors, so that early stopping can bound its error.
  virtual bool has_error() const { return false; }
  /// Scores of the units of `tile`. Pair arrays need to hold only the rows of the tile, vectors all.
  virtual Scores finalize(Statistics const& statistics, comm::Block tile) const = 0;
};

struct Requirements;

/// The independent measures of a run; finds out which statistics they share.
class MeasureSet {
 public:
  /// `texts` as the user gave them: "pearson", "mutual-information:bins=16". Throws InputError.
  MeasureSet(std::vector<std::string> const& texts, MeasureContext const& context);
  ~MeasureSet();

  std::size_t size() const { return measures_.size(); }
  Measure const& operator[](std::size_t i) const { return *measures_[i]; }

  /// Whether all rows must be read once before; and the object to read them into (statistics/order.hpp), one per
  /// worker, from the same pilot rows on all ranks. `memory`: bytes for all workers of the rank together.
  bool needs_order() const;
  std::unique_ptr<Order> make_order(Rows const& pilot, std::size_t memory) const;
  /// With the bins of one that was saved.
  std::unique_ptr<Order> make_order(StateReader const& state, std::size_t memory) const;

  /// Empty statistics for one worker. `order` is null when none is needed, else finished.
  Statistics make_statistics(Pilot const& pilot, std::shared_ptr<Order const> const& order) const;

 private:
  OrderOptions order_options(std::size_t memory) const;

  MeasureContext context_;
  std::unique_ptr<Requirements> required_;
  std::vector<std::unique_ptr<Measure>> measures_;
};

/// One line per measure, for help texts.
std::vector<std::string> measure_usage();

}  // namespace sonde::inspect
