// Runs a data set through models, a fixed block of records at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "backend/rows.hpp"
#include "backend/unit_table.hpp"
#include "comm/partition.hpp"
#include "io/datasets/dataset.hpp"
#include "nn/runner.hpp"

namespace sonde::nn {

struct ScanOptions {
  backend::BackendMaker make_backend = backend::backend_maker("auto");
  std::int64_t batch = 64;                     // records of a block
  int threads = 1;                             // workers of this rank, each on a block of its own
  std::vector<std::vector<int>> kept_nodes{};  // per model, see RunnerOptions; or empty
  bool only_kept = false;                      // see RunnerOptions
};

/// Blocks are cut by position in the data, whatever the number of ranks and threads, and always run at the full batch
/// size: so neither changes a bit of what the models compute.
class Scan {
 public:
  using Networks = std::vector<std::shared_ptr<Network const>>;

  /// Throws InputError when the records do not fit a model, or a model the backend.
  Scan(Networks networks, std::shared_ptr<io::Dataset const> records, io::ModelDomain const& domain,
       ScanOptions options);
  ~Scan();

  Networks const& networks() const { return networks_; }
  io::Dataset const& records() const { return *records_; }
  ScanOptions const& options() const { return options_; }
  /// Name of the backend of a model: "cpu/lanes".
  std::string backend_name(std::size_t model) const { return backends_[model]->name(); }
  std::int64_t blocks() const;
  /// The records of blocks [blocks.first, blocks.first + blocks.count).
  comm::Block records_of(comm::Block blocks) const;
  /// Bytes of activations of all workers.
  std::size_t bytes() const;

  /// Runs at most options().batch records of any kind through the models, in the copies of one worker; to be called for
  /// one worker by one thread at a time. Returns its runners, one per model.
  std::vector<Runner>& forward(int worker, std::span<std::int64_t const> indices);

  /// One block that a worker has just run through its runners, one per model; only the first `count` samples are
  /// records.
  struct Visit {
    int worker;
    std::int64_t first, count;
    std::vector<Runner>& runners;
  };
  /// Calls visit for every block of `blocks`, from several threads at once and in no particular order, and progress
  /// from the calling thread with the number of records done. Rethrows the first failure. Not collective.
  void run(comm::Block blocks, std::function<void(Visit const&)> const& visit,
           std::function<void(std::int64_t)> const& progress);
  /// A table for what its runners compute; null where that is in the host's memory.
  std::unique_ptr<backend::UnitTable> make_unit_table() const { return backends_.front()->make_unit_table(); }

 private:
  struct Worker;

  Networks networks_;
  std::shared_ptr<io::Dataset const> records_;
  ScanOptions options_;
  double lo_ = 0, range_ = 1;  // stored = lo + x range
  backend::DomainMap map_;
  std::vector<std::shared_ptr<backend::Backend const>> backends_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace sonde::nn
