#include <gtest/gtest.h>

#include "base/cpu_isa.hpp"

namespace {

using sonde::CpuIsa;

TEST(CpuIsa, IsOrdered) {
  EXPECT_LT(CpuIsa::base, CpuIsa::avx2);
  EXPECT_LT(CpuIsa::avx2, CpuIsa::avx512);
}

TEST(CpuIsa, ReadsTheLibrarysOwnLimit) {
  EXPECT_EQ(sonde::allowed_isa("SSE41"), CpuIsa::base);
  EXPECT_EQ(sonde::allowed_isa("AVX"), CpuIsa::base);
  EXPECT_EQ(sonde::allowed_isa("avx2"), CpuIsa::avx2);
  EXPECT_EQ(sonde::allowed_isa("AVX512_CORE"), CpuIsa::avx512);
  EXPECT_EQ(sonde::allowed_isa("ALL"), CpuIsa::avx512);
  EXPECT_EQ(sonde::allowed_isa("no such set"), CpuIsa::avx512);
}

// The cap only ever goes down; this test stands last in its program for that reason.
TEST(CpuIsa, CapLowersAndNeverRaises) {
  CpuIsa const before = sonde::usable_isa();
  sonde::cap_isa(CpuIsa::avx512);
  EXPECT_EQ(sonde::usable_isa(), before);
  sonde::cap_isa(CpuIsa::base);
  EXPECT_EQ(sonde::usable_isa(), CpuIsa::base);
  sonde::cap_isa(CpuIsa::avx512);
  EXPECT_EQ(sonde::usable_isa(), CpuIsa::base);
}

}  // namespace
