// CSV and TSV data: all columns, chosen columns, labels.
#include "fuzz/read_records.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("data.csv", fuzz::text(data, size));
  fuzz::read_records(path);
  io::DataOptions chosen;
  chosen.columns = "0,b-c,2-3";
  chosen.label_column = "label";
  fuzz::read_records(path, chosen);
  fuzz::reads([&] { io::read_labels(path, "label", comm::Communicator()); });
  fuzz::read_records(fuzz::put("data.tsv", fuzz::text(data, size)));
  return 0;
}
