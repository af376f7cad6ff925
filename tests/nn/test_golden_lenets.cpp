// DeepXplore's MNIST networks against independent float64 numbers, on every CPU backend.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "backend/backend.hpp"
#include "coverage/criterion.hpp"
#include "harness/shared_data.hpp"
#include "io/h5.hpp"
#include "nn/mnist.hpp"
#include "nn/runner.hpp"

namespace sonde {
namespace {

constexpr auto golden_file = "golden/mnist_lenets.h5";
constexpr std::array<char const*, 3> model_names{"data/mnist/lenet1.h5", "data/mnist/lenet4.h5",
                                                 "data/mnist/lenet5.h5"};

class GoldenLenets : public testing::TestWithParam<char const*> {
 protected:
  void SetUp() override {
    SONDE_NEEDS_SHARED(golden_file);
    golden = std::make_unique<io::H5File>(io::H5File::open(test::shared_path(golden_file)));
  }

  static std::shared_ptr<nn::Network const> network(std::size_t k) {
    return std::make_shared<nn::Network const>(io::read_model(test::shared_path(model_names[k])));
  }

  static nn::Runner runner(std::size_t k, std::int64_t batch, bool gradient) {
    auto const net = network(k);
    return {net, backend::make_backend(GetParam(), net->file()), {{batch}, gradient}};
  }

  std::vector<std::int64_t> indices(std::string const& name) const { return golden->read<std::int64_t>(name); }

  std::unique_ptr<io::H5File> golden;
};

TEST_P(GoldenLenets, LogitsAndProbabilities) {
  auto const images = test::mnist_images(indices("outputs/image_index"));
  for (std::size_t k = 0; k < 3; ++k) {
    auto run = runner(k, 256, false);
    run.forward(256, images.data());
    std::vector<float> logits(2560), probabilities(2560);
    run.node_values(256, run.network().logit_node(), logits.data());
    run.outputs(256, probabilities.data());
    std::string const group = "outputs/model" + std::to_string(k + 1);
    auto const expected = golden->read<double>(group + "/logits");
    auto const expected_softmax = golden->read<double>(group + "/softmax");
    for (std::size_t n = 0; n < 256; ++n) {
      double largest = 0;
      for (std::size_t c = 0; c < 10; ++c) largest = std::max(largest, std::abs(expected[n * 10 + c]));
      for (std::size_t c = 0; c < 10; ++c) {
        EXPECT_NEAR(logits[n * 10 + c], expected[n * 10 + c], 1e-5 * largest) << group << " image " << n;
        EXPECT_NEAR(probabilities[n * 10 + c], expected_softmax[n * 10 + c], 1e-5) << group << " image " << n;
      }
    }
  }
}

TEST_P(GoldenLenets, LabelsOfAllImages) {
  std::vector<std::int64_t> all(10000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  if (std::string(GetParam()) == "reference") all.resize(1000);  // plain loops
  auto const images = test::mnist_images(all);
  auto const expected = golden->read<std::int64_t>("labels/t10k");  // (10000, 3)
  for (std::size_t k = 0; k < 3; ++k) {
    auto run = runner(k, 250, false);
    std::vector<float> outputs(2500);
    for (std::size_t first = 0; first < all.size(); first += 250) {
      run.forward(250, images.data() + first * 784);
      run.outputs(250, outputs.data());
      for (std::size_t n = 0; n < 250; ++n) {
        auto const row = std::span(outputs).subspan(n * 10, 10);
        ASSERT_EQ(std::ranges::max_element(row) - row.begin(), expected[(first + n) * 3 + k])
            << "model " << k << " image " << first + n;
      }
    }
  }
}

TEST_P(GoldenLenets, GradientOfTheObjective) {
  constexpr std::size_t count = 96;
  auto const images = test::mnist_images(indices("gradient/image_index"));
  auto const classes = golden->read<std::int64_t>("gradient/class"),
             targets = golden->read<std::int64_t>("gradient/target_model");
  auto const layers = golden->read<std::int64_t>("gradient/neuron_layer"),
             channels = golden->read<std::int64_t>("gradient/neuron_channel");
  auto const expected = golden->read<double>("gradient/gradient");
  std::vector<double> gradient(count * 784, 0.0);
  for (std::size_t k = 0; k < 3; ++k) {
    auto run = runner(k, count, true);
    std::vector<backend::UnitPick> starts, picks;
    for (std::size_t n = 0; n < count; ++n) {
      starts.push_back(
          {0, static_cast<std::int32_t>(classes[n]), targets[n] == static_cast<std::int64_t>(k) ? -1.0F : 1.0F});
      picks.push_back(
          {static_cast<std::int32_t>(layers[n * 3 + k]), static_cast<std::int32_t>(channels[n * 3 + k]), 0.1F});
    }
    std::vector<float> part(count * 784);
    run.forward(count, images.data());
    run.backward(count, run.network().logit_node(), starts.data(), picks.data(), part.data());
    for (std::size_t i = 0; i < part.size(); ++i) gradient[i] += static_cast<double>(part[i]);
  }
  for (std::size_t n = 0; n < count; ++n) {
    double error = 0, norm = 0;
    for (std::size_t i = n * 784; i < (n + 1) * 784; ++i) {
      error += (gradient[i] - expected[i]) * (gradient[i] - expected[i]);
      norm += expected[i] * expected[i];
    }
    EXPECT_LE(std::sqrt(error), 1e-5 * std::sqrt(norm)) << "sample " << n;
  }
}

TEST_P(GoldenLenets, NeuronValuesAndCoveredSets) {
  constexpr std::size_t count = 256;
  auto const images = test::mnist_images(indices("coverage/image_index"));
  for (std::size_t k = 0; k < 3; ++k) {
    auto run = runner(k, count, false);
    run.forward(count, images.data());
    std::string const group = "coverage/model" + std::to_string(k + 1);
    auto const expected = golden->read<double>(group + "/scaled_mean");
    auto const units = static_cast<std::size_t>(run.network().units());
    ASSERT_EQ(units * count, expected.size());
    for (std::size_t layer = 0; layer < run.network().layers().size(); ++layer) {
      nn::Layer const& counted = run.network().layers()[layer];
      std::vector<float> values(count * static_cast<std::size_t>(counted.units));
      run.unit_values(count, layer, backend::UnitReduction::scaled_mean, values.data());
      for (std::size_t n = 0; n < count; ++n) {
        for (std::size_t u = 0; u < static_cast<std::size_t>(counted.units); ++u) {
          EXPECT_NEAR(values[n * static_cast<std::size_t>(counted.units) + u],
                      expected[n * units + static_cast<std::size_t>(counted.first_unit) + u], 1e-5)
              << counted.name;
        }
      }
    }
    for (std::string const threshold : {"0.0", "0.25", "0.5", "0.75"}) {
      double const limit = std::stod(threshold);
      auto const criterion = coverage::make_neuron_coverage(limit, run.network(), count);
      std::vector<std::uint8_t> state(criterion->state_size(), 0);
      criterion->update(run, count, std::vector<std::uint8_t>(count, 1), state);
      auto const covered = golden->read<std::int64_t>(group + "/covered_t" + threshold);
      for (std::size_t u = 0; u < units; ++u) {
        double closest = 1;
        for (std::size_t n = 0; n < count; ++n) closest = std::min(closest, std::abs(expected[n * units + u] - limit));
        if (closest > 1e-6 || threshold == "0.0") {
          EXPECT_EQ(criterion->covers(state, static_cast<std::int64_t>(u)), covered[u] != 0)
              << group << " unit " << u << " t " << threshold;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, GoldenLenets, testing::Values("reference", "cpu"),
                         [](auto const& backend) { return std::string(backend.param); });

}  // namespace
}  // namespace sonde
