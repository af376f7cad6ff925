// A whole network by the kernels of the CUDA backend, run on the host, against the reference.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/mirrored.hpp"
#include "emulated_backend.hpp"
#include "io/models/model_file.hpp"
#include "nn/runner.hpp"

namespace sonde::nn {
namespace {

constexpr std::int64_t batch = 6;

struct Passes {
  std::vector<float> outputs, values, gradient;
};

/// Outputs, values of the first layer's units and the gradient of an objective that some samples and picks take part
/// in.
Passes passes(std::shared_ptr<Network const> const& network, std::shared_ptr<backend::Backend const> const& backend) {
  Runner runner(network, backend, {{batch}, true});
  auto const features = static_cast<std::size_t>(volume(network->input_shape()));
  backend::Mirrored<float> x(features * batch, backend->memory()), gradient(features * batch, backend->memory());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7919 % 1009) / 1009.0F;
  backend::Mirrored<backend::UnitPick> objective(batch, backend->memory()), picks(batch, backend->memory());
  for (std::int32_t n = 0; n < batch; ++n) {
    objective[static_cast<std::size_t>(n)] = {n == 3 ? -1 : 0, n, n % 2 == 0 ? 1.0F : -0.5F};
    picks[static_cast<std::size_t>(n)] = {n % 4, n % 3, 0.1F};
  }
  x.send(runner.queue());
  objective.send(runner.queue());
  picks.send(runner.queue());
  runner.forward(batch, x.device());
  Passes result{std::vector<float>(static_cast<std::size_t>(network->outputs() * batch)),
                std::vector<float>(static_cast<std::size_t>(network->layers()[0].units * batch)),
                {}};
  runner.outputs(batch, result.outputs.data());
  runner.unit_values(batch, 0, backend::UnitReduction::scaled_mean, result.values.data());
  runner.backward(batch, network->logit_node(), objective.device(), picks.device(), gradient.device());
  gradient.fetch(runner.queue());
  result.gradient.assign(gradient.host().begin(), gradient.host().end());
  return result;
}

void expect_near(std::vector<float> const& actual, std::vector<float> const& expected, char const* what) {
  ASSERT_EQ(actual.size(), expected.size());
  float largest = 0;
  for (float const value : expected) largest = std::max(largest, std::abs(value));
  EXPECT_GT(largest, 0) << what;
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], 1e-5 * largest) << what << ", element " << i;
}

TEST(DeviceBackend, RunsALeNetAsTheReferenceDoes) {
  auto const network = std::make_shared<Network const>(io::read_model(SONDE_SOURCE_DIR "/inputs/fashion/lenet1.onnx"));
  Passes const expected = passes(network, backend::make_backend("reference", network->file()));
  Passes const actual = passes(network, test::make_emulated_backend());
  expect_near(actual.outputs, expected.outputs, "outputs");
  expect_near(actual.values, expected.values, "unit values");
  expect_near(actual.gradient, expected.gradient, "gradient");
}

}  // namespace
}  // namespace sonde::nn
