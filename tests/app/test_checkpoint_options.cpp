#include "app/checkpoint_options.hpp"

#include <gtest/gtest.h>

#include "app/common_options.hpp"
#include "base/check.hpp"

namespace sonde::app {
namespace {

CheckpointOptions parsed(std::vector<std::string> const& words) {
  CommandLine line("sonde test", "A test.");
  add_output_options(line, true);
  add_checkpoint_options(line);
  line.parse(words, false);
  return checkpoint_options(line);
}

TEST(CheckpointOptions, AreRead) {
  CheckpointOptions const unset = parsed({});
  EXPECT_EQ(unset.every, 300);
  EXPECT_EQ(unset.time_limit, 0);
  EXPECT_FALSE(unset.resume);
  EXPECT_EQ(unset.events, "");
  CheckpointOptions const set =
      parsed({"--checkpoint-every", "0.5", "--time-limit", "1:30:05", "--resume", "--events", "e.jsonl"});
  EXPECT_EQ(set.every, 0.5);
  EXPECT_EQ(set.time_limit, 5405);
  EXPECT_TRUE(set.resume);
  EXPECT_EQ(set.events, "e.jsonl");
}

TEST(CheckpointOptions, Refused) {
  for (std::vector<std::string> const& words : std::vector<std::vector<std::string>>{
           {"--resume", "--overwrite"},
           {"--checkpoint-every", "-1"},
           {"--checkpoint-every", "nan"},
           {"--time-limit", "soon"},
           {"--time-limit", "-3"},
           {"--events", "/no/such/folder/e.jsonl"},
       })
    EXPECT_THROW(parsed(words), InputError) << words[0] << ' ' << words.back();
}

TEST(CheckpointOptions, Durations) {
  EXPECT_EQ(parse_duration("90", "t"), 90);
  EXPECT_EQ(parse_duration("0.25", "t"), 0.25);
  EXPECT_EQ(parse_duration("0:00:07", "t"), 7);
  EXPECT_EQ(parse_duration("100:00:00", "t"), 360000);
  for (char const* text : {"", "1:00", "1:60:00", "1:00:60", "1:00:00:00", "a:00:00", "1:-1:00", "1::0", "1:00:00 ",
                           "99999999:00:00", "1e300"})
    EXPECT_THROW(parse_duration(text, "t"), InputError) << text;
}

}  // namespace
}  // namespace sonde::app
