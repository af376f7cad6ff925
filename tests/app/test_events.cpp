#include "app/events.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/check.hpp"
#include "base/log.hpp"
#include "harness/shared_data.hpp"

namespace sonde::app {
namespace {

using Json = nlohmann::json;

std::string scratch_file(std::string const& name) {
  auto const path = test::scratch_path(name);
  std::filesystem::create_directories(path.parent_path());
  return path.string();
}

std::vector<Json> lines_of(std::string const& path) {
  std::vector<Json> events;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) events.push_back(Json::parse(line, nullptr, false));
  return events;
}

TEST(Events, OneObjectALine) {
  std::string const path = scratch_file("events.jsonl");
  {
    EventLog log(path, false);
    log.write("start");
    log.write("round", {{"round", 3}, {"findings", 12}, {"covered", {1, 2}}});
    EXPECT_EQ(lines_of(path).size(), 2u) << "lines are written at once";
    SONDE_LOG(warning, "scale \"x\"\n");
    log.write("file", {{"name", "\xff is no UTF-8"}});
  }
  SONDE_LOG(warning, "not recorded");
  auto const events = lines_of(path);
  ASSERT_EQ(events.size(), 4u);
  for (Json const& event : events) {
    EXPECT_EQ(event.at("time").get<std::string>().size(), std::string("2024-05-31T23:59:59Z").size());
    EXPECT_GE(event.at("elapsed_s").get<double>(), 0);
  }
  EXPECT_EQ(events[1].at("event"), "round");
  EXPECT_EQ(events[1].at("covered"), (Json{1, 2}));
  EXPECT_EQ(events[2].at("event"), "warning");
  EXPECT_EQ(events[2].at("message"), "scale \"x\"\n");
}

TEST(Events, AppendedAfterACrash) {
  std::string const path = scratch_file("appended.jsonl");
  std::ofstream(path) << "{\"event\":\"start\"}\n{\"event\":\"rou";
  EventLog(path, true).write("start");
  auto events = lines_of(path);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_TRUE(events[1].is_discarded());
  EXPECT_EQ(events[2].at("event"), "start");
  EventLog(path, false).write("start");
  EXPECT_EQ(lines_of(path).size(), 1u);
}

TEST(Events, AFullDiskIsAWarning) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  EventLog log("/dev/full", true);
  testing::internal::CaptureStderr();
  log.write("start");
  log.write("round");
  std::string const said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("--events /dev/full: it cannot be written (No space left on device)"), std::string::npos) << said;
  EXPECT_EQ(said.find("--events", said.find("--events") + 1), std::string::npos) << "said twice: " << said;
}

TEST(Events, AFileThatCannotBeOpened) { EXPECT_THROW(EventLog("/no/such/folder/e", false), InputError); }

TEST(Events, FromManyThreads) {
  std::string const path = scratch_file("threads.jsonl");
  EventLog log(path, false);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) log.write("round", {{"round", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto const events = lines_of(path);
  EXPECT_EQ(events.size(), 200u);
  for (Json const& event : events) EXPECT_FALSE(event.is_discarded());
}

}  // namespace
}  // namespace sonde::app
