// CoNLL-U: as the text of the records, and as their labels.
#include <vector>

#include "comm/communicator.hpp"
#include "fuzz/fuzz.hpp"
#include "inspect/hypotheses/hypothesis.hpp"
#include "io/annotations/conllu.hpp"
#include "io/datasets/text.hpp"

using namespace sonde;

namespace {

void evaluate(inspect::Hypothesis const& hypothesis, inspect::DataFacts const& facts) {
  auto const columns = static_cast<std::int64_t>(hypothesis.columns().size());
  std::vector<float> values(static_cast<std::size_t>(facts.symbols * columns));
  for (std::int64_t const record : {std::int64_t{0}, facts.records - 1}) {
    hypothesis.evaluate({{&record, 1}, facts}, values.data(), columns);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("data.conllu", fuzz::text(data, size));
  io::TextOptions options;
  options.vocabulary = fuzz::put("vocabulary.json", R"({"a": 0, "b": 1, "<unk>": 2})");
  options.pad = "left,3";
  std::unique_ptr<io::TextDataset> text;
  fuzz::reads([&] { text = io::open_text(path, options, comm::Communicator()); });
  inspect::DataFacts facts;
  facts.text = text.get();
  facts.data = text.get();
  facts.records = text ? text->size() : 2;
  facts.symbols = text ? text->symbols() : 8;
  for (char const* column : {"upos", "feats", "feats.Number", "head-distance", "depth"}) {
    fuzz::reads([&] { evaluate(*inspect::make_labels("h", path + ":" + column + ",support=1", facts), facts); });
  }
  return 0;
}
