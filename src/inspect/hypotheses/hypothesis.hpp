// A hypothesis: what a unit might be detecting, as numbers, one per symbol of a record (DeepBase's hypothesis
// function).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inspect/record_block.hpp"

namespace sonde::inspect {

class Hypothesis {
 public:
  virtual ~Hypothesis() = default;

  /// Names of its columns, at least one: {"quote"}, {"upos=NOUN", "upos=VERB", ...}.
  virtual std::vector<std::string> const& columns() const = 0;

  /// values[row * stride + column] for each row (records in the order of the block, their symbols in order) and each of
  /// its columns. NaN says that the row is not annotated for the column; only kinds with partial() may give it.
  /// Thread safe. Throws InputError naming record and cause for values that are not finite or rows that are too few.
  virtual void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const = 0;

  /// Whether rows may be left out of a column.
  virtual bool partial() const { return false; }

  /// Whether it takes longer to evaluate than to read back: then --cache keeps its columns.
  virtual bool costly() const { return false; }

  /// sha256 over everything that decides the values beside the data: kind, arguments and the content of its files.
  virtual std::string fingerprint() const = 0;
};

/// Makes a hypothesis from "NAME=KIND:ARGS". Throws InputError for an unknown kind (naming the known), and with what
/// the kind says about its arguments and files.
std::unique_ptr<Hypothesis> make_hypothesis(std::string const& text, DataFacts const& facts);

/// "regex:PATTERN  1 on every symbol of a match ...", one line per kind, for help texts.
std::vector<std::string> hypothesis_usage();

// The kinds, each in the file of its name. `name` is the user's; `arguments` what follows "KIND:".
using MakeHypothesis = std::unique_ptr<Hypothesis>(std::string const& name, std::string const& arguments,
                                                   DataFacts const& facts);
MakeHypothesis make_regex, make_regex_ends, make_regex_group, make_class, make_keywords, make_position, make_python;
MakeHypothesis make_labels, make_spans, make_mask;

}  // namespace sonde::inspect
