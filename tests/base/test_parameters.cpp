#include <gtest/gtest.h>

#include "base/check.hpp"
#include "base/parameters.hpp"

namespace {

using sonde::Parameters;

/// Message of the InputError that `call` throws.
std::string refusal(auto&& call) {
  try {
    call();
  } catch (sonde::InputError const& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Parameters, SplitNameKeysAndValues) {
  Parameters given("occlusion:row=3,height=0.5");
  EXPECT_EQ(given.name(), "occlusion");
  EXPECT_EQ(given.integer("row", 0, 0, 100), 3);
  EXPECT_EQ(given.number("height", 1, 0, 1), 0.5);
  EXPECT_EQ(given.integer("column", 7, 0, 100), 7);  // not given: the default
  EXPECT_NO_THROW(given.check_all_used());
}

TEST(Parameters, GiveTexts) {
  sonde::Parameters parameters("mask:categories=a b.txt,ignore=");
  EXPECT_EQ(parameters.text("categories", ""), "a b.txt");
  EXPECT_EQ(parameters.text("ignore", "11"), "");
  EXPECT_EQ(parameters.text("folder", "none"), "none");
  EXPECT_NO_THROW(parameters.check_all_used());
}

TEST(Parameters, OfANameAlone) {
  Parameters given("light");
  EXPECT_EQ(given.name(), "light");
  EXPECT_EQ(given.value(), "");
  EXPECT_NO_THROW(given.check_all_used());
}

TEST(Parameters, PlainTextIsOneValue) {
  Parameters given("features:dir/a=b,c:d.csv", true);
  EXPECT_EQ(given.name(), "features");
  EXPECT_EQ(given.value(), "dir/a=b,c:d.csv");
}

TEST(Parameters, RefuseAnUnknownKeyWithTheKnownOnes) {
  Parameters given("occlusion:hieght=3");
  given.integer("height", 0, 0, 10);
  given.integer("width", 0, 0, 10);
  std::string const message = refusal([&] { given.check_all_used(); });
  EXPECT_NE(message.find("'hieght'"), std::string::npos) << message;
  EXPECT_NE(message.find("height, width"), std::string::npos) << message;
}

TEST(Parameters, RefuseAKeyWhereNoneIsTaken) {
  Parameters given("light:size=3");
  EXPECT_NE(refusal([&] { given.check_all_used(); }).find("takes none"), std::string::npos);
}

TEST(Parameters, RefuseWhatIsNotKeyAndValue) {
  EXPECT_THROW(Parameters("a:"), sonde::InputError);
  EXPECT_THROW(Parameters("a:b"), sonde::InputError);
  EXPECT_THROW(Parameters("a:b=1,"), sonde::InputError);
  EXPECT_THROW(Parameters("a:b=1,,c=2"), sonde::InputError);
  EXPECT_NE(refusal([] { Parameters("a:b=1,b=2"); }).find("twice"), std::string::npos);
}

TEST(Parameters, RefuseValuesOutsideTheirBounds) {
  Parameters given("patch:size=11,share=-0.1,count=9999999999999999999");
  EXPECT_NE(refusal([&] { given.integer("size", 1, 1, 10); }).find("outside [1, 10]"), std::string::npos);
  EXPECT_THROW(given.number("share", 0, 0, 1), sonde::InputError);
  EXPECT_THROW(given.integer("count", 1, 1, 10), sonde::InputError);  // does not fit 64 bits
}

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(sonde::parse_number("0.25", "x"), 0.25);
  EXPECT_EQ(sonde::parse_number("-1e-3", "x"), -0.001);
  for (char const* text : {"", " 1", "1 ", "1x", "x", "nan", "inf", "-inf", "1e999", "0,5"}) {
    EXPECT_NE(refusal([&] { sonde::parse_number(text, "--step"); }).find("--step"), std::string::npos) << text;
  }
}

TEST(ParseInteger, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(sonde::parse_integer("-12", "x"), -12);
  EXPECT_EQ(sonde::parse_integer("9223372036854775807", "x"), 9223372036854775807);
  for (char const* text : {"", "1.0", "1e3", "0x10", "9223372036854775808", "1 "}) {
    EXPECT_THROW(sonde::parse_integer(text, "x"), sonde::InputError) << text;
  }
}

}  // namespace
