// Backends by name.
#include <gtest/gtest.h>

#include "backend/backend.hpp"
#include "base/check.hpp"

namespace sonde::backend {
namespace {

io::ModelFile relu_model(Shape const& shape) {
  io::ModelBuilder builder("model.onnx", "onnx", shape, "input");
  int const relu = builder.add("relu", io::Activation{io::Function::relu, 0, 0}, {0});
  return std::move(builder).finish(relu);
}
io::ModelFile small_model() { return relu_model({4}); }

std::string message_of(std::string const& kind) {
  try {
    make_backend(kind, small_model());
  } catch (InputError const& error) {
    return error.what();
  }
  return "";
}

TEST(FittingBatch, IsAPowerOfTwoThatAnEighthOfTheMemoryHolds) {
  EXPECT_EQ(fitting_batch(8 * 1000, 100), 8);
  EXPECT_EQ(fitting_batch(8 * 1600, 100), 16);
  EXPECT_EQ(fitting_batch(std::size_t{141} << 30, 1), 1 << 14);
  EXPECT_EQ(fitting_batch(std::size_t{141} << 30, 120 << 20), 128);
  EXPECT_EQ(fitting_batch(1, 100), 1);
}

TEST(DeviceMemory, IsNoneOnTheHost) {
  EXPECT_EQ(device_memory("cpu"), 0);
  EXPECT_EQ(device_memory("reference"), 0);
  EXPECT_EQ(device_memory("auto"), 0);  // this build knows no devices
}

TEST(MakeBackend, KnowsTheReference) { EXPECT_EQ(make_backend("reference", small_model())->name(), "reference"); }

TEST(MakeBackend, CpuGoesByTheSizeOfTheModel) {
  EXPECT_EQ(make_backend("cpu", small_model())->name(), "cpu/lanes");
  EXPECT_EQ(make_backend("cpu", relu_model({224, 224, 3}))->name(), "cpu/onednn");
}

TEST(MakeBackend, AutoIsTheCpu) {
  EXPECT_EQ(make_backend("auto", small_model())->name(), make_backend("cpu", small_model())->name());
}

TEST(MakeBackend, SaysThatThereIsNoCuda) {
  EXPECT_EQ(message_of("cuda"),
            "backend cuda: it is not there (this sonde was built without CUDA). Use --backend cpu, or build with the "
            "preset cuda.");
}

TEST(MakeBackend, ListsTheKnownKinds) {
  EXPECT_EQ(message_of("gpu"), "backend 'gpu' is unknown (no such name). Choose one of: auto, cpu, cuda, reference.");
}

}  // namespace
}  // namespace sonde::backend
