// NPZ data: members stored and deflated.
#include "fuzz/read_records.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("data.npz", fuzz::text(data, size));
  fuzz::read_records(path);
  fuzz::read_records(path + ":images");
  return 0;
}
