// A hypothesis of one column that is 1 on parts of a record's text.
#pragma once

#include <string>
#include <vector>

#include "inspect/hypotheses/hypothesis.hpp"
#include "inspect/hypotheses/regex.hpp"

namespace sonde::inspect {

class TextHypothesis : public Hypothesis {
 public:
  enum class Mark { all, ends };  // every symbol of a part; its first and its last

  std::vector<std::string> const& columns() const override { return columns_; }
  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override;
  std::string fingerprint() const override { return fingerprint_; }

 protected:
  /// `definition`, kind and arguments and the content of files, is what the fingerprint is made of. Throws InputError
  /// when the data are not text.
  TextHypothesis(std::string const& name, std::string const& definition, DataFacts const& facts, Mark mark = Mark::all);

 private:
  /// The parts from left to right, none empty, none overlapping; a symbol is marked when a byte of it is in one.
  virtual std::vector<TextPart> find(std::string_view text) const = 0;

  std::vector<std::string> columns_;
  std::string fingerprint_;
  Mark mark_;
};

/// Throws InputError naming hypothesis and kind when the data are not text.
void require_text(std::string const& name, std::string const& kind, DataFacts const& facts);

/// sha256 of a text, for fingerprints.
std::string digest(std::string const& text);

/// A hypothesis of what `pattern` finds.
std::unique_ptr<Hypothesis> make_match(std::string const& name, std::string const& definition, Pattern pattern,
                                       DataFacts const& facts, TextHypothesis::Mark mark = TextHypothesis::Mark::all);

}  // namespace sonde::inspect
