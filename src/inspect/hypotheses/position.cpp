// position: the number of a symbol in its record, from its end, in its word or in its line.
#include <algorithm>

#include "base/check.hpp"
#include "inspect/hypotheses/text_hypothesis.hpp"

namespace sonde::inspect {
namespace {

enum class From { start, end, word, line };

class Position : public Hypothesis {
 public:
  Position(std::string const& name, From from) : columns_{name}, from_(from), words_(name, "[\\pL\\pM\\pN_]+") {}

  std::vector<std::string> const& columns() const override { return columns_; }
  std::string fingerprint() const override { return digest("position:" + std::to_string(static_cast<int>(from_))); }

  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override {
    std::int64_t const symbols = block.facts.symbols;
    for (std::int64_t const index : block.records) {
      if (block.facts.text != nullptr) {
        of_text(block.facts.text->record(index), values, stride);
      } else {
        for (std::int64_t s = 0; s < symbols; ++s) {
          values[s * stride] = static_cast<float>(from_ == From::start ? s : symbols - 1 - s);
        }
      }
      values += symbols * stride;
    }
  }

 private:
  void of_text(io::RecordText const& record, float* values, std::int64_t stride) const {
    std::vector<TextPart> const words = from_ == From::word ? words_.find(record.text) : std::vector<TextPart>{};
    auto word = words.begin();
    std::int64_t place = 0;  // counted from 0 in record or line, from 1 in a word
    std::int64_t const count = [&] {
      std::int64_t with_text = 0;
      for (std::size_t s = 0; s + 1 < record.first.size(); ++s) with_text += record.first[s] < record.first[s + 1];
      return with_text;
    }();
    for (std::size_t s = 0; s + 1 < record.first.size(); ++s, values += stride) {
      std::size_t const first = record.first[s], last = record.first[s + 1];
      *values = 0;
      if (first == last) continue;
      if (from_ == From::word) {
        while (word != words.end() && word->last <= first) ++word;
        bool const inside = word != words.end() && word->first < last;
        place = !inside ? 0 : word->first >= first ? 1 : place + 1;
        *values = static_cast<float>(place);
        continue;
      }
      *values = static_cast<float>(from_ == From::end ? count - 1 - place : place);
      bool const line_ends = from_ == From::line && record.text[last - 1] == '\n';
      place = line_ends ? 0 : place + 1;
    }
  }

  std::vector<std::string> columns_;
  From from_;
  Pattern words_;
};

}  // namespace

std::unique_ptr<Hypothesis> make_position(std::string const& name, std::string const& arguments,
                                          DataFacts const& facts) {
  std::vector<std::string> const names{"", "end", "word", "line"};
  auto const found = std::find(names.begin(), names.end(), arguments);
  VALIDATE(found != names.end(), "hypothesis " << name << ": position:" << arguments
                                               << " is unknown (no such place to count from). Give position, "
                                                  "position:end, position:word or position:line.");
  auto const from = static_cast<From>(found - names.begin());
  if (from == From::word || from == From::line) require_text(name, "position:" + arguments, facts);
  return std::make_unique<Position>(name, from);
}

}  // namespace sonde::inspect
