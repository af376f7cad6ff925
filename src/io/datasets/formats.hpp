// The data formats: how each is recognised and opened. A new format is one file, one line in open_dataset.cpp, one
// test.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "io/datasets/dataset.hpp"

namespace sonde::io {

/// A data argument, looked at: "digits.npz:images" has the path "digits.npz" and the part "images".
struct DataSource {
  std::string spec, path, part;
  bool folder = false;
  bool gzip = false;
  std::string suffix;           // of the path in lower case without .gz: ".csv"
  std::vector<std::byte> head;  // first bytes, inflated
};

// Whether a source is of the format.
bool is_idx_source(DataSource const& source);
bool is_npy_source(DataSource const& source);
bool is_npz_source(DataSource const& source);
bool is_hdf5_source(DataSource const& source);
bool is_csv_source(DataSource const& source);
bool is_image_folder(DataSource const& source);

// Opens a source of the format. Collective, errors as open_dataset.
using OpenFormat = std::unique_ptr<Dataset>(DataSource const& source, DataOptions const& options,
                                            comm::Communicator const& comm);
OpenFormat open_idx, open_npy, open_npz, open_hdf5, open_csv, open_image_folder;

}  // namespace sonde::io
