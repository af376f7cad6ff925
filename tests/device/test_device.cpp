// The device of the process: what is said where there is none, and memory where there is one.
#include <gtest/gtest.h>

#include <array>

#include "device/device.hpp"
#include "tensor/buffer.hpp"

namespace sonde::device {
namespace {

TEST(Device, IsThereOrSaysWhyNot) {
  if (usable()) {
    EXPECT_FALSE(devices().empty());
    EXPECT_FALSE(chosen().name.empty());
    EXPECT_EQ(chosen().uuid.size(), std::string("GPU-01234567-0123-0123-0123-0123456789ab").size());
    EXPECT_EQ(chosen().address.size(), std::string("0000:1b:00").size());
    EXPECT_GT(free_memory(), 0U);
  } else {
    EXPECT_GT(why_none().size(), 10U);
    EXPECT_EQ(free_memory(), 0U);
    EXPECT_EQ(&pinned_memory(), &host_memory());
    EXPECT_THROW(make_current(), Error);
  }
}

TEST(Device, RunsOutOfMemoryWithAdvice) {
  if (!usable()) GTEST_SKIP() << "no GPU: " << why_none();
  std::size_t const wanted = std::size_t{1} << 50;
  try {
    Buffer<char> const buffer(wanted, memory());
    FAIL() << "a device of a PiB";
  } catch (OutOfMemory const& error) {
    EXPECT_EQ(error.wanted(), wanted);
    EXPECT_NE(std::string(error.what()).find("1048576.00 GiB more are wanted"), std::string::npos) << error.what();
  }
  Buffer<char> const small(1, memory());  // the failure is not met again
  EXPECT_NE(small.data(), nullptr);
}

TEST(OutOfMemory, SaysWhatIsWantedWhatIsFreeAndWhatToSet) {
  OutOfMemory const error("device 0 (a GPU)", std::size_t{3} << 29, std::size_t{1} << 30, std::size_t{80} << 30);
  EXPECT_STREQ(error.what(),
               "device 0 (a GPU): out of memory (1.50 GiB more are wanted, 1.00 GiB of 80.00 GiB are free). Set a "
               "smaller --batch.");
}

TEST(HostMemory, IsZeroedAlignedAndWritten) {
  Buffer<int> const zeros(33);
  for (int const value : zeros.span()) EXPECT_EQ(value, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(zeros.data()) % 64, 0U);
  Buffer<int> some(3);
  std::array<int, 3> const numbers{1, 2, 3};
  host_memory().write(some.data(), numbers.data(), sizeof numbers);
  EXPECT_EQ(some[2], 3);
}

}  // namespace
}  // namespace sonde::device
