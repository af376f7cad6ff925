// Labels from tables and arrays, and the file of categories of masks. The first byte chooses.
#include <array>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "inspect/hypotheses/hypothesis.hpp"

using namespace sonde;

namespace {

void evaluate(inspect::Hypothesis const& hypothesis, inspect::DataFacts const& facts) {
  auto const columns = static_cast<std::int64_t>(hypothesis.columns().size());
  std::vector<std::int64_t> const records{0, 1, 2};
  std::vector<float> values(static_cast<std::size_t>(3 * facts.symbols * columns));
  hypothesis.evaluate({records, facts}, values.data(), columns);
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  unsigned const choice = data[0];
  std::string_view const bytes = fuzz::text(data + 1, size - 1);
  inspect::DataFacts facts;
  facts.records = 3;
  facts.symbols = choice & 4U ? 1 : 4;
  if (choice & 8U) {
    static std::string const masks = fuzz::put("masks.npy", [] {
      std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }";
      header.resize(117, ' ');
      return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + std::string("\0\1\2\3\0\1\2\3\4\4\4\4", 12);
    }());
    std::string const categories = fuzz::put("categories.txt", bytes);
    facts.symbols = 4;
    fuzz::reads([&] {
      evaluate(*inspect::make_mask("h", masks + ",size=2,support=1,categories=" + categories, facts), facts);
    });
    return 0;
  }
  constexpr std::array<char const*, 3> names{"labels.csv", "labels.tsv", "labels.npy"};
  std::string const path = fuzz::put(names[(choice >> 6U) % 3], bytes);
  for (char const* part : {"", ":label", ":1"}) {
    for (char const* as : {"automatic", "number", "category"}) {
      fuzz::reads([&] { evaluate(*inspect::make_labels("h", path + part + ",support=1,as=" + as, facts), facts); });
    }
  }
  return 0;
}
