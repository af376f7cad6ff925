#include "inspect/hypotheses/span_hypothesis.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>

#include "base/check.hpp"
#include "io/datasets/file_bytes.hpp"

namespace sonde::inspect {

namespace {

std::optional<double> to_number(std::string const& text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value != value) return std::nullopt;
  return value;
}

/// Rows of the data that each label covers. Entries are sorted by record and first row.
std::vector<std::int64_t> covered_rows(std::vector<SpanList::Entry> const& entries, std::size_t labels) {
  std::vector<std::int64_t> rows(labels, 0);
  std::vector<std::int64_t> record(labels, -1);
  std::vector<std::int32_t> until(labels, 0);  // covered so far in `record`
  for (SpanList::Entry const& entry : entries) {
    auto const label = static_cast<std::size_t>(entry.label);
    if (record[label] != entry.record) until[label] = 0;
    record[label] = entry.record;
    rows[label] += std::max(0, entry.last - std::max(entry.first, until[label]));
    until[label] = std::max(until[label], entry.last);
  }
  return rows;
}

}  // namespace

bool label_less(std::string const& a, std::string const& b) {
  auto const x = to_number(a);
  auto const y = to_number(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return a < b;
}

SpanList::SpanList(DataFacts const& facts)
    : records_(facts.records), rows_(facts), most_(static_cast<std::size_t>(io::memory_limit()) / 64) {}

void SpanList::add_symbols(std::int64_t record, std::int64_t first, std::int64_t last, std::int32_t label) {
  VALIDATE(record >= 0 && record < records_, "a span is of record " << record << " but the data have " << records_
                                                                    << " (counted from 0). Give the spans of these "
                                                                       "data.");
  RowRange const rows = rows_.of(record);
  VALIDATE(first >= 0 && first <= last && last <= rows.last - rows.first,
           "record " << record << ": a span of symbols " << first << " to " << last
                     << " (not included) lies outside of it (it has " << rows.last - rows.first
                     << "). Give the spans of these data.");
  add_rows(record, {rows.first + first, rows.first + last}, label);
}

void SpanList::add_rows(std::int64_t record, RowRange rows, std::int32_t label) {
  if (rows.first == rows.last) return;  // covers nothing
  VALIDATE(rows.last < std::numeric_limits<std::int32_t>::max(),
           "record " << record << ": it has more than 2^31 symbols (spans count in 32 bits). Cut the records.");
  VALIDATE(entries_.size() < most_,
           "record " << record << ": its spans and those before do not fit half of the memory. Split the data.");
  entries_.push_back({record, static_cast<std::int32_t>(rows.first), static_cast<std::int32_t>(rows.last), label});
}

SpanHypothesis::SpanHypothesis(SpanColumns columns, SpanList spans, DataFacts const& facts)
    : form_(columns.form), fingerprint_(std::move(columns.fingerprint)) {
  std::vector<SpanList::Entry>& entries = spans.entries();
  auto const before = [](SpanList::Entry const& a, SpanList::Entry const& b) {
    return a.record != b.record ? a.record < b.record : a.first < b.first;
  };
  if (!std::is_sorted(entries.begin(), entries.end(), before)) std::sort(entries.begin(), entries.end(), before);
  std::vector<std::int32_t> column_of;
  choose_columns(columns, covered_rows(entries, columns.labels.size()), column_of);

  start_.assign(static_cast<std::size_t>(facts.records) + 1, 0);
  spans_.reserve(entries.size());
  for (SpanList::Entry const& entry : entries) {
    std::int32_t const column = column_of[static_cast<std::size_t>(entry.label)];
    if (column < 0 && form_ != SpanForm::depth) continue;
    ++start_[static_cast<std::size_t>(entry.record) + 1];
    spans_.push_back({entry.first, entry.last, column});
  }
  std::partial_sum(start_.begin(), start_.end(), start_.begin());
}

/// Sets names_, and the column of each label or -1.
void SpanHypothesis::choose_columns(SpanColumns const& columns, std::vector<std::int64_t> const& support,
                                    std::vector<std::int32_t>& column_of) {
  std::vector<std::size_t> kept;
  for (std::size_t label = 0; label < support.size(); ++label) {
    if (support[label] >= columns.support) kept.push_back(label);
  }
  if (kept.empty()) {
    auto const most = std::max_element(support.begin(), support.end());
    std::string const best = most == support.end()
                                 ? "there is no label at all"
                                 : "the most frequent, " +
                                       columns.labels[static_cast<std::size_t>(most - support.begin())] + ", is on " +
                                       std::to_string(*most);
    SONDE_FAIL_AS(InputError, "no label is on " << columns.support << " symbols of the data (" << best
                                                << "). Give a smaller support=.");
  }
  constexpr std::size_t most_columns = 1 << 16;
  VALIDATE(kept.size() <= most_columns, kept.size() << " labels have a support of " << columns.support << " (at most "
                                                    << most_columns << " columns are scored). Give a larger support=.");
  std::sort(kept.begin(), kept.end(),
            [&](std::size_t a, std::size_t b) { return label_less(columns.labels[a], columns.labels[b]); });
  if (form_ == SpanForm::depth) names_.push_back(columns.name);
  column_of.assign(support.size(), -1);
  for (std::size_t const label : kept) {
    column_of[label] = static_cast<std::int32_t>(names_.size());
    names_.push_back(columns.name + "=" + columns.labels[label]);
  }
}

/// rows are those of the span's record.
void SpanHypothesis::fill(Span const& span, float* rows, std::int64_t stride) const {
  if (form_ == SpanForm::signal) {
    rows[span.first * stride + span.column] = 1;
    rows[(span.last - 1) * stride + span.column] = 1;
    return;
  }
  for (std::int64_t row = span.first; row < span.last; ++row) {
    float* const values = rows + row * stride;
    if (form_ == SpanForm::time) {
      values[span.column] = 1;
    } else {
      values[0] += 1;
      if (span.column >= 0) values[span.column] += 1;
    }
  }
}

void SpanHypothesis::evaluate(RecordBlock const& block, float* values, std::int64_t stride) const {
  std::size_t const row_bytes = names_.size() * sizeof(float);
  float* rows = values;
  for (std::int64_t const record : block.records) {
    for (std::int64_t row = 0; row < block.facts.symbols; ++row) std::memset(rows + row * stride, 0, row_bytes);
    auto const r = static_cast<std::size_t>(record);
    for (std::int64_t i = start_[r]; i < start_[r + 1]; ++i) fill(spans_[static_cast<std::size_t>(i)], rows, stride);
    rows += block.facts.symbols * stride;
  }
}

}  // namespace sonde::inspect
