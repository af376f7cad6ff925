#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

TEST(Provenance, ChecksumsAreThoseOfFips180) {
  EXPECT_EQ(sha256_of({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  auto const path = test::scratch_path("abc.txt");
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "abc";
  std::string const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(sha256_of_file(path), abc);
  EXPECT_NE(sha256_of_files({path, path}), abc);
  Sha256 parts;
  parts.update(std::as_bytes(std::span("a", 1)));
  parts.update(std::as_bytes(std::span("bc", 2)));
  EXPECT_EQ(parts.hex(), abc);
}

TEST(Provenance, UnreadableFilesAreNamed) {
  EXPECT_THROW(sha256_of_file("/no/such/file"), InputError);
  EXPECT_THROW(sha256_of_file("/tmp"), InputError);
}

TEST(Provenance, TimesAreIso) {
  EXPECT_TRUE(std::regex_match(iso_time(), std::regex(R"(20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ)")))
      << iso_time();
}

}  // namespace
}  // namespace sonde::io
