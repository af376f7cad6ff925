// Texts as records. The first byte chooses how they are cut, and the name of the file.
#include <array>
#include <vector>

#include "comm/communicator.hpp"
#include "fuzz/fuzz.hpp"
#include "io/datasets/text.hpp"

using namespace sonde;

namespace {

void read(std::string const& path, io::TextOptions const& options) {
  fuzz::reads([&] {
    auto const data = io::open_text(path, options, comm::Communicator());
    std::vector<std::uint8_t> weights(static_cast<std::size_t>(data->symbols()));
    std::vector<float> ids(weights.size());
    for (std::int64_t const record : {std::int64_t{0}, data->size() - 1}) {
      data->record(record);
      data->weights(record, weights.data());
      data->read({&record, 1}, ids.data());
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  io::TextOptions options;
  options.vocabulary = fuzz::put(
      "vocabulary.json", R"({"a": 0, "b": 1, "é": 2, "ab": 3, " ": 4, "<unk>": 5, "\n": 6, "\r": 7, "日本": 8})");
  unsigned const choice = data[0];
  if (choice & 1U) options.record = "window:5";
  if (choice & 2U) options.pad = "left,0";
  if (choice & 4U) options.pad = "right,9";
  if (choice & 8U) options.start = 10;
  if (choice & 16U) options.length = 6;
  constexpr std::array<char const*, 4> names{"data.txt", "data.csv", "data.tsv", "data.conllu"};
  std::size_t const name = choice >> 6U;
  if (name == 1 || name == 2) options.column = choice & 32U ? "1" : "text";
  read(fuzz::put(names[name], fuzz::text(data + 1, size - 1)), options);
  return 0;
}
