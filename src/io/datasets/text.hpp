// Text as records: symbols of a vocabulary, a fixed number in each record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/datasets/dataset.hpp"

namespace sonde::io {

/// How a text file becomes records: --vocab, --record, --length, --pad, --start, --unknown, --columns.
struct TextOptions {
  std::string vocabulary;       // JSON file: {"symbol": id, ...}; symbols are one or more UTF-8 characters
  std::string record = "line";  // "line": one record a line (length: the longest, or --length: longer ones are cut
                                // after it); "window:N": N symbols after each other, without overlap; the last,
                                // shorter one is padded, or left out when there is no padding
  std::int64_t length = 0;      // symbols of a record, start symbol included; 0: as `record` says
  std::string pad;              // "left,ID" or "right,ID": where and with which id short records are filled
  std::optional<std::int64_t> start;    // id put before the first symbol of every record
  std::optional<std::int64_t> unknown;  // id of characters that are no symbol; empty: that of "<unk>", or an error
  std::string column;                   // of a .csv or .tsv: whose fields are the records (name or number from 0)
};

/// One record's text and where its symbols stand in it.
struct RecordText {
  std::string text;                  // UTF-8, without padding and start symbol
  std::vector<std::uint32_t> first;  // (symbols + 1) symbol s is text[first[s], first[s + 1]); empty for padding and
                                     // for the start symbol
};

/// Records of token ids. As a Dataset its sample shape is (symbols) and its values are ids; the range is not known, so
/// that ids reach a model as they are.
class TextDataset : public Dataset {
 public:
  /// Symbols of a record, padding and start symbol included.
  std::int64_t symbols() const { return sample_shape().front(); }
  /// Number of ids: one more than the largest of the vocabulary, padding and start.
  virtual std::int64_t ids() const = 0;
  /// Thread safe.
  virtual RecordText record(std::int64_t index) const = 0;
  /// weights (symbols) = 1 for symbols of the text, 0 for padding and the start symbol. Thread safe.
  virtual void weights(std::int64_t index, std::uint8_t* weights) const = 0;

 protected:
  using Dataset::Dataset;
};

/// Opens a text file (.txt or any other; also .gz). Its sha256() covers the file, the vocabulary and the options:
/// everything that decides the records. Collective, as open_dataset. Throws InputError naming line and symbol for text
/// that the vocabulary does not hold or that is not UTF-8, and for a damaged vocabulary.
std::unique_ptr<TextDataset> open_text(std::string const& path, TextOptions const& options,
                                       comm::Communicator const& comm);

}  // namespace sonde::io
