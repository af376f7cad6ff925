// Options: from words, from files, and back to a file.
#include "app/command_line.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/check.hpp"
#include "harness/shared_data.hpp"

namespace sonde::app {
namespace {

using Texts = std::vector<std::string>;

CommandLine small_line() {
  CommandLine line("sonde test FILE", "A test.");
  line.group("Group")->add_options()("model", po::value<Texts>(), "models")("step", po::value<double>(), "step")(
      "rate", po::value<double>()->default_value(0.1), "rate")("count", po::value<std::int64_t>()->default_value(7),
                                                               "count")("kind", po::value<std::string>(), "kind")(
      "fast", po::bool_switch(), "fast");
  line.positional("model", -1);
  return line;
}

CommandLine parsed(Texts const& words) {
  CommandLine line = small_line();
  EXPECT_EQ(line.parse(words, false), CommandLine::Result::run);
  return line;
}

std::string refusal(Texts const& words) {
  CommandLine line = small_line();
  try {
    line.parse(words, false);
  } catch (InputError const& error) {
    return error.what();
  }
  return "";
}

/// Path of a new file that holds `text`.
std::string config_file(std::string const& text) {
  auto const folder = test::scratch_path("command_line");
  std::filesystem::create_directories(folder);
  auto const path = (folder / "options.ini").string();
  std::ofstream(path) << text;
  return path;
}

TEST(CommandLine, DefaultsAndWords) {
  CommandLine const line = parsed({"a.h5", "--count", "9", "--model=b.h5", "--fast"});
  EXPECT_EQ(line.texts("model"), (Texts{"a.h5", "b.h5"}));
  EXPECT_EQ(line.integer("count"), 9);
  EXPECT_EQ(line.number("rate"), 0.1);
  EXPECT_TRUE(line.flag("fast"));
  EXPECT_FALSE(line.given("step"));
  EXPECT_EQ(line.text("kind"), "");
  EXPECT_FALSE(parsed({}).flag("fast"));
  EXPECT_TRUE(parsed({}).texts("model").empty());
}

TEST(CommandLine, FilesGiveWhatWordsLeaveOut) {
  auto const path = config_file("# a comment\nmodel = a.h5\nmodel = b.h5\ncount = 3\nrate = 0.25\nfast = true\n");
  CommandLine const line = parsed({"--config", path, "--count", "9"});
  EXPECT_EQ(line.integer("count"), 9);
  EXPECT_EQ(line.number("rate"), 0.25);
  EXPECT_EQ(line.texts("model"), (Texts{"a.h5", "b.h5"}));
  EXPECT_TRUE(line.flag("fast"));
}

TEST(CommandLine, EffectiveConfigReadsBackAlike) {
  CommandLine const line = parsed({"a.h5", "--rate", "0.30000000000000004", "--step", "1e-7", "--kind", "x=1,y=a b"});
  std::string const text = line.effective_config({"count"});
  EXPECT_EQ(text.find("count"), std::string::npos);
  CommandLine again = small_line();
  again.parse_config_text(text, "test");
  EXPECT_EQ(again.number("rate"), 0.30000000000000004);
  EXPECT_EQ(again.number("step"), 1e-7);
  EXPECT_EQ(again.text("kind"), "x=1,y=a b");
  EXPECT_EQ(again.texts("model"), Texts{"a.h5"});
  EXPECT_EQ(again.effective_config({"count"}), text);
}

TEST(CommandLine, HelpAndDumpStop) {
  EXPECT_EQ(small_line().parse({"--help"}, false), CommandLine::Result::help_printed);
  testing::internal::CaptureStdout();
  EXPECT_EQ(small_line().parse({"--count", "5", "--dump-config"}, true), CommandLine::Result::config_dumped);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("count = 5\n"), std::string::npos);
}

TEST(CommandLine, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refusal({"--cuont", "3"}).find("'--cuont' is unknown. Did you mean --count?"), std::string::npos);
  EXPECT_NE(refusal({"--cuont", "3"}).find("--model"), std::string::npos);  // the known ones
  EXPECT_NE(refusal({"--cou", "3"}), "");                                   // no guessing
  EXPECT_NE(refusal({"--config", config_file("rat = 1\n")}).find("Did you mean --rate?"), std::string::npos);
  EXPECT_NE(refusal({"--config", config_file("[section]\nrate = 1\n")}), "");
  EXPECT_NE(refusal({"--config", "absent.ini"}).find("absent.ini: it cannot be read"), std::string::npos);
}

TEST(CommandLine, RefusesValuesOfTheWrongType) {
  EXPECT_NE(refusal({"--count", "many"}), "");
  EXPECT_NE(refusal({"--count", "1.5"}), "");
  EXPECT_NE(refusal({"--count", "99999999999999999999"}), "");
  EXPECT_NE(refusal({"--rate"}), "");
  EXPECT_NE(refusal({"--count", "1", "--count", "2"}), "");
  EXPECT_NE(refusal({"--config", config_file("count = many\n")}), "");
  EXPECT_NE(refusal({"--config", config_file("no equals sign\n")}), "");
}

TEST(CommandLine, NamesValuesOfTheWrongTypeWhateverTheyHold) {
  // Placeholders of Boost's own messages, which never ended (found by fuzzing).
  EXPECT_NE(refusal({"--count", "a%value%"}).find("'a%value%' of option '--count'"), std::string::npos);
  EXPECT_NE(refusal({"--config", config_file("count = ('%value%')\n")}).find("('%value%')"), std::string::npos);
  EXPECT_NE(refusal({"--config", config_file("%invalid_line%\n")}).find("'%invalid_line%'"), std::string::npos);
  EXPECT_NE(refusal({"--%canonical_option%"}).find("is unknown"), std::string::npos);
  EXPECT_NE(refusal({"--fast=%option%"}), "");
}

TEST(CommandLine, ChecksRangesAndChoices) {
  CommandLine const line = parsed({"--step", "nan", "--kind", "slow"});
  EXPECT_EQ(line.integer_in("count", 1, 7), 7);
  EXPECT_THROW(line.integer_in("count", 8, 9), InputError);
  EXPECT_THROW(line.number_in("rate", 0.2, 1), InputError);
  EXPECT_THROW(line.number_in("step", 0, 1), InputError);
  std::map<std::string, int> const kinds{{"fast", 1}, {"slow", 2}};
  EXPECT_EQ(line.choice("kind", kinds), 2);
  try {
    parsed({"--kind", "slwo"}).choice("kind", kinds);
    FAIL();
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find("'slwo' is unknown. Choose one of: fast, slow."), std::string::npos);
  }
}

}  // namespace
}  // namespace sonde::app
