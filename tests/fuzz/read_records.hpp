// Opens a data set and reads its first, last and middle records.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "fuzz/fuzz.hpp"
#include "io/datasets/dataset.hpp"

namespace sonde::fuzz {

inline void read_records(std::string const& spec, io::DataOptions const& options = {}) {
  reads([&] {
    auto const data = io::open_dataset(spec, options, comm::Communicator());
    std::vector<std::int64_t> const records{0, data->size() / 2, data->size() - 1};
    constexpr std::int64_t most = 1 << 24;  // what a record holds is bounded by its file, three times it is not
    if (volume(data->sample_shape()) > most) return;
    std::vector<float> values(records.size() * static_cast<std::size_t>(volume(data->sample_shape())));
    data->read(records, values.data());
  });
}

}  // namespace sonde::fuzz
