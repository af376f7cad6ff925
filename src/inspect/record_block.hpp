// Records as hypotheses see them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/datasets/text.hpp"

namespace sonde::inspect {

/// What hypotheses are told of the data when they are made.
struct DataFacts {
  std::int64_t records = 0;
  std::int64_t symbols = 1;               // rows of a record: symbols of a text, time steps, pixels of a mask; 1 when a
                                          // record is one row
  io::TextDataset const* text = nullptr;  // null unless the data are text
  io::Dataset const* data = nullptr;      // null when behaviours are read from a file and no data are given
  std::vector<io::ImageStep> const* steps = nullptr;  // of --preprocess: masks are resized and cropped as their images
  double python_timeout = 60;                         // a call of a Python function that takes longer ends the run [s]
};

/// n records of a data set.
struct RecordBlock {
  std::span<std::int64_t const> records;  // (n) place of each in the data, in no particular order
  DataFacts const& facts;

  std::int64_t rows() const { return static_cast<std::int64_t>(records.size()) * facts.symbols; }
};

}  // namespace sonde::inspect
