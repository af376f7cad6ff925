#include "inspect/hypotheses/text_hypothesis.hpp"

#include <span>

#include "base/check.hpp"
#include "io/provenance.hpp"

namespace sonde::inspect {
namespace {

class Match : public TextHypothesis {
 public:
  Match(std::string const& name, std::string const& definition, Pattern pattern, DataFacts const& facts, Mark mark)
      : TextHypothesis(name, definition, facts, mark), pattern_(std::move(pattern)) {}

 private:
  std::vector<TextPart> find(std::string_view text) const override { return pattern_.find(text); }

  Pattern pattern_;
};

}  // namespace

TextHypothesis::TextHypothesis(std::string const& name, std::string const& definition, DataFacts const& facts,
                               Mark mark)
    : columns_{name}, fingerprint_(digest(definition)), mark_(mark) {
  require_text(name, definition.substr(0, definition.find(':')), facts);
}

void TextHypothesis::evaluate(RecordBlock const& block, float* values, std::int64_t stride) const {
  auto const symbols = static_cast<std::size_t>(block.facts.symbols);
  for (std::int64_t const index : block.records) {
    io::RecordText const record = block.facts.text->record(index);
    std::vector<TextPart> const parts = find(record.text);
    std::size_t k = 0;
    for (std::size_t s = 0; s < symbols; ++s, values += stride) {
      std::size_t const first = record.first[s], last = record.first[s + 1];
      *values = 0;
      while (k < parts.size() && parts[k].last <= first) ++k;
      // Symbols of several characters may touch several parts.
      for (std::size_t p = k; p < parts.size() && parts[p].first < last && first < last; ++p) {
        bool const end = first <= parts[p].first || last >= parts[p].last;
        if (mark_ == Mark::all || end) *values = 1;
      }
    }
  }
}

void require_text(std::string const& name, std::string const& kind, DataFacts const& facts) {
  VALIDATE(facts.text != nullptr, "hypothesis "
                                      << name << ": " << kind
                                      << " looks at text (the data are none). Give text data with --vocab, or "
                                         "another kind of hypothesis.");
}

std::string digest(std::string const& text) { return io::sha256_of(std::as_bytes(std::span(text))); }

std::unique_ptr<Hypothesis> make_match(std::string const& name, std::string const& definition, Pattern pattern,
                                       DataFacts const& facts, TextHypothesis::Mark mark) {
  return std::make_unique<Match>(name, definition, std::move(pattern), facts, mark);
}

}  // namespace sonde::inspect
