// Models and seeds small enough to follow by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "generate/setup.hpp"

namespace sonde::test {

/// How a tiny model answers.
enum class Answer { softmax, linear, sigmoid };

/// One layer y = x W without bias, W (features, outputs) row-major; its counted layers are "fc" and, unless linear,
/// "answer".
inline std::shared_ptr<nn::Network const> tiny_network(std::string const& name, std::vector<float> const& kernel,
                                                       std::int64_t outputs, Answer answer = Answer::softmax) {
  auto const features = static_cast<std::int64_t>(kernel.size()) / outputs;
  auto weights = std::make_shared<Tensor>(Shape{features, outputs});
  std::ranges::copy(kernel, weights->data.span().begin());
  io::ModelBuilder build(name, "test", {features}, "input");
  int last = build.add("fc", io::Dense{weights, nullptr}, {0});
  build.count("fc", last);
  if (answer != Answer::linear) {
    io::Op const op = answer == Answer::softmax ? io::Op(io::Softmax{}) : io::Op(io::Activation{io::Function::sigmoid});
    last = build.add("answer", op, {last});
    build.count("answer", last);
  }
  return std::make_shared<nn::Network const>(std::move(build).finish(last));
}

/// A network of random weights in two layers, of samples of any shape.
inline std::shared_ptr<nn::Network const> random_network(std::string const& name, Shape const& sample, unsigned seed) {
  std::int64_t const features = volume(sample);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  auto const draw = [&](Shape shape) {
    auto tensor = std::make_shared<Tensor>(std::move(shape));
    for (float& w : tensor->data.span()) w = normal(random);
    return tensor;
  };
  io::ModelBuilder build(name, "test", sample, "input");
  int const flat = build.add("flat", io::Reshape{{features}}, {0});
  int const hidden = build.add("hidden", io::Dense{draw({features, 12}), draw({12})}, {flat});
  int const relu = build.add("hidden.relu", io::Activation{io::Function::relu}, {hidden});
  build.count("hidden", relu);
  int const logits = build.add("logits", io::Dense{draw({12, 3}), draw({3})}, {relu});
  build.count("logits", logits);
  return std::make_shared<nn::Network const>(std::move(build).finish(build.add("answer", io::Softmax{}, {logits})));
}

/// Seeds in memory.
class TinySeeds final : public io::Dataset {
 public:
  TinySeeds(Shape sample, std::vector<float> values, io::StoredDomain const& domain = {io::ElementType::float32, false})
      : Dataset(info(std::move(sample), static_cast<std::int64_t>(values.size()), domain)),
        values_(std::move(values)) {}

 private:
  static io::DatasetInfo info(Shape sample, std::int64_t count, io::StoredDomain const& domain) {
    io::DatasetInfo about;
    about.path = "tiny";
    about.size = count / volume(sample);
    about.sample_shape = std::move(sample);
    about.domain = domain;
    return about;
  }
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    std::int64_t const features = volume(sample_shape());
    for (std::int64_t index : indices) rows = std::copy_n(values_.begin() + index * features, features, rows);
  }
  std::vector<float> values_;
};

/// In a test, "Setup" is a name of GoogleTest's.
using RunSetup = generate::Setup;

inline RunSetup tiny_setup(generate::Config const& config, generate::Networks networks,
                           std::shared_ptr<io::Dataset const> seeds, std::string const& backend = "auto") {
  return RunSetup(config, std::move(networks), std::move(seeds), io::ModelDomain{}, backend::backend_maker(backend));
}

}  // namespace sonde::test
