// IDX data, plain or gzip.
#include "fuzz/read_records.hpp"

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  sonde::fuzz::read_records(sonde::fuzz::put("data.idx", sonde::fuzz::text(data, size)));
  return 0;
}
