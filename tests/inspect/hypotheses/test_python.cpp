#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <thread>

#include "inspect/hypotheses/text_data.hpp"

namespace sonde::inspect::test {
namespace {

std::string const none = R"({"~~": 0})";

/// A hypothesis "p" of a file with this content.
std::unique_ptr<Hypothesis> python(std::string const& code, DataFacts const& facts) {
  return make_hypothesis("p=python:" + put("functions.py", code), facts);
}

std::string load_refusal(std::string const& code, DataFacts const& facts) {
  return refusal([&] { python(code, facts); });
}

std::string call_refusal(std::string const& code, DataFacts const& facts,
                         std::vector<std::int64_t> const& records = {}) {
  auto const hypothesis = python(code, facts);
  return refusal([&] { values(*hypothesis, facts, records); });
}

TEST(Python, TakesThePublicFunctionsOfOneArgument) {
  TextData const data("ab\ncd\n", none);
  auto const hypothesis = python(
      "from os.path import basename\n"
      "import math\n"
      "def zeros(records): return [[0] * len(r) for r in records]\n"
      "def _hidden(records): pass\n"
      "def two(a, b): pass\n"
      "def keyword(*, a): pass\n"
      "class Thing: pass\n"
      "def more(records, factor=3): return [[factor] * len(r) for r in records]\n"
      "constant = 3\n",
      data.facts);
  EXPECT_EQ(hypothesis->columns(), (std::vector<std::string>{"p.zeros", "p.more"}));
  EXPECT_EQ(values(*hypothesis, data.facts), (std::vector<std::string>{"00|00", "33|33"}));
}

TEST(Python, GivesTextWithoutPaddingAndTakesOneNumberPerSymbol) {
  TextData const data("abé\nb\n", none, "left,0");
  auto const hypothesis = python(
      "import numpy as np\n"
      "def is_b(records):\n"
      "    assert all(isinstance(r, str) for r in records)\n"
      "    return [[c == 'b' for c in r] for r in records]\n"
      "def length(records): return [np.full(len(r), len(r), dtype=np.int8) for r in records]\n",
      data.facts);
  EXPECT_EQ(values(*hypothesis, data.facts), (std::vector<std::string>{"0010|0001", "0333|0001"}));
  EXPECT_EQ(values(*hypothesis, data.facts, {1, 0})[1], "0001|0333");
}

TEST(Python, TakesAMatrixOfWholeRecords) {
  TextData const data("abc\nb\n", none, "right,0");
  auto const hypothesis = python(
      "import numpy as np\n"
      "def place(records): return np.tile(np.array([np.nan, 1, 2, 3], dtype=np.float32), (len(records), 1))\n",
      data.facts);
  EXPECT_EQ(values(*hypothesis, data.facts).front(), "0123|0100");
}

TEST(Python, ShowsSymbolsOfSeveralCharacters) {
  TextData const data("abX\na\n", R"({"ab": 3, "a": 4})", "right,0");
  auto const hypothesis = python(
      "def sizes(records): return [[len(s) for s in r.symbols] for r in records]\n"
      "def joined(records): return [[''.join(r.symbols) == r] * len(r.symbols) for r in records]\n",
      data.facts);
  EXPECT_EQ(values(*hypothesis, data.facts), (std::vector<std::string>{"021|010", "011|010"}));
}

TEST(Python, KeepsTheBatchFromOtherFunctions) {
  TextData const data("ab\ncd\n", none);
  auto const hypothesis = python(
      "def one(records):\n"
      "    records.reverse()\n"
      "    return [[0, 0]] * 2\n"
      "def two(records): return [[c == 'a' for c in r] for r in records]\n",
      data.facts);
  EXPECT_EQ(values(*hypothesis, data.facts)[1], "10|00");
}

/// Two records of 2 x 2 numbers.
class Numbers : public io::Dataset {
 public:
  Numbers() : Dataset({"numbers", "", 2, {2, 2}, {}, {}, {}}) {}

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    for (std::int64_t const index : indices) {
      for (int i = 0; i < 4; ++i) *rows++ = static_cast<float>(4 * index + i);
    }
  }
};

TEST(Python, GivesOtherDataAsAnArray) {
  Numbers const numbers;
  DataFacts facts;
  facts.records = 2;
  facts.data = &numbers;
  facts.symbols = 4;
  auto const hypothesis = python(
      "def same(records):\n"
      "    assert records.shape[1:] == (2, 2) and records.dtype == 'float32'\n"
      "    return records\n"
      "def odd(records): return [[x % 2 for x in r.ravel()] for r in records]\n",
      facts);
  EXPECT_EQ(values(*hypothesis, facts), (std::vector<std::string>{"0123|4567", "0101|0101"}));
  facts.symbols = 1;
  auto const sums = python("def total(records): return records.sum(axis=(1, 2))\n", facts);
  EXPECT_EQ(values(*sums, facts).front(), "6|22");
  facts.data = nullptr;
  EXPECT_HAS(load_refusal("def f(r): return r\n", facts), "there are no data to call Python functions on");
}

TEST(Python, NamesFunctionRecordAndLineOfAnException) {
  TextData const data("ab\ncd\nef\n", none);
  std::string const code =
      "def _helper(r):\n"
      "    return 1 / (r != 'cd')\n"
      "def fine(records): return [[0, 0]] * len(records)\n"
      "def faulty(records):\n"
      "    return [[_helper(r), 0] for r in records]\n";
  std::string const message = call_refusal(code, data.facts);
  EXPECT_HAS(message, "hypothesis p.faulty, record 1: ZeroDivisionError: division by zero (line 2 of ");
  EXPECT_HAS(message, "functions.py)");
  EXPECT_HAS(call_refusal(code, data.facts, {2, 1}), "record 1: ZeroDivisionError");
  EXPECT_HAS(call_refusal("def f(records): raise SystemExit(3)\n", data.facts), "p.f, record 0: SystemExit: 3 (line 1");
  EXPECT_HAS(call_refusal("def f(records): return f(records)\n", data.facts), "RecursionError");
  EXPECT_HAS(
      call_refusal("def f(records):\n  if len(records) > 1: raise KeyError('k')\n  return [[1, 1]]\n", data.facts),
      "p.f, 3 records from record 0 on together: KeyError: 'k' (line 2");
  EXPECT_HAS(
      call_refusal("class E(Exception):\n  def __str__(self): raise ValueError\ndef f(r): raise E\n", data.facts),
      "p.f, record 0: ");
}

TEST(Python, NamesFunctionAndRecordOfAWrongAnswer) {
  TextData const data("ab\ncd\nef\n", none);
  auto const message = [&](std::string const& answer) {
    return call_refusal("def f(records): return " + answer + "\n", data.facts);
  };
  EXPECT_HAS(message("[[0] * (2 + (r == 'ef')) for r in records]"),
             "hypothesis p.f, record 2: it returned 3 numbers for 2 symbols (one per symbol is needed)");
  EXPECT_HAS(message("[[0] * 3 for r in records]"), "p.f, record 0: it returned 3 numbers for 2 symbols");
  EXPECT_HAS(message("[[0, 0]]"), "it returned 1 entries for 3 record(s)");
  EXPECT_HAS(message("None"), "p.f, record 0: it returned a NoneType");
  EXPECT_HAS(message("1.0"), "it returned a float");
  EXPECT_HAS(message("[]"), "it returned 0 entries for 1 record(s)");
  EXPECT_HAS(message("records"), "p.f, record 0: it returned something else than numbers");
  EXPECT_HAS(message("[[0, 'x' if r == 'cd' else 0] for r in records]"), "p.f, record 1: it returned something else");
  EXPECT_HAS(message("[[0, float('nan') if r == 'cd' else 0] for r in records]"),
             "p.f, record 1: number 1 it returned is nan (scores need finite numbers of 32 bits)");
  EXPECT_HAS(message("[[1e300, 0] for r in records]"), "p.f, record 0: number 0 it returned is 1e+300");
  EXPECT_HAS(message("[[None, 0] for r in records]"), "number 0 it returned is nan");
}

TEST(Python, RefusesFilesThatDoNotRun) {
  TextData const data("ab\n", none);
  EXPECT_HAS(load_refusal("x = 1\ndef f(:\n", data.facts), "hypothesis p: SyntaxError: invalid syntax (line 2 of ");
  EXPECT_HAS(load_refusal("def f(r):\n\tx = 1\n        y = 2\n", data.facts), "TabError");
  EXPECT_HAS(load_refusal("\n\nimport no_such_module\n", data.facts),
             "ModuleNotFoundError: No module named 'no_such_module' (line 3 of");
  EXPECT_HAS(load_refusal("x = 1\n", data.facts), "defines no hypothesis (a function of one argument");
  EXPECT_HAS(load_refusal(std::string("x = 1\0", 6), data.facts), "null bytes");
  EXPECT_HAS(load_refusal("\xff = 1\n", data.facts), "SyntaxError");
  EXPECT_HAS(load_refusal("raise SystemExit\n", data.facts), "SystemExit (line 1");
  EXPECT_HAS(refusal_of("p=python:none.py", data.facts), "No such file");
  EXPECT_HAS(refusal_of("p=python:", data.facts), "no file is named");
  EXPECT_HAS(refusal_of("p=python", data.facts), "no file is named");
}

TEST(Python, RefusesATimeoutThatIsNone) {
  TextData data("ab\n", none);
  for (double const seconds : {0.0, -1.0, 1e300, std::nan("")}) {
    data.facts.python_timeout = seconds;
    EXPECT_HAS(load_refusal("def f(r): return r\n", data.facts), "--hypothesis-timeout");
  }
}

TEST(Python, RefusesFilesThatEveryoneMayWrite) {
  TextData const data("ab\n", none);
  std::string const path = put("open.py", "def f(r): return r\n");
  std::filesystem::permissions(path, std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  EXPECT_HAS(refusal_of("p=python:" + path, data.facts), "open.py can be written by everyone (it is run as code)");
  std::filesystem::permissions(path, std::filesystem::perms::others_write, std::filesystem::perm_options::remove);
}

TEST(Python, ImportsFromTheFolderOfTheFile) {
  TextData const data("ab\n", none);
  put("beside/sonde_test_helper.py", "def three(r): return [[3] * len(x) for x in r]\n");
  std::string const path =
      put("beside/main.py", "import sonde_test_helper\ndef f(r): return sonde_test_helper.three(r)\n");
  auto const hypothesis = make_hypothesis("q=python:" + path, data.facts);
  EXPECT_EQ(hypothesis->columns(), std::vector<std::string>{"q.f"});
  EXPECT_EQ(values(*hypothesis, data.facts).front(), "33");
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(path).parent_path() / "__pycache__"));
}

TEST(Python, PrintsToStandardError) {
  TextData const data("ab\n", none);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto const hypothesis = python("print('loaded')\ndef f(r):\n  print('called')\n  return [[0, 0]]\n", data.facts);
  values(*hypothesis, data.facts);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "loaded\ncalled\n");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(Python, HasAFingerprintOfItsFile) {
  TextData const data("ab\n", none);
  std::string const code = "def f(r): return [[1, 1]]\n";
  std::string const print = python(code, data.facts)->fingerprint();
  EXPECT_EQ(print.size(), 64U);
  EXPECT_EQ(python(code, data.facts)->fingerprint(), print);
  EXPECT_NE(python(code + "# changed\n", data.facts)->fingerprint(), print);
}

TEST(Python, IsCalledByOneThreadAtATime) {
  TextData const data("ab\ncd\n", none);
  auto const hypothesis = python(
      "import time\n"
      "inside = 0\n"
      "def f(records):\n"
      "    global inside\n"
      "    inside += 1\n"
      "    seen = inside\n"
      "    time.sleep(0.002)\n"  // gives the GIL up
      "    inside -= 1\n"
      "    return [[seen, ord(r[0]) == 97] for r in records]\n",
      data.facts);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) right += values(*hypothesis, data.facts).front() == "11|10";
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 40);
}

TEST(PythonDeathTest, EndsTheRunWhenAFunctionLoops) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  auto const loop = [](char const* code) {
    TextData data("ab\n", none);
    data.facts.python_timeout = 0.5;
    auto const hypothesis = python(code, data.facts);
    values(*hypothesis, data.facts);
  };
  auto const failed = [](int status) { return status != 0; };
  EXPECT_EXIT(loop("def f(r):\n  while True: pass\n"), failed,
              "hypothesis p.f has not returned for 0.5 s .it may loop");
  EXPECT_EXIT(loop("import time\ndef f(r): time.sleep(100)\n"), failed, "hypothesis p.f has not returned");
  EXPECT_EXIT(loop("while True: pass\n"), failed, "hypothesis p: loading .*functions.py has not returned");
}

}  // namespace
}  // namespace sonde::inspect::test
