// Data, labels and spans in a valid HDF5 file (container.hpp).
#include <vector>

#include "fuzz/container.hpp"
#include "fuzz/read_records.hpp"
#include "inspect/hypotheses/hypothesis.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put_container("data.h5", fuzz::text(data, size));
  fuzz::read_records(path + ":/data");
  inspect::DataFacts facts;
  facts.records = 3;
  facts.symbols = 4;
  auto const evaluate = [&](std::unique_ptr<inspect::Hypothesis> const& hypothesis) {
    auto const columns = static_cast<std::int64_t>(hypothesis->columns().size());
    std::vector<std::int64_t> const records{0, 1, 2};
    std::vector<float> values(static_cast<std::size_t>(3 * facts.symbols * columns));
    hypothesis->evaluate({records, facts}, values.data(), columns);
  };
  for (char const* as : {"automatic", "category"}) {
    fuzz::reads([&] { evaluate(inspect::make_labels("h", path + ":/data,support=1,as=" + as, facts)); });
  }
  fuzz::reads([&] { evaluate(inspect::make_spans("h", path + ":/spans:time,support=1", facts)); });
  return 0;
}
