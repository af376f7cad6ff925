// --cache DIR: columns of hypotheses, kept from run to run.
//
// An engine wraps those that are costly() and saves at its end, and where it writes a checkpoint:
//
//   std::string const data = data_key(facts, "--vocab ... --record ...");   // once
//   if (hypothesis->costly()) hypothesis = std::make_unique<HypothesisCache>(std::move(hypothesis), dir, data, facts);
//   ...evaluate, on any threads...
//   cache->save();
//
// A key has a folder DIR/KEY; each save() of each rank adds one file to it, written under another name and renamed, and
// files are never changed. So ranks and jobs need not know of each other: all files of a key are read together, and
// what none of them holds is evaluated. Within a run, a second pass is served from what the first has evaluated.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::inspect {

/// What decides the records: their number and size, the content of the data, and `options`, the text of all options
/// that change how they are read. Of text every symbol enters.
std::string data_key(DataFacts const& facts, std::string const& options);

/// An open file of records; closed at the end.
class CacheFile;

class HypothesisCache : public Hypothesis {
 public:
  /// Reads what `directory` holds for this hypothesis on these data; files that are damaged are named in a warning and
  /// removed. Throws InputError when the directory cannot be made.
  HypothesisCache(std::unique_ptr<Hypothesis> inner, std::string const& directory, std::string const& data,
                  DataFacts const& facts);
  ~HypothesisCache() override;

  std::vector<std::string> const& columns() const override { return inner_->columns(); }
  bool partial() const override { return inner_->partial(); }
  bool costly() const override { return false; }
  std::string fingerprint() const override { return inner_->fingerprint(); }

  /// The same bits as the hypothesis gives.
  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override;

  /// Keeps what was evaluated since the last save. A disk that is full is a warning: nothing is kept then. Not while
  /// another thread evaluates.
  void save();

  std::int64_t records_read() const { return read_; }
  std::int64_t records_evaluated() const { return evaluated_; }

 private:
  struct Place {
    std::int64_t record = 0, offset = 0, bytes = 0;
    std::uint64_t checksum = 0;
  };
  struct Known {
    std::int32_t file = -1;  // -1: not known
    Place place;
  };

  void load(std::string const& path);
  bool fetch(std::int64_t record, float* values, std::int64_t stride) const;
  void forget(std::int32_t file, std::int64_t record) const;
  void keep(std::int64_t record, std::vector<std::uint8_t> const& bytes) const;
  void stop_writing(char const* what) const;
  void start_file() const;

  std::unique_ptr<Hypothesis> inner_;
  std::string folder_, key_;
  std::int64_t symbols_;
  mutable std::mutex mutex_;  // of everything below
  mutable std::vector<std::unique_ptr<CacheFile>> files_;
  mutable std::vector<Known> known_;    // (records)
  mutable std::vector<Place> unsaved_;  // in the last of files_
  mutable std::string writing_;         // path of that file; empty: there is none
  mutable std::int64_t end_ = 0;        // of it
  mutable bool broken_ = false;         // the disk is full, or the like
  mutable std::int64_t read_ = 0, evaluated_ = 0;
};

/// Values (symbols) of each column in few bytes: one value, bits, a palette of at most 255 values, or floats. Exact to
/// the bit, NaN included. `values` has `stride` between symbols.
std::vector<std::uint8_t> pack_columns(float const* values, std::int64_t symbols, std::int64_t columns,
                                       std::int64_t stride);
/// The inverse; false for bytes that pack_columns does not make.
bool unpack_columns(std::vector<std::uint8_t> const& bytes, std::int64_t symbols, std::int64_t columns, float* values,
                    std::int64_t stride);

}  // namespace sonde::inspect
