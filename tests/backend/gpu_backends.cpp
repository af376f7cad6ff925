// The backends of a GPU, where there is one: what the tables of ops, units and row ops are run on in a build with CUDA.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "backend/cuda_backend.hpp"
#include "backends.hpp"
#include "base/check.hpp"
#include "device/device.hpp"
#include "op_run.hpp"

namespace sonde::test {

std::vector<std::string> backend_names() {
  return device::usable() ? std::vector<std::string>{"cuda", "cuda/tf32"} : std::vector<std::string>{};
}

std::vector<std::string> device_backend_names() { return backend_names(); }

std::unique_ptr<backend::Backend> make_test_backend(std::string const& name) {
  return backend::make_cuda_backend(name == "cuda/tf32" ? backend::Precision::tf32 : backend::Precision::fp32);
}

namespace {

TEST(Cuda, IsUsable) {
  if (device::usable()) {
    EXPECT_EQ(make_test_backend("cuda")->name(), "cuda");
    return;
  }
  try {
    make_test_backend("cuda");
    FAIL() << "a backend without a device";
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find(device::why_none()), std::string::npos) << error.what();
  }
  GTEST_SKIP() << "no GPU: " << device::why_none() << ". None of the tables of ops was run.";
}

TEST(Cuda, GivesTheSameBitsEveryTime) {
  if (!device::usable()) GTEST_SKIP() << "no GPU: " << device::why_none();
  auto const tested = make_test_backend("cuda");
  for (OpCase const& c : op_cases()) {
    std::vector<Rows> const x = case_inputs(c, 33);
    std::vector const modes(c.inputs.size(), backend::GradientMode::overwrite);
    OpResult const once = run_op(*tested, c, 33, x, case_gradient(c, 33), x, modes);
    OpResult const again = run_op(*tested, c, 33, x, case_gradient(c, 33), x, modes);
    auto const same = [](Rows const& a, Rows const& b) {
      return std::ranges::equal(
          a, b, {}, [](float v) { return std::bit_cast<std::uint32_t>(v); },
          [](float v) { return std::bit_cast<std::uint32_t>(v); });
    };
    EXPECT_TRUE(same(once.y, again.y)) << c.name;
    for (std::size_t i = 0; i < once.dx.size(); ++i) EXPECT_TRUE(same(once.dx[i], again.dx[i])) << c.name;
  }
}

}  // namespace
}  // namespace sonde::test
