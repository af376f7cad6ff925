// Spans of bracketed trees: of data without text (token t is row t), and of a text. The first line is that text.
#include <vector>

#include "comm/communicator.hpp"
#include "fuzz/fuzz.hpp"
#include "inspect/hypotheses/hypothesis.hpp"
#include "io/datasets/text.hpp"

using namespace sonde;

namespace {

void evaluate(std::string const& trees, inspect::DataFacts const& facts) {
  for (char const* form : {":time,support=1", ":signal,support=1", ":depth,support=1"}) {
    fuzz::reads([&] {
      auto const hypothesis = inspect::make_spans("h", trees + form, facts);
      auto const columns = static_cast<std::int64_t>(hypothesis->columns().size());
      std::int64_t const record = 0;
      std::vector<float> values(static_cast<std::size_t>(facts.symbols * columns));
      hypothesis->evaluate({{&record, 1}, facts}, values.data(), columns);
    });
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view rest = fuzz::text(data, size);
  std::string const words = fuzz::put("data.txt", fuzz::first_line(rest));
  std::string const trees = fuzz::put("trees.mrg", rest);
  inspect::DataFacts facts;
  facts.records = 1;
  facts.symbols = 12;
  evaluate(trees, facts);
  io::TextOptions options;
  options.vocabulary = fuzz::put("vocabulary.json", R"({"a": 0, "b": 1, "<unk>": 2})");
  std::unique_ptr<io::TextDataset> text;
  fuzz::reads([&] { text = io::open_text(words, options, comm::Communicator()); });
  if (!text) return 0;
  facts.text = text.get();
  facts.symbols = text->symbols();
  evaluate(trees, facts);
  return 0;
}
