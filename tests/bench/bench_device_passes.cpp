// Forward pass and gradient to the input of whole models on a GPU, beside cuDNN's own kernels for the same layers.
//
// bench_device_passes BATCH fp32|tf32 MODEL...
#include <cstdlib>
#include <filesystem>

#include "bench/bench.hpp"
#include "bench/device_bench.hpp"
#include "bench/raw_cudnn.hpp"
#include "nn/runner.hpp"

namespace sonde::bench {
namespace {

void bench(std::string const& path, std::int64_t batch, std::string const& precision_name) {
  auto const precision = backend::precision_of(precision_name);
  std::string const name = "passes." + std::filesystem::path(path).stem().string() + '.' + precision_name;
  auto const network = std::make_shared<nn::Network const>(io::read_model(path));
  std::shared_ptr<backend::Backend const> const cuda = backend::make_backend("cuda", network->file(), {precision});
  double forward = 0, backward = 0;
  {
    nn::Runner runner(network, cuda, {.batches = {batch}, .gradient = true});
    auto const rows = random_buffer<float>(static_cast<std::size_t>(batch * volume(network->input_shape())));
    Buffer<float> gradient(rows.size(), cuda->memory());
    std::vector<backend::UnitPick> const all(static_cast<std::size_t>(batch), {0, 0, 1.0F});
    Buffer<backend::UnitPick> const starts(all, cuda->memory());
    // Recorded, as the ascent does it.
    auto const there = cuda->record({&runner.queue()}, [&] { runner.forward(batch, rows.data()); });
    auto const back = cuda->record({&runner.queue()}, [&] {
      runner.backward(batch, network->logit_node(), starts.data(), nullptr, gradient.data());
    });
    forward = device_seconds(runner.queue(), [&] { there->replay(); });
    backward = device_seconds(runner.queue(), [&] { back->replay(); });
    runner.queue().wait();
  }
  CudnnTimes const raw = cudnn_times(*network, *cuda, precision, batch);
  double const kernels = raw.forward + raw.backward, others = raw.other_forward + raw.other_backward;
  print(name + ".forward", forward * 1e3, "ms");
  print(name + ".forward.cudnn", raw.forward * 1e3, "ms");
  print(name + ".forward.cudnn_others", raw.other_forward * 1e3, "ms");
  print(name + ".gradient", backward * 1e3, "ms");
  print(name + ".gradient.cudnn", raw.backward * 1e3, "ms");
  print(name + ".gradient.cudnn_others", raw.other_backward * 1e3, "ms");
  print(name + ".cudnn_left_out", raw.left_out, "layers");
  print(name + ".images", static_cast<double>(batch) / (forward + backward), "images/s");
  print(name + ".of_cudnn", (forward + backward) / kernels, "1 (ImageNet CNNs: at most 1.15)");
  print(name + ".of_cudnn_with_others", (forward + backward) / (kernels + others), "1");
}

}  // namespace
}  // namespace sonde::bench

int main(int argc, char** argv) {
  using namespace sonde;
  return bench::run_on_device("bench_device_passes", [&] {
    if (argc < 4)
      throw InputError("nothing to measure (too few arguments). bench_device_passes BATCH fp32|tf32 MODEL...");
    for (int i = 3; i < argc; ++i) bench::bench(argv[i], std::max(1L, std::atol(argv[1])), argv[2]);
  });
}
