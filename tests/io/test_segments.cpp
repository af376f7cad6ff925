// Segments: written together, put in order at the end.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "harness/shared_data.hpp"
#include "io/h5_parallel.hpp"
#include "io/segments.hpp"

namespace sonde::io {
namespace {

namespace fs = std::filesystem;

class Segments : public testing::Test {
 protected:
  Segments() {
    auto const name = std::string("segments-") + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::path const folder = test::scratch_path(name);
    if (comm_.is_root()) {
      fs::remove_all(folder);
      fs::create_directories(folder);
    }
    comm::barrier(comm_);
    out_ = (folder / "out.h5").string();
  }
  ~Segments() override { comm::barrier(comm_); }

  comm::Communicator comm_ = comm::Communicator::world();
  std::string out_;
};

/// Rows `seeds` of pass `pass`: what a row holds follows from its pass and seed.
Table findings(std::int32_t pass, std::vector<std::int64_t> const& seeds) {
  std::vector<std::int32_t> const passes(seeds.size(), pass);
  std::vector<std::uint8_t> pixels;
  std::vector<float> l1;
  std::vector<std::string> names;
  for (std::int64_t const seed : seeds) {
    for (int i = 0; i < 6; ++i) pixels.push_back(static_cast<std::uint8_t>(seed * 7 + pass + i));
    l1.push_back(static_cast<float>(seed) / 3);
    names.push_back("seed " + std::to_string(seed));
  }
  Column text{"name", "1", "a text", ElementType::text, 0, {}, {}};
  std::vector<char> bytes;
  text.width = pack_texts(names, bytes);
  auto const view = std::as_bytes(std::span(bytes));
  text.bytes.assign(view.begin(), view.end());
  return {"findings",
          {make_column("pass", "1", "pass", passes), make_column("seed_index", "1", "row of the data", seeds),
           make_column("input", "1", "pixels", pixels, {2, 3}), make_column("l1", "range", "distance", l1), text}};
}

/// Seeds of segment s on a rank: interleaved, uneven, and none on some ranks.
std::vector<std::int64_t> seeds_of(int segment, int rank, int ranks) {
  std::vector<std::int64_t> seeds;
  for (std::int64_t i = 0; i < 20; ++i) {
    if (i % ranks == rank && !(segment == 1 && rank == 0)) seeds.push_back(19 - i + 20 * ((segment + 1) % 3));
  }
  return seeds;
}

TEST_F(Segments, AreAssembledInOrder) {
  int const rank = comm_.rank();
  int const ranks = comm_.size();
  std::vector<std::int64_t> expected;  // pass * 1000 + seed
  for (int segment = 0; segment < 3; ++segment) {
    for (int r = 0; r < ranks; ++r) {
      for (std::int64_t const seed : seeds_of(segment, r, ranks)) expected.push_back((2 - segment) / 2 * 1000 + seed);
    }
  }
  std::sort(expected.begin(), expected.end());

  SegmentWriter writer(comm_, out_, Existing::refuse);
  for (int segment = 0; segment < 3; ++segment) {
    std::vector<Table> tables = {findings((2 - segment) / 2, seeds_of(segment, rank, ranks))};
    // A table that only one segment has, and whose order is that of the ranks.
    if (segment == 1)
      tables.push_back({"timing/ranks", {make_column("rank", "1", "rank", std::vector<std::int32_t>{rank})}});
    writer.write(tables, {make_column("round", "1", "rounds done", std::vector<std::int64_t>{segment + rank * 100})});
    EXPECT_EQ(writer.count(), segment + 1);
    EXPECT_EQ(segment_paths(out_).size(), static_cast<std::size_t>(segment + 1));
    EXPECT_EQ(H5File::open(*newest_segment(out_)).read<std::int64_t>("/state/round"),
              std::vector<std::int64_t>{segment});
  }
  comm::barrier(comm_);
  // 60 bytes: a few rows at a time.
  writer.assemble(
      {{"findings", {"pass", "seed_index"}}}, [](H5File& file) { file.write_attribute("/", "complete", 1); }, 60);

  EXPECT_FALSE(fs::exists(out_ + ".part"));
  EXPECT_FALSE(fs::exists(out_ + ".tmp"));
  H5File const file = H5File::open(out_);
  EXPECT_EQ(file.number_attribute("/", "complete"), 1);
  EXPECT_FALSE(file.exists("/state"));
  auto const passes = file.read<std::int32_t>("/findings/pass");
  auto const seeds = file.read<std::int64_t>("/findings/seed_index");
  auto const pixels = file.read<std::uint8_t>("/findings/input");
  auto const names = file.read_text("/findings/name");
  ASSERT_EQ(seeds.size(), expected.size());
  EXPECT_EQ(file.dataset("/findings/input").shape(), (Shape{static_cast<std::int64_t>(seeds.size()), 2, 3}));
  EXPECT_EQ(file.text_attribute("/findings/l1", "units"), "range");
  EXPECT_EQ(file.text_attribute("/findings/l1", "description"), "distance");
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    EXPECT_EQ(passes[i] * 1000 + seeds[i], expected[i]) << "row " << i;
    EXPECT_EQ(pixels[i * 6 + 5], static_cast<std::uint8_t>(seeds[i] * 7 + passes[i] + 5)) << "row " << i;
    EXPECT_EQ(names[i], "seed " + std::to_string(seeds[i]));
  }
  std::vector<std::int32_t> all_ranks;
  for (int r = 0; r < ranks; ++r) all_ranks.push_back(r);
  EXPECT_EQ(file.read<std::int32_t>("/timing/ranks/rank"), all_ranks);
}

TEST_F(Segments, NoRowsAtAll) {
  SegmentWriter writer(comm_, out_, Existing::refuse);
  writer.write({findings(0, {})});
  writer.assemble({{"findings", {"pass", "seed_index"}}}, [](H5File&) {});
  H5File const file = H5File::open(out_);
  EXPECT_TRUE(file.read<std::int64_t>("/findings/seed_index").empty());
  EXPECT_EQ(file.dataset("/findings/input").shape(), (Shape{0, 2, 3}));
}

TEST_F(Segments, EarlierResultsAreKeptUnlessToldOtherwise) {
  auto const write_one = [&](Existing existing) {
    SegmentWriter writer(comm_, out_, existing);
    writer.write({findings(0, {comm_.rank()})});
    return writer.count();
  };
  EXPECT_EQ(write_one(Existing::refuse), 1);
  EXPECT_THROW(write_one(Existing::refuse), InputError);
  EXPECT_EQ(write_one(Existing::resume), 2);
  EXPECT_EQ(write_one(Existing::overwrite), 1);
  comm::barrier(comm_);
  {
    SegmentWriter writer(comm_, out_, Existing::resume);
    writer.assemble({}, [](H5File&) {});
  }
  EXPECT_TRUE(fs::exists(out_));
  EXPECT_THROW(write_one(Existing::refuse), InputError);
  EXPECT_THROW(write_one(Existing::resume), InputError);
  EXPECT_EQ(write_one(Existing::overwrite), 1);
  EXPECT_TRUE(fs::exists(out_)) << "the old result stays until the new one is complete";
}

TEST_F(Segments, ResumingRemovesWhatAKilledRunLeftHalfDone) {
  { SegmentWriter(comm_, out_, Existing::refuse).write({findings(0, {comm_.rank()})}); }
  std::vector<std::string> const leftovers{out_ + ".part/writing.tmp", out_ + ".tmp", out_ + ".part.done/000001.h5"};
  if (comm_.is_root()) {
    fs::create_directory(out_ + ".part.done");
    for (std::string const& path : leftovers) std::ofstream(path) << "half";
    std::ofstream(out_) << "an older result, to be replaced";
  }
  comm::barrier(comm_);
  SegmentWriter writer(comm_, out_, Existing::resume);
  EXPECT_EQ(writer.count(), 1);
  for (std::string const& path : leftovers) EXPECT_FALSE(fs::exists(path)) << path;
  comm::barrier(comm_);
  writer.assemble({}, [](H5File&) {});
  EXPECT_FALSE(fs::exists(out_ + ".part"));
  EXPECT_FALSE(fs::exists(out_ + ".part.done"));
  EXPECT_EQ(H5File::open(out_).dataset("/findings/l1").rows(), comm_.size());
}

TEST_F(Segments, APlaceThatCannotBeWrittenIsRefusedOnAllRanks) {
  EXPECT_THROW(SegmentWriter(comm_, "/no/such/folder/out.h5", Existing::refuse), InputError);
  EXPECT_THROW(SegmentWriter(comm_, "/proc/out.h5", Existing::refuse), InputError);
  EXPECT_THROW(SegmentWriter(comm_, fs::path(out_).parent_path(), Existing::refuse), InputError);
}

TEST_F(Segments, ARunThatWroteNothingLeavesNothing) {
  { SegmentWriter const writer(comm_, out_, Existing::refuse); }
  comm::barrier(comm_);
  EXPECT_FALSE(fs::exists(out_ + ".part"));
  comm::barrier(comm_);
  // A segment that was not finished does not count.
  if (comm_.is_root()) {
    fs::create_directory(out_ + ".part");
    std::ofstream(out_ + ".part/writing.tmp") << "half";
  }
  comm::barrier(comm_);
  EXPECT_TRUE(segment_paths(out_).empty());
  EXPECT_FALSE(newest_segment(out_));
  SegmentWriter writer(comm_, out_, Existing::refuse);
  writer.write({findings(0, {comm_.rank()})});
  EXPECT_EQ(segment_paths(out_).size(), 1u);
}

TEST_F(Segments, AFailedFinishLeavesTheSegments) {
  if (comm_.size() > 1) GTEST_SKIP() << "several ranks: it ends the run (test segments.full_disk)";
  SegmentWriter writer(comm_, out_, Existing::refuse);
  writer.write({findings(0, {1})});
  EXPECT_THROW(writer.assemble({}, [](H5File&) { throw Error("disk lost"); }), Error);
  EXPECT_FALSE(fs::exists(out_));
  EXPECT_FALSE(fs::exists(out_ + ".tmp"));
  EXPECT_TRUE(newest_segment(out_));
}

TEST_F(Segments, DamagedSegmentsAreReported) {
  if (comm_.size() > 1) GTEST_SKIP() << "several ranks: it ends the run (test segments.full_disk)";
  SegmentWriter writer(comm_, out_, Existing::refuse);
  writer.write({findings(0, {1, 2, 3})});
  fs::resize_file(*newest_segment(out_), 1000);
  EXPECT_THROW(writer.assemble({}, [](H5File&) {}), Error);
}

TEST_F(Segments, ParallelFilesHoldTheRowsOfAllRanks) {
  {
    ParallelFile file(comm_, out_);
    file.write("/deep/x", make_column("x", "s", "times",
                                      std::vector<double>(static_cast<std::size_t>(comm_.rank()), comm_.rank() + 0.5)));
    file.write_attribute("/", "schema", "test");
    file.write_attribute("/deep", "ranks", comm_.size());
    file.close();
  }
  H5File const file = H5File::open(out_);
  std::vector<double> expected;
  for (int r = 0; r < comm_.size(); ++r) expected.insert(expected.end(), static_cast<std::size_t>(r), r + 0.5);
  EXPECT_EQ(file.read<double>("/deep/x"), expected);
  EXPECT_EQ(file.number_attribute("/deep", "ranks"), comm_.size());
}

}  // namespace
}  // namespace sonde::io
