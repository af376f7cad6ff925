// Graph handling: fused activations, shared values, several readers, gradients against finite differences.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "backend/backend.hpp"
#include "nn/runner.hpp"

namespace sonde {
namespace {

io::Weights weights(Shape shape, unsigned seed) {
  auto tensor = std::make_shared<Tensor>(std::move(shape));
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-0.5F, 0.5F);
  for (float& w : tensor->data.span()) w = uniform(random);
  return tensor;
}

/// Two branches from one convolution, added, pooled, flattened: every kind of sharing in one graph.
io::ModelFile branched_model() {
  io::ModelBuilder build("test", "test", {6, 6, 2}, "input");
  io::Window const three{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  int const conv = build.add("conv", io::Conv2d{three, 1, weights({3, 3, 2, 4}, 1), weights({4}, 2)}, {0});
  int const act = build.add("conv.tanh", io::Activation{io::Function::tanh}, {conv});
  build.count("conv", act);
  int const left = build.add("left", io::Conv2d{three, 1, weights({3, 3, 4, 4}, 3), nullptr}, {act});
  int const same = build.add("dropout", io::Activation{io::Function::identity}, {left});
  build.count("dropout", same);
  int const sum = build.add("add", io::Binary{io::BinaryFunction::add, nullptr, false}, {same, act});
  build.count("add", sum);
  io::Window const two{2, 2, 2, 2};
  int const pool = build.add("pool", io::Pool{io::PoolKind::average, two, false}, {sum});
  build.count("pool", pool);
  int const flat = build.add("flatten", io::Reshape{{36}}, {pool});
  int const dense = build.add("logits", io::Dense{weights({36, 3}, 4), weights({3}, 5)}, {flat});
  build.count("logits", dense);
  int const soft = build.add("softmax", io::Softmax{}, {dense});
  build.count("softmax", soft);
  return std::move(build).finish(soft);
}

class RunnerTest : public testing::TestWithParam<char const*> {
 protected:
  void SetUp() override {
    network = std::make_shared<nn::Network const>(branched_model());
    backend = backend::make_backend(GetParam(), network->file());
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    rows.resize(3 * 72);
    for (float& x : rows) x = normal(random);
  }

  std::shared_ptr<nn::Network const> network;
  std::shared_ptr<backend::Backend const> backend;
  std::vector<float> rows;  // (3, 6, 6, 2)
};

TEST_P(RunnerTest, FindsLogitsAndLayers) {
  EXPECT_EQ(network->task(), nn::Task::classes);
  EXPECT_EQ(network->file().nodes[static_cast<std::size_t>(network->logit_node())].name, "logits");
  EXPECT_EQ(network->units(), 4 + 4 + 4 + 4 + 3 + 3);
  EXPECT_EQ(network->layers()[1].first_unit, 4);
  EXPECT_EQ(network->layers()[0].positions, 36);
}

TEST_P(RunnerTest, TakesSamplesOfItsNumbersAndChannels) {
  EXPECT_TRUE(network->takes({6, 6, 2}));
  EXPECT_TRUE(network->takes({36, 2})) << "flat pixels";
  EXPECT_FALSE(network->takes({2, 6, 6}));
  EXPECT_FALSE(network->takes({72}));
  io::ModelBuilder build("rows", "test", {6, 12}, "input");
  int const dense = build.add("dense", io::Dense{weights({12, 2}, 1), nullptr}, {0});
  build.count("dense", dense);
  nn::Network const rows_as_steps(std::move(build).finish(dense));
  EXPECT_TRUE(rows_as_steps.takes({6, 12, 1}));
  EXPECT_FALSE(rows_as_steps.takes({12, 6, 1}));
  EXPECT_FALSE(rows_as_steps.takes({6, 6, 2}));
}

TEST_P(RunnerTest, ProbabilitiesSumToOne) {
  nn::Runner run(network, backend, {{3}});
  run.forward(3, rows.data());
  std::vector<float> outputs(9);
  run.outputs(3, outputs.data());
  for (std::size_t n = 0; n < 3; ++n) EXPECT_NEAR(outputs[n * 3] + outputs[n * 3 + 1] + outputs[n * 3 + 2], 1, 1e-6);
}

TEST_P(RunnerTest, GradientMatchesFiniteDifferences) {
  nn::Runner run(network, backend, {{1, 3}, true});
  // Each sample starts at another unit, and picks a neuron of another layer; the last takes no part in the objective.
  std::vector<backend::UnitPick> const starts{{0, 1, 1.0F}, {0, 2, -0.5F}, {}};
  for (std::int32_t layer = -1; layer < 6; ++layer) {
    std::vector<backend::UnitPick> const picks{{layer, 0, 2.0F}, {layer, 1, -1.0F}, {layer, 2, 3.0F}};
    run.forward(3, rows.data());
    std::vector<float> gradient(rows.size());
    run.backward(3, network->logit_node(), starts.data(), picks.data(), gradient.data());

    auto const objective = [&](std::vector<float> const& x) {
      run.forward(3, x.data());
      std::vector<float> logits(9), units(3 * 4);
      run.node_values(3, network->logit_node(), logits.data());
      double value = static_cast<double>(logits[1]) - 0.5 * static_cast<double>(logits[3 + 2]);
      if (layer < 0) return value;
      auto const width = static_cast<std::size_t>(network->layers()[static_cast<std::size_t>(layer)].units);
      run.unit_values(3, static_cast<std::size_t>(layer), backend::UnitReduction::mean, units.data());
      for (std::size_t n = 0; n < 3; ++n)
        value += static_cast<double>(picks[n].weight) * static_cast<double>(units[n * width + n]);
      return value;
    };
    for (std::size_t i = 0; i < rows.size(); i += 5) {
      auto moved = rows;
      float const step = 1e-2F;
      moved[i] = rows[i] + step;
      double const up = objective(moved);
      moved[i] = rows[i] - step;
      double const down = objective(moved);
      EXPECT_NEAR(static_cast<double>(gradient[i]), (up - down) / (2 * static_cast<double>(step)), 2e-3)
          << "element " << i << " layer " << layer;
    }
  }
}

TEST_P(RunnerTest, NothingIsAllocatedInTheLoop) {
  nn::Runner run(network, backend, {{3}, true});
  std::vector<backend::UnitPick> const starts(3, {0, 1, 1.0F});
  std::vector<float> gradient(rows.size());
  auto const before = buffer_allocations().load();
  for (int i = 0; i < 3; ++i) {
    run.forward(3, rows.data());
    run.backward(3, network->logit_node(), starts.data(), nullptr, gradient.data());
  }
  EXPECT_EQ(buffer_allocations().load(), before);
}

TEST_P(RunnerTest, ComputesOnlyWhatIsAskedFor) {
  int const left = 3;  // before the pooling and all that follows
  ASSERT_EQ(network->file().nodes[left].name, "left");
  nn::Runner all(network, backend, {{3}, false, {left}}), part(network, backend, {{3}, false, {left}, true});
  std::vector<float> expected(3 * 144), values(3 * 144);
  all.forward(3, rows.data());
  all.node_values(3, left, expected.data());
  part.forward(3, rows.data());
  part.node_values(3, left, values.data());
  EXPECT_EQ(values, expected);
  EXPECT_LT(part.bytes(), all.bytes());
}

TEST_P(RunnerTest, GradientToAnInnerNodeIsThatOfTheRestOfTheModel) {
  int const sum = 5;
  ASSERT_EQ(network->file().nodes[sum].name, "add");
  io::ModelBuilder build("rest", "test", {6, 6, 4}, "input");
  int const pool = build.add("pool", network->file().nodes[6].op, {0});
  build.count("pool", pool);
  int const flat = build.add("flatten", io::Reshape{{36}}, {pool});
  auto const rest = std::make_shared<nn::Network const>(
      std::move(build).finish(build.add("logits", network->file().nodes[8].op, {flat})));
  std::vector<backend::UnitPick> const starts{{0, 1, 1.0F}, {0, 2, -0.5F}, {}};
  std::vector<float> inner(3 * 144), gradient(3 * 144), expected(3 * 144);
  nn::Runner whole(network, backend, {{3}, true, {}, false, sum}), tail(rest, backend, {{3}, true});
  whole.forward(3, rows.data());
  whole.node_values(3, sum, inner.data());
  whole.backward(3, network->logit_node(), starts.data(), nullptr, gradient.data());
  tail.forward(3, inner.data());
  tail.backward(3, rest->logit_node(), starts.data(), nullptr, expected.data());
  for (std::size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-6);
}

TEST_P(RunnerTest, RefusesABatchThatWasNotPlanned) {
  nn::Runner run(network, backend, {{3}});
  EXPECT_THROW(run.forward(2, rows.data()), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(Backends, RunnerTest, testing::Values("reference", "cpu"),
                         [](auto const& backend) { return std::string(backend.param); });

}  // namespace
}  // namespace sonde
