// The vocabulary of a text.
#include "comm/communicator.hpp"
#include "fuzz/fuzz.hpp"
#include "io/datasets/text.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  io::TextOptions options;
  options.vocabulary = fuzz::put("vocabulary.json", fuzz::text(data, size));
  std::string const path = fuzz::put("data.txt", "SELECT a\nFROM b\xc3\xa9\n");
  for (bool const unknown : {false, true}) {
    if (unknown) options.unknown = 1;
    options.pad = "left,0";
    fuzz::reads([&] { io::open_text(path, options, comm::Communicator()); });
  }
  return 0;
}
