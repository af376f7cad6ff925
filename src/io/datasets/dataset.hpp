// Records to be fed to models, independent of the format they are stored in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/shape.hpp"
#include "io/element_type.hpp"
#include "io/preprocess.hpp"

namespace sonde::comm {
class Communicator;
}

namespace sonde::io {

/// What values a data set holds, after the stored part of --preprocess.
struct StoredDomain {
  ElementType type = ElementType::uint8;
  bool integer = true;
  bool known = false;  // whether the range is
  double lo = 0, hi = 0;
  std::int64_t levels =
      0;  // distinct values from lo to hi of integer data, hi - lo + 1; 0 for floats or an unknown range
};

/// --input-range LO,HI
using InputRange = std::pair<double, double>;

/// Parses "LO,HI". Throws InputError when these are not two finite numbers, the first the smaller.
InputRange parse_input_range(std::string const& text);

/// Domain of a type: integers of 8 and 16 bits imply their range, `range` replaces it. Throws InputError when the range
/// does not fit the type or, for integers, is not made of whole numbers that float32 holds (up to 2^24).
StoredDomain domain_of(ElementType type, std::optional<InputRange> const& range);

/// How a data argument is to be read.
struct DataOptions {
  Preprocess preprocess;       // its stored part
  std::string columns;         // CSV: "age,3,5-8,a-c" by name or number from 0; empty: all but the label
  std::string label_column;    // CSV: name or number from 0; empty: none
  std::optional<bool> header;  // CSV: whether line 1 holds names; empty: it does when none of its fields is a number
  std::optional<InputRange> input_range;
};

/// What is known of a data set once it is open.
struct DatasetInfo {
  std::string path;    // as given
  std::string sha256;  // of the file; for a folder over the names and contents of its images
  std::int64_t size = 0;
  Shape sample_shape;
  StoredDomain domain;
  std::vector<std::string> feature_names;  // of a CSV with a header
  std::vector<std::string> record_names;   // file names of a folder of images
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  std::string const& path() const { return info_.path; }
  std::string const& sha256() const { return info_.sha256; }
  /// Number of records, at least 1.
  std::int64_t size() const { return info_.size; }
  /// Images (height, width, channels), tables (features).
  Shape const& sample_shape() const { return info_.sample_shape; }
  StoredDomain const& domain() const { return info_.domain; }
  /// One per feature, or empty.
  std::vector<std::string> const& feature_names() const { return info_.feature_names; }
  /// File name of an image; empty for other data.
  std::string record_name(std::int64_t record) const;
  DatasetInfo const& info() const { return info_; }

  /// rows (indices.size(), F) = the stored values of those records; reads nothing else. Throws InputError naming the
  /// record for a value that is not finite or lies outside a known range. Not collective; thread safe.
  void read(std::span<std::int64_t const> indices, float* rows) const;

  /// Throws InputError, asking for --input-range, when the range is not known.
  void require_range() const;

 protected:
  explicit Dataset(DatasetInfo info) : info_(std::move(info)) {}

 private:
  /// read() without the checks.
  virtual void fetch(std::span<std::int64_t const> indices, float* rows) const = 0;

  DatasetInfo info_;
};

/// Opens `spec`: an IDX, .npy, .npz:NAME or CSV file (.csv, .tsv), each also gzip; FILE.h5:/DATASET; or a folder of
/// JPEG and PNG. Collective: all ranks call it with the same arguments, and either all return or all throw the same
/// InputError.
std::unique_ptr<Dataset> open_dataset(std::string const& spec, DataOptions const& options,
                                      comm::Communicator const& comm);

/// One number per record: a class, or a target of a regression.
struct Labels {
  std::vector<double> values;
  bool integer = false;  // all are whole numbers
};

/// Reads labels from any data set of one number per record: an IDX or NPY of extent (N), a CSV's `label_column` (or its
/// only column). Collective, as open_dataset.
Labels read_labels(std::string const& spec, std::string const& label_column, comm::Communicator const& comm);

}  // namespace sonde::io
