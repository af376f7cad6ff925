// The lanes backend on DeepXplore's three LeNets: rate of every layer against the processor's peak, and iterations per
// second.
//
// bench_lanes [batch]
#include <cstdlib>

#include "backend/cpu/lanes/lanes_backend.hpp"
#include "bench/bench.hpp"

namespace sonde::bench {
namespace {

using backend::GradientMode;

struct Layer {
  std::string name;
  io::Op op;
  io::Activation fused;
  Shape in, out;
  double flops;  // of one pass of a sample
};

struct Net {
  std::string name;
  std::vector<Layer> layers;
};

io::Weights weights(Shape const& shape) {
  auto tensor = std::make_shared<Tensor>(shape);
  for (std::size_t i = 0; i < tensor->data.size(); ++i)
    tensor->data[i] = static_cast<float>(i * 2654435761U % 1024) / 8192 - 0.06F;
  return tensor;
}

void add(Net& net, std::string const& name, io::Op const& op, Shape const& in, double flops, bool relu = false) {
  io::Activation const fused{relu ? io::Function::relu : io::Function::identity};
  net.layers.push_back({net.name + "." + name, op, fused, in, io::infer_shape(op, {in}, name), flops});
}

/// A convolution of 5x5 with rim, relu, and a pooling of 2x2; returns the shape after it.
Shape add_convolution(Net& net, std::string const& number, Shape const& in, std::int64_t channels) {
  io::Conv2d conv;
  conv.window = {.height = 5, .width = 5, .top = 2, .left = 2, .bottom = 2, .right = 2};
  conv.weights = weights({5, 5, in[2], channels});
  conv.bias = weights({channels});
  add(net, "conv" + number, conv, in, 2.0 * static_cast<double>(volume(in) * 25 * channels), true);
  io::Pool pool;
  pool.window = {.height = 2, .width = 2, .stride_y = 2, .stride_x = 2};
  add(net, "pool" + number, pool, net.layers.back().out, 0);
  return net.layers.back().out;
}

Net lenet(std::string const& name, std::int64_t first, std::int64_t second, std::vector<std::int64_t> const& dense) {
  Net net{name, {}};
  Shape shape = add_convolution(net, "1", {28, 28, 1}, first);
  shape = add_convolution(net, "2", shape, second);
  shape = {volume(shape)};
  for (std::size_t i = 0; i < dense.size(); ++i) {
    bool const last = i + 1 == dense.size();
    io::Dense op{weights({shape[0], dense[i]}), weights({dense[i]})};
    add(net, "dense" + std::to_string(i + 1), op, shape, 2.0 * static_cast<double>(shape[0] * dense[i]), !last);
    shape = {dense[i]};
  }
  return net;
}

/// A net's layers with all their tensors.
class Run {
 public:
  Run(Net const& net, backend::Backend const& backend, std::int64_t batch)
      : net_(net), backend_(backend), batch_(batch) {
    Shape const& in = net.layers.front().in;
    rows_ = Buffer<float>(static_cast<std::size_t>(volume(in) * batch));
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i] = static_cast<float>(i * 40503U % 256) / 255;
    values_.emplace_back(backend.tensor_size(in, batch));
    gradients_.emplace_back(backend.tensor_size(in, batch));
    for (Layer const& layer : net.layers) {
      ops_.push_back(backend.plan(layer.op, layer.fused, {layer.in}, layer.out, batch));
      values_.emplace_back(backend.tensor_size(layer.out, batch));
      gradients_.emplace_back(backend.tensor_size(layer.out, batch));
    }
    std::ranges::fill(gradients_.back().span(), 1.0F);
  }

  void forward(std::size_t i) {
    float const* x = values_[i].data();
    ops_[i]->forward(queue_, {&x, 1}, values_[i + 1].data());
  }

  void backward(std::size_t i) {
    float const* x = values_[i].data();
    float* dx = gradients_[i].data();
    GradientMode const mode = GradientMode::overwrite;
    ops_[i]->backward(queue_, {&x, 1}, values_[i + 1].data(), gradients_[i + 1].data(), {&dx, 1}, {&mode, 1});
  }

  void load() { backend_.load(queue_, rows_.data(), net_.layers.front().in, batch_, values_[0].data()); }
  void store() { backend_.store(queue_, gradients_[0].data(), net_.layers.front().in, batch_, rows_.data()); }

  /// Forward and gradient to the input: rows in, rows out.
  void iterate() {
    load();
    for (std::size_t i = 0; i < ops_.size(); ++i) forward(i);
    for (std::size_t i = ops_.size(); i-- > 0;) backward(i);
    store();
  }

 private:
  Net const& net_;
  backend::Backend const& backend_;
  std::int64_t batch_;
  backend::Queue queue_;
  Buffer<float> rows_;
  std::vector<std::unique_ptr<backend::Operator>> ops_;
  std::vector<Buffer<float>> values_, gradients_;  // of the input and of every layer
};

/// Rate of one pass of a layer. Taps on the padding, which the kernels leave out, count: a share of the peak may
/// exceed 1.
template <class Call>
void bench_pass(Layer const& layer, char const* pass, std::int64_t batch, Call&& call) {
  std::string const name = layer.name + "." + pass;
  double const peak = peak_flops();
  double const seconds = median_seconds(call);
  if (layer.flops == 0) return print(name, seconds * 1e6, "us");
  double const rate = layer.flops * static_cast<double>(batch) / seconds;
  print(name, rate * 1e-9, "GFLOP/s");
  print(name + ".of_peak", rate / peak, "1");
}

void bench(std::int64_t batch) {
  backend::LanesBackend const backend;
  std::vector<Net> const nets{lenet("lenet1", 4, 12, {10}), lenet("lenet2", 6, 16, {84, 10}),
                              lenet("lenet3", 6, 16, {120, 84, 10})};
  print("peak", peak_flops() * 1e-9, "GFLOP/s");
  double total = 0, ideal = 0;  // seconds
  for (Net const& net : nets) {
    Run run(net, backend, batch);
    run.iterate();
    double flops = 0;
    for (std::size_t i = 0; i < net.layers.size(); ++i) {
      bench_pass(net.layers[i], "forward", batch, [&] { run.forward(i); });
      bench_pass(net.layers[i], "backward", batch, [&] { run.backward(i); });
      flops += 2 * net.layers[i].flops * static_cast<double>(batch);
    }
    print(net.name + ".load", median_seconds([&] { run.load(); }) * 1e6, "us");
    print(net.name + ".store", median_seconds([&] { run.store(); }) * 1e6, "us");
    ideal += flops / peak_flops();
    double const seconds = median_seconds([&] { run.iterate(); });
    print(net.name + ".iteration", seconds * 1e6, "us");
    total += seconds;
  }
  print("lenets", static_cast<double>(batch) / total, "sample-iterations/s");
  print("lenets.of_peak", ideal / total, "1");
}

}  // namespace
}  // namespace sonde::bench

int main(int argc, char** argv) {
  sonde::bench::bench(argc > 1 ? std::max(1L, std::atol(argv[1])) : 64);
  return 0;
}
