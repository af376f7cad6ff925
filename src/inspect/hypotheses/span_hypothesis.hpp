// Columns of labels that hold over spans of symbols.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/hypotheses/hypothesis.hpp"
#include "inspect/hypotheses/token_rows.hpp"

namespace sonde::inspect {

/// DeepBase's three forms of a span (facts of its figure 3): 1 over the whole span; 1 on its first and last symbol; the
/// number of spans of the label that a symbol lies in.
enum class SpanForm { time, signal, depth };

/// Spans as they are read, in any order.
class SpanList {
 public:
  struct Entry {
    std::int64_t record;
    std::int32_t first, last, label;  // rows [first, last)
  };

  explicit SpanList(DataFacts const& facts);

  /// Symbols [first, last) of a record, counted from the first of its text, after padding and start symbol. Throws
  /// InputError naming the record when it does not exist or has no such symbols.
  void add_symbols(std::int64_t record, std::int64_t first, std::int64_t last, std::int32_t label);
  /// Rows of a record that exist. Throws InputError when the list outgrows half of the memory.
  void add_rows(std::int64_t record, RowRange rows, std::int32_t label);
  std::vector<Entry>& entries() { return entries_; }

 private:
  std::int64_t records_;
  RecordRows rows_;
  std::size_t most_;  // entries that fit
  std::vector<Entry> entries_;
};

/// What a SpanHypothesis is made of.
struct SpanColumns {
  std::string name;                 // of the hypothesis; columns are NAME=LABEL
  std::vector<std::string> labels;  // of SpanList::Entry::label
  SpanForm form = SpanForm::time;
  std::int64_t support = default_support;  // a label has a column when its spans cover as many rows of the data
  std::string fingerprint;

  static constexpr std::int64_t default_support = 20;
};

class SpanHypothesis : public Hypothesis {
 public:
  /// Columns are in the order of their labels, numbers by value. With SpanForm::depth column 0, NAME, counts the spans
  /// of all labels. Throws InputError when no label has the support.
  SpanHypothesis(SpanColumns columns, SpanList spans, DataFacts const& facts);

  std::vector<std::string> const& columns() const override { return names_; }
  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override;
  std::string fingerprint() const override { return fingerprint_; }

 private:
  struct Span {
    std::int32_t first, last;
    std::int32_t column;  // -1: only counted in the depth of all labels
  };

  void choose_columns(SpanColumns const& columns, std::vector<std::int64_t> const& support,
                      std::vector<std::int32_t>& column_of);
  void fill(Span const& span, float* rows, std::int64_t stride) const;

  SpanForm form_;
  std::string fingerprint_;
  std::vector<std::string> names_;
  std::vector<std::int64_t> start_;  // (records + 1) spans of a record are spans_[start_[r], start_[r + 1])
  std::vector<Span> spans_;
};

/// Whether `a` comes before `b` as the name of a label: numbers by value and before texts, texts by their bytes.
bool label_less(std::string const& a, std::string const& b);

}  // namespace sonde::inspect
