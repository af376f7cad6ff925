#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <csignal>
#include <limits>
#include <thread>

#include "inspect/hypotheses/cache.hpp"
#include "text_data.hpp"

namespace sonde::inspect {
namespace {

using namespace test;
namespace fs = std::filesystem;

/// Three columns that need each way of packing, and count how often records are evaluated.
class Counted : public Hypothesis {
 public:
  explicit Counted(std::string fingerprint = "f", std::atomic<int>* calls = nullptr)
      : fingerprint_(std::move(fingerprint)), calls_(calls) {}
  std::vector<std::string> const& columns() const override { return names_; }
  std::string fingerprint() const override { return fingerprint_; }
  bool costly() const override { return true; }
  bool partial() const override { return true; }
  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override {
    for (std::int64_t const record : block.records) {
      if (calls_ != nullptr) ++*calls_;
      for (std::int64_t s = 0; s < block.facts.symbols; ++s, values += stride) {
        values[0] = record % 2 == 0 ? 0.0F : static_cast<float>(s % 2);
        values[1] = s == 1 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(record);
        values[2] = 0.1F * static_cast<float>(record * 1000 + s);
        values[3] = static_cast<float>(s % 5);
      }
    }
  }

 private:
  std::vector<std::string> names_ = {"a", "b", "c", "d"};
  std::string fingerprint_;
  std::atomic<int>* calls_;
};

class CacheTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = sonde::test::scratch_path("hypotheses/cache").string();
    fs::remove_all(directory_);
    facts_.records = 40;
    facts_.symbols = 300;
  }

  std::unique_ptr<HypothesisCache> open(std::string const& fingerprint = "f", std::string const& data = "d") {
    return std::make_unique<HypothesisCache>(std::make_unique<Counted>(fingerprint, &calls_), directory_, data, facts_);
  }

  std::vector<std::uint32_t> bits(Hypothesis const& hypothesis, std::vector<std::int64_t> const& records) const {
    std::vector<float> values(records.size() * static_cast<std::size_t>(facts_.symbols) * 5, -7);
    hypothesis.evaluate({records, facts_}, values.data(), 5);
    std::vector<std::uint32_t> result;
    for (float const value : values) result.push_back(std::bit_cast<std::uint32_t>(value));
    return result;
  }

  /// Files of the cache with this start of their names.
  std::vector<fs::path> files(std::string const& start) const {
    std::vector<fs::path> found;
    for (auto const& entry : fs::recursive_directory_iterator(directory_)) {
      if (entry.path().filename().string().starts_with(start)) found.push_back(entry.path());
    }
    return found;
  }

  /// How many of 3 records a new cache evaluates.
  int evaluated(std::string const& fingerprint = "f", std::string const& data = "d") {
    auto const cache = open(fingerprint, data);
    int const before = calls_;
    EXPECT_EQ(bits(*cache, records_), bits(Counted(), records_));
    return calls_ - before;
  }

  std::string directory_;
  DataFacts facts_;
  std::atomic<int> calls_ = 0;
  std::vector<std::int64_t> const records_ = {7, 0, 39};
};

TEST_F(CacheTest, GivesTheSameBitsInLaterRuns) {
  {
    auto cache = open();
    EXPECT_EQ(bits(*cache, records_), bits(Counted(), records_));
    EXPECT_EQ(calls_, 3);
    EXPECT_EQ(bits(*cache, {39, 7}), bits(Counted(), {39, 7}));  // a second pass of the same run
    EXPECT_EQ(calls_, 3);
    cache->save();
    EXPECT_EQ(bits(*cache, {0}), bits(Counted(), {0}));
    EXPECT_EQ(cache->records_read(), 3);
    EXPECT_EQ(cache->records_evaluated(), 3);
    EXPECT_TRUE(cache->partial());
    EXPECT_FALSE(cache->costly());
  }
  EXPECT_EQ(files("part-").size(), 1U);
  EXPECT_EQ(evaluated(), 0);
  auto cache = open();  // knows some records
  EXPECT_EQ(bits(*cache, {1, 7, 2, 0}), bits(Counted(), {1, 7, 2, 0}));
  EXPECT_EQ(calls_, 5);
}

TEST_F(CacheTest, KeepsNothingThatWasNotSaved) {
  bits(*open(), records_);
  EXPECT_TRUE(files("").size() == 1U);  // the folder of the key
  EXPECT_EQ(evaluated(), 3);
}

TEST_F(CacheTest, AnswersNothingElse) {
  auto cache = open();
  bits(*cache, records_);
  cache->save();
  EXPECT_EQ(evaluated(), 0);
  EXPECT_EQ(evaluated("g"), 3);       // another definition, or another content of its files
  EXPECT_EQ(evaluated("f", "e"), 3);  // other data
  facts_.records = 41;
  EXPECT_EQ(evaluated(), 3);
  facts_.records = 40;
  facts_.symbols = 301;
  EXPECT_EQ(evaluated(), 3);
  facts_.symbols = 300;
  EXPECT_EQ(evaluated(), 0);
  // A file that stands under another key.
  auto const other = open("g");
  fs::path const part = files("part-").front();
  for (auto const& entry : fs::directory_iterator(directory_)) {
    if (entry.path() != part.parent_path()) fs::copy(part, entry.path() / "part-x");
  }
  EXPECT_EQ(evaluated("g"), 3);
}

TEST_F(CacheTest, JoinsWhatRanksAndJobsHaveSaved) {
  auto first = open();
  auto second = open();
  bits(*first, {7, 8});
  bits(*second, {8, 0, 39});
  first->save();
  second->save();
  EXPECT_EQ(files("part-").size(), 2U);
  EXPECT_TRUE(files("tmp-").empty());
  EXPECT_EQ(evaluated(), 0);
}

TEST_F(CacheTest, SavesTheSameUnderOneName) {
  auto first = open();
  auto second = open();
  bits(*first, records_);
  bits(*second, records_);
  first->save();
  second->save();
  EXPECT_EQ(files("part-").size(), 1U);
  EXPECT_EQ(evaluated(), 0);
  first->save();  // nothing new
  EXPECT_EQ(files("part-").size(), 1U);
}

TEST_F(CacheTest, EvaluatesAgainWhatIsDamaged) {
  auto cache = open();
  bits(*cache, records_);
  cache->save();
  fs::path const part = files("part-").front();
  std::ifstream in(part, std::ios::binary);
  std::string const whole{std::istreambuf_iterator<char>(in), {}};
  auto const put_back = [&](std::string const& bytes) { std::ofstream(part, std::ios::binary) << bytes; };
  for (std::size_t const size : {std::size_t{0}, std::size_t{1}, std::size_t{50}, whole.size() / 2, whole.size() - 1}) {
    put_back(whole.substr(0, size));
    EXPECT_EQ(evaluated(), 3) << size;
    EXPECT_FALSE(fs::exists(part)) << size;  // so that it is not met again
  }
  for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 97) {  // any byte
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    put_back(damaged);
    EXPECT_GT(evaluated(), 0) << at;
    EXPECT_FALSE(fs::exists(part)) << at;
  }
  put_back(whole + "x");
  EXPECT_EQ(evaluated(), 3);
  put_back(whole);
  EXPECT_EQ(evaluated(), 0);
}

TEST_F(CacheTest, IsRewrittenAfterDamage) {
  auto cache = open();
  bits(*cache, records_);
  cache->save();
  std::ofstream(files("part-").front(), std::ios::binary) << "damaged";
  cache = open();
  bits(*cache, records_);
  cache->save();
  EXPECT_EQ(evaluated(), 0);
}

TEST_F(CacheTest, ServesThreads) {
  auto cache = open();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 80; ++i) {
        std::vector<std::int64_t> const record = {(i * 7 + t) % 40};
        if (bits(*cache, record) != bits(Counted(), record)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  cache->save();
  int const before = calls_;
  auto const again = open();
  for (std::int64_t record = 0; record < 40; ++record) EXPECT_EQ(bits(*again, {record}), bits(Counted(), {record}));
  EXPECT_EQ(calls_, before);
}

TEST_F(CacheTest, GoesOnWhenTheDiskIsFull) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit few = before;
  few.rlim_cur = 4000;  // the first record fits, the second does not
  auto const cache = open();
  setrlimit(RLIMIT_FSIZE, &few);
  auto const first = bits(*cache, records_);
  auto const second = bits(*cache, records_);
  cache->save();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(first, bits(Counted(), records_));
  EXPECT_EQ(second, first);
  EXPECT_EQ(calls_, 6);
  EXPECT_TRUE(files("part-").empty());
  EXPECT_TRUE(files("tmp-").empty());
}

TEST_F(CacheTest, RefusesAFolderThatCannotBeMade) {
  directory_ = put("file", "x");
  EXPECT_HAS(refusal([&] { open(); }), "--cache " + directory_ + ": folder");
}

TEST_F(CacheTest, RemovesLeftoversOfRunsThatWereKilled) {
  open();
  fs::path const folder = files("")[0];
  std::ofstream(folder / "tmp-old") << "x";
  std::ofstream(folder / "tmp-new") << "x";
  fs::last_write_time(folder / "tmp-old", fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  open();
  EXPECT_FALSE(fs::exists(folder / "tmp-old"));
  EXPECT_TRUE(fs::exists(folder / "tmp-new"));
}

TEST(DataKey, KnowsEverySymbolOfAText) {
  std::string const vocabulary = R"({"a":3,"b":4,"ab":5})";
  auto const key = [](TextData const& data, std::string const& options = "") { return data_key(data.facts, options); };
  std::string const first = key(TextData("ab\nba\n", R"({"a":3,"b":4})"));
  EXPECT_EQ(first, key(TextData("ab\nba\n", R"({"a":3,"b":4})")));
  EXPECT_NE(first, key(TextData("ab\nbb\n", R"({"a":3,"b":4})")));
  EXPECT_NE(first, key(TextData("ab\nba\n", R"({"a":3,"b":5})")));
  EXPECT_NE(first, key(TextData("ab\nba\n", R"({"a":3,"b":4})", "left,0")));
  EXPECT_NE(first, key(TextData("ab\nba\n", R"({"a":3,"b":4})"), "--preprocess x"));
  DataFacts facts;
  facts.records = 2;
  std::string const none = data_key(facts, "");
  facts.records = 3;
  EXPECT_NE(none, data_key(facts, ""));
}

TEST(PackColumns, IsExactAndSmall) {
  auto const packed_bytes = [](std::vector<float> const& column) {
    auto const bytes = pack_columns(column.data(), static_cast<std::int64_t>(column.size()), 1, 1);
    std::vector<float> back(column.size(), -7);
    EXPECT_TRUE(unpack_columns(bytes, static_cast<std::int64_t>(column.size()), 1, back.data(), 1));
    for (std::size_t i = 0; i < column.size(); ++i)
      EXPECT_EQ(std::bit_cast<std::uint32_t>(column[i]), std::bit_cast<std::uint32_t>(back[i]));
    return bytes.size();
  };
  float const nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(packed_bytes({3, 3, 3, 3}), 5U);
  EXPECT_EQ(packed_bytes({nan, nan}), 5U);
  EXPECT_EQ(packed_bytes({0, 1, 1, 0, 0, 0, 0, 0, 1}), 11U);
  EXPECT_EQ(packed_bytes({0.0F, -0.0F}), 10U);
  EXPECT_EQ(packed_bytes({0, 1, nan, 1}), 17U);
  std::vector<float> many;
  for (int i = 0; i < 300; ++i) many.push_back(static_cast<float>(i % 255));
  EXPECT_EQ(packed_bytes(many), 1U + 255 * 4 + 300);
  many[299] = 999;
  EXPECT_EQ(packed_bytes(many), 1U + 300 * 4);
}

TEST(PackColumns, RefusesOtherBytes) {
  std::vector<float> const columns = {0, 5, 1, 5, 2, 5, 0, 5};  // (4, 2)
  auto const bytes = pack_columns(columns.data(), 4, 2, 2);
  std::vector<float> back(8);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(
        unpack_columns({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}, 4, 2, back.data(), 2));
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(unpack_columns(longer, 4, 2, back.data(), 2));
  auto outside = bytes;
  outside[13] = 3;  // the first symbol of column 0 among three values
  EXPECT_FALSE(unpack_columns(outside, 4, 2, back.data(), 2));
}

}  // namespace
}  // namespace sonde::inspect
