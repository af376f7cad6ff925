// In which order records are read, which of them are held out for joint probes, and how they are cut into blocks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sonde::inspect {

/// Records that joint probes are scored on and not trained on.
struct Holdout {
  enum class Kind { hash, modulo } kind = Kind::hash;
  double share = 0.2;       // hash: of all records, drawn by record number
  std::int64_t modulo = 5;  // modulo: records whose number is a multiple of it
};

/// Reads "hash:SHARE" or "modulo:N". Throws InputError.
Holdout parse_holdout(std::string const& text);

struct ScanOrderOptions {
  bool shuffle = true;
  std::uint64_t rng_seed = 0;
  bool hold_out = false;  // whether there are probes
  Holdout holdout;
  std::int64_t block = 1;  // records
};

/// The same on every rank: depends on the options and the number of records alone. Blocks are made of whole records;
/// those of held-out records come last.
class ScanOrder {
 public:
  ScanOrder(std::int64_t records, ScanOrderOptions const& options);

  std::int64_t records() const { return static_cast<std::int64_t>(order_.size()); }
  std::int64_t training_records() const { return training_; }
  std::int64_t blocks() const { return training_blocks_ + held_out_blocks_; }
  std::int64_t training_blocks() const { return training_blocks_; }
  /// The records of a block, as places in the data.
  std::span<std::int64_t const> block(std::int64_t number) const;

 private:
  std::vector<std::int64_t> order_;  // training records, then held-out ones
  std::int64_t block_ = 1, training_ = 0, training_blocks_ = 0, held_out_blocks_ = 0;
};

}  // namespace sonde::inspect
