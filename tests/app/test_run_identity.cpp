#include "app/run_identity.hpp"

#include <gtest/gtest.h>

#include "base/check.hpp"

namespace sonde::app {
namespace {

RunIdentity identity(std::string const& lambda, std::string const& model_sha, std::string const& more = "") {
  RunIdentity facts;
  facts.add("sonde version", "1.0");
  facts.add_options("model = a.h5\nmodel = b = c.h5\nlambda1 = " + lambda + "\n" + more);
  facts.add("model 1", "b = c.h5, sha256 " + model_sha);
  return facts;
}

/// What check_same says; empty when it agrees.
std::string difference(RunIdentity const& now, std::string const& stored) {
  try {
    now.check_same(stored, "out.h5.part/000003.h5");
  } catch (InputError const& error) {
    return error.what();
  }
  return "";
}

TEST(RunIdentity, TheSameRun) {
  EXPECT_EQ(difference(identity("1", "abc"), identity("1", "abc").text()), "");
  EXPECT_NE(identity("1", "abc").text().find("--lambda1 = 1\n"), std::string::npos);
}

TEST(RunIdentity, TheFirstDifferenceIsNamed) {
  std::string const message = difference(identity("1", "abc"), identity("2", "xyz").text());
  EXPECT_NE(message.find("out.h5.part/000003.h5: --lambda1 was '2' when it was written but is '1' now"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find("sha256"), std::string::npos) << message;
}

TEST(RunIdentity, AFileThatWasReplaced) {
  RunIdentity now, before;
  now.add("model 1", "a.h5, sha256 abc");
  before.add("model 1", "a.h5, sha256 xyz");
  EXPECT_NE(difference(now, before.text()).find("model 1 was 'a.h5, sha256 xyz'"), std::string::npos);
}

TEST(RunIdentity, OptionsThatOnlyOneHas) {
  EXPECT_NE(difference(identity("1", "abc"), identity("1", "abc", "columns = 1\n").text()).find("--columns was '1'"),
            std::string::npos);
  EXPECT_NE(difference(identity("1", "abc", "columns = 1\n"), identity("1", "abc").text()).find("was not given"),
            std::string::npos);
  EXPECT_NE(difference(identity("1", "abc", "model = d.h5\n"), identity("1", "abc").text()).find("--model"),
            std::string::npos);
  EXPECT_NE(difference(identity("1", "abc"), "no such line"), "");
}

}  // namespace
}  // namespace sonde::app
