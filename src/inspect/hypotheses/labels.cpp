// labels:FILE[:COLUMN][,as=number|category][,support=N]: labels of symbols, words or records.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "inspect/hypotheses/file_argument.hpp"
#include "inspect/hypotheses/hypothesis.hpp"
#include "inspect/hypotheses/number_hypothesis.hpp"
#include "inspect/hypotheses/span_hypothesis.hpp"
#include "io/annotations/conllu.hpp"
#include "io/annotations/label_column.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/provenance.hpp"

namespace sonde::inspect {

namespace {

/// What was asked for, beside the file.
struct Request {
  std::string name, path, part;
  io::LabelsAs as = io::LabelsAs::automatic;
  std::int64_t support = 0;
  std::string fingerprint;

  SpanColumns columns(std::vector<std::string> labels) const {
    return {name, std::move(labels), SpanForm::time, support, fingerprint};
  }
};

Request parse(std::string const& name, std::string const& arguments) {
  FileArgument argument = parse_file_argument("labels", arguments);
  Request request{name, argument.path, argument.part, {}, 0, ""};
  std::string const as = argument.parameters.text("as", "automatic");
  Registry<io::LabelsAs> const readings(
      "labels:as",
      {{"number", io::LabelsAs::number}, {"category", io::LabelsAs::category}, {"automatic", io::LabelsAs::automatic}});
  request.as = readings.at(as);
  request.support = argument.parameters.integer("support", SpanColumns::default_support, 1, std::int64_t{1} << 40);
  argument.parameters.check_all_used();
  std::string const settings = "labels:" + request.part + "," + as + "," + std::to_string(request.support) + ",";
  std::string const key = settings + io::sha256_of_file(request.path);
  request.fingerprint = io::sha256_of(std::as_bytes(std::span(key)));
  return request;
}

// --- tables and arrays ---

/// Where the values of a record go: its rows, all of them or those of its text. Throws InputError naming the record.
RowRange rows_for(io::LabelColumn const& column, std::int64_t record, RecordRows const& text_rows,
                  DataFacts const& facts) {
  auto const r = static_cast<std::size_t>(record);
  std::int64_t const count = column.first[r + 1] - column.first[r];
  RowRange const text = text_rows.of(record);
  if (column.per_record || count == facts.symbols) return {0, facts.symbols};
  VALIDATE(count == text.last - text.first,
           "record " << record << " has " << count << " labels but " << text.last - text.first
                     << " symbols (one label for each is needed"
                     << (facts.text == nullptr ? "" : ", or one for each symbol with padding")
                     << "). Give the labels of these data.");
  return text;
}

std::unique_ptr<Hypothesis> from_numbers(Request const& request, io::LabelColumn column, DataFacts const& facts) {
  if (column.per_record) {
    return std::make_unique<NumberHypothesis>(request.name, std::move(column.numbers), request.fingerprint, facts);
  }
  RecordRows const text_rows(facts);
  VALIDATE(facts.records <= io::memory_limit() / 8 / facts.symbols,
           "the labels of " << facts.records << " records do not fit half of the memory. Split the data.");
  std::vector<float> values(static_cast<std::size_t>(facts.records * facts.symbols), 0.0F);
  for (std::int64_t record = 0; record < facts.records; ++record) {
    RowRange const rows = rows_for(column, record, text_rows, facts);
    std::copy_n(column.numbers.begin() + column.first[static_cast<std::size_t>(record)], rows.last - rows.first,
                values.begin() + record * facts.symbols + rows.first);
  }
  return std::make_unique<NumberHypothesis>(request.name, std::move(values), request.fingerprint, facts);
}

/// Runs of one label are spans of it.
std::unique_ptr<Hypothesis> from_codes(Request const& request, io::LabelColumn const& column, DataFacts const& facts) {
  RecordRows const text_rows(facts);
  SpanList spans(facts);
  for (std::int64_t record = 0; record < facts.records; ++record) {
    RowRange const rows = rows_for(column, record, text_rows, facts);
    std::int32_t const* codes = column.codes.data() + column.first[static_cast<std::size_t>(record)];
    if (column.per_record) {
      if (*codes >= 0) spans.add_rows(record, rows, *codes);
      continue;
    }
    std::int64_t const count = rows.last - rows.first;
    for (std::int64_t begin = 0, end = 0; begin < count; begin = end) {
      for (end = begin + 1; end < count && codes[end] == codes[begin];) ++end;
      if (codes[begin] >= 0) spans.add_rows(record, {rows.first + begin, rows.first + end}, codes[begin]);
    }
  }
  return std::make_unique<SpanHypothesis>(request.columns(column.names), std::move(spans), facts);
}

std::unique_ptr<Hypothesis> from_column(Request const& request, DataFacts const& facts) {
  io::LabelColumn column = io::read_label_column(request.path, request.part, request.as);
  VALIDATE(column.records() == facts.records,
           "labels " << request.path << ": they are of " << column.records() << " records but the data have "
                     << facts.records << (column.per_record && facts.symbols > 1 ? " (a blank line ends a record)" : "")
                     << ". Give the labels of these data.");
  if (column.numeric) return from_numbers(request, std::move(column), facts);
  return from_codes(request, column, facts);
}

// --- CoNLL-U ---

using WordField = std::string io::ConlluWord::*;

/// Calls use(label) for each label of a word: its field, or the features of which `key` asks ("" for all, KEY=VALUE).
template <class Use>
void labels_of(io::ConlluWord const& word, WordField field, std::string const& key, Use const& use) {
  std::string const& text = word.*field;
  if (text.empty() || text == "_") return;
  if (field != &io::ConlluWord::feats) return use(text);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t const end = std::min(text.find('|', begin), text.size());
    std::string const feature = text.substr(begin, end - begin);
    if (key.empty()) use(feature);
    if (!key.empty() && feature.starts_with(key + "=")) use(feature.substr(key.size() + 1));
    begin = end + 1;
  }
}

/// Calls use(record, sentence) for each sentence, of which there must be as many as records.
template <class Use>
void for_sentences(Request const& request, DataFacts const& facts, Use const& use) {
  io::ConlluReader reader(request.path);
  std::int64_t record = 0;
  for (io::ConlluSentence sentence; reader.next(sentence); ++record) {
    if (record < facts.records) use(record, sentence);
  }
  VALIDATE(record == facts.records, "file " << request.path << ": it has " << record << " sentences but the data have "
                                            << facts.records
                                            << " records (each record is one sentence). Give --record line on the "
                                               "sentences' texts.");
}

/// Calls use(rows, token) for each token of a sentence.
template <class Use>
void for_tokens(DataFacts const& facts, std::int64_t record, io::ConlluSentence const& sentence, Use const& use) {
  TokenRows rows(facts, record);
  for (io::ConlluToken const& token : sentence.tokens) {
    // The words of "don't" = do + n't stand one after the other; those of "du" = de + le share its symbols.
    std::string joined;
    for (std::size_t w = 0; w < token.words; ++w) joined += sentence.words[token.first_word + w].form;
    bool const apart = facts.text == nullptr || joined == token.form;
    RowRange shared;
    if (!apart) shared = rows.next(token.form);
    for (std::size_t w = 0; w < token.words; ++w) {
      std::size_t const word = token.first_word + w;
      use(apart ? rows.next(sentence.words[word].form) : shared, word);
    }
  }
  rows.finish();
}

std::unique_ptr<Hypothesis> words_as_categories(Request const& request, WordField field, std::string const& key,
                                                DataFacts const& facts) {
  io::LabelNames names;
  SpanList spans(facts);
  for_sentences(request, facts, [&](std::int64_t record, io::ConlluSentence const& sentence) {
    for_tokens(facts, record, sentence, [&](RowRange rows, std::size_t word) {
      labels_of(sentence.words[word], field, key,
                [&](std::string const& label) { spans.add_rows(record, rows, names.code(label)); });
    });
  });
  return std::make_unique<SpanHypothesis>(request.columns(names.names()), std::move(spans), facts);
}

/// Distance of a word to its head, 0 for a root.
std::vector<std::int64_t> head_distances(io::ConlluSentence const& sentence, std::string const& subject) {
  std::vector<std::int64_t> distances;
  for (io::ConlluWord const& word : sentence.words) {
    auto const number = static_cast<std::int64_t>(distances.size()) + 1;
    VALIDATE(word.head >= 0, subject << ": word " << number << " has no head. Choose another column.");
    distances.push_back(word.head == 0 ? 0 : std::abs(word.head - number));
  }
  return distances;
}

using WordNumbers = std::vector<std::int64_t>(io::ConlluSentence const&, std::string const&);

std::unique_ptr<Hypothesis> words_as_numbers(Request const& request, WordNumbers* numbers_of, DataFacts const& facts) {
  VALIDATE(facts.records <= io::memory_limit() / 8 / facts.symbols,
           "the labels of " << facts.records << " records do not fit half of the memory. Split the data.");
  std::vector<float> values(static_cast<std::size_t>(facts.records * facts.symbols), 0.0F);
  for_sentences(request, facts, [&](std::int64_t record, io::ConlluSentence const& sentence) {
    auto const numbers =
        numbers_of(sentence, "file " + request.path + ": the sentence at line " + std::to_string(sentence.line) +
                                 " (record " + std::to_string(record) + ")");
    std::int64_t filled = 0;  // of words that share symbols the first counts
    for_tokens(facts, record, sentence, [&](RowRange rows, std::size_t word) {
      for (std::int64_t row = std::max(rows.first, filled); row < rows.last; ++row) {
        values[static_cast<std::size_t>(record * facts.symbols + row)] = static_cast<float>(numbers[word]);
      }
      filled = std::max(filled, rows.last);
    });
  });
  return std::make_unique<NumberHypothesis>(request.name, std::move(values), request.fingerprint, facts);
}

std::unique_ptr<Hypothesis> from_conllu(Request const& request, DataFacts const& facts) {
  if (request.part == "head-distance") return words_as_numbers(request, head_distances, facts);
  if (request.part == "depth") return words_as_numbers(request, io::dependency_depths, facts);
  if (request.part.starts_with("feats.")) {
    return words_as_categories(request, &io::ConlluWord::feats, request.part.substr(6), facts);
  }
  constexpr std::array<std::pair<char const*, WordField>, 6> fields = {{{"upos", &io::ConlluWord::upos},
                                                                        {"xpos", &io::ConlluWord::xpos},
                                                                        {"deprel", &io::ConlluWord::deprel},
                                                                        {"feats", &io::ConlluWord::feats},
                                                                        {"lemma", &io::ConlluWord::lemma},
                                                                        {"form", &io::ConlluWord::form}}};
  for (auto const& [name, field] : fields) {
    if (request.part == name) return words_as_categories(request, field, "", facts);
  }
  SONDE_FAIL_AS(InputError, "labels " << request.path << ": '" << request.part
                                      << "' is no column of CoNLL-U. Give FILE:COLUMN, one of upos, xpos, deprel, "
                                         "feats, feats.KEY, lemma, form, head-distance, depth.");
}

}  // namespace

std::unique_ptr<Hypothesis> make_labels(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  std::unique_ptr<Hypothesis> result;
  for_hypothesis(name, [&] {
    Request const request = parse(name, arguments);
    result = io::is_conllu_name(request.path) ? from_conllu(request, facts) : from_column(request, facts);
  });
  return result;
}

}  // namespace sonde::inspect
