// Text data and hypotheses over them, made from strings.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "comm/communicator.hpp"
#include "harness/shared_data.hpp"
#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::inspect::test {

/// Writes a scratch file; its path.
inline std::string put(std::string const& name, std::string const& bytes) {
  std::filesystem::path const path = sonde::test::scratch_path("hypotheses/" + name);
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

/// Text as data; see TextOptions.
class TextData {
 public:
  TextData(std::string const& text, std::string const& vocabulary, std::string const& pad = "",
           std::string const& record = "line") {
    io::TextOptions options;
    options.vocabulary = put("vocabulary.json", vocabulary);
    options.pad = pad;
    options.record = record;
    options.unknown = 1;
    if (!pad.empty()) options.start = 2;
    text_ = io::open_text(put("text.txt", text), options, comm::Communicator());
    facts.records = text_->size();
    facts.symbols = text_->symbols();
    facts.data = facts.text = text_.get();
  }

  DataFacts facts;

 private:
  std::unique_ptr<io::TextDataset> text_;
};

/// The values of a hypothesis for `records` (all when empty): a string per column, a digit per symbol, records parted
/// by '|'.
inline std::vector<std::string> values(Hypothesis const& hypothesis, DataFacts const& facts,
                                       std::vector<std::int64_t> records = {}) {
  if (records.empty()) {
    records.resize(static_cast<std::size_t>(facts.records));
    std::iota(records.begin(), records.end(), std::int64_t{0});
  }
  std::size_t const columns = hypothesis.columns().size();
  std::size_t const stride = columns + 2;  // what lies between must stay as it is
  RecordBlock const block{records, facts};
  std::vector<float> matrix(static_cast<std::size_t>(block.rows()) * stride, -7);
  hypothesis.evaluate(block, matrix.data(), static_cast<std::int64_t>(stride));
  std::vector<std::string> texts(columns);
  for (std::size_t row = 0; row < matrix.size() / stride; ++row) {
    bool const first = row > 0 && row % static_cast<std::size_t>(facts.symbols) == 0;
    for (std::size_t c = 0; c < columns; ++c) {
      std::ostringstream number;
      number << matrix[row * stride + c];
      texts[c] += (first ? "|" : "") + number.str();
    }
    EXPECT_EQ(matrix[row * stride + columns], -7);
    EXPECT_EQ(matrix[row * stride + columns + 1], -7);
  }
  return texts;
}

/// Values of a hypothesis of one column, made from its definition.
inline std::string values_of(std::string const& definition, DataFacts const& facts,
                             std::vector<std::int64_t> const& records = {}) {
  auto const hypothesis = make_hypothesis("h=" + definition, facts);
  EXPECT_EQ(hypothesis->columns(), std::vector<std::string>{"h"});
  EXPECT_FALSE(hypothesis->partial());
  return values(*hypothesis, facts, records).front();
}

/// The message of the InputError that `call` must throw.
template <class Call>
std::string refusal(Call const& call) {
  try {
    call();
  } catch (InputError const& error) {
    return error.what();
  }
  return "(not refused)";
}

inline std::string refusal_of(std::string const& text, DataFacts const& facts) {
  return refusal([&] { make_hypothesis(text, facts); });
}

}  // namespace sonde::inspect::test

/// Checks that a message holds a text.
#define EXPECT_HAS(message, part) \
  EXPECT_NE((message).find(part), std::string::npos) << "message: " << (message) << "\nshould hold: " << (part)
