// Forward pass and gradient to the input of whole models, beside the raw oneDNN primitives of the same layers.
//
// bench_passes BATCH MODEL...
#include <cstdlib>
#include <filesystem>

#include "backend/threads.hpp"
#include "bench/bench.hpp"
#include "bench/raw_primitives.hpp"
#include "nn/runner.hpp"

namespace sonde::bench {
namespace {

void bench(std::string const& path, std::int64_t batch) {
  std::string const name = std::filesystem::path(path).stem();
  auto const network = std::make_shared<nn::Network const>(io::read_model(path));
  nn::Runner runner(network, backend::make_backend("cpu", network->file()), {.batches = {batch}, .gradient = true});
  Buffer<float> rows(static_cast<std::size_t>(batch * volume(network->input_shape()))), gradient(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i * 40503U % 256);
  std::vector<backend::UnitPick> const starts(static_cast<std::size_t>(batch), {0, 0, 1.0F});
  double const forward = median_seconds([&] { runner.forward(batch, rows.data()); }, 5);
  double const backward = median_seconds(
      [&] { runner.backward(batch, network->logit_node(), starts.data(), nullptr, gradient.data()); }, 5);
  RawTimes const raw = raw_times(*network, batch);
  print(name + ".forward", forward * 1e3, "ms");
  print(name + ".forward.raw", raw.forward * 1e3, "ms");
  print(name + ".gradient", backward * 1e3, "ms");
  print(name + ".gradient.raw", raw.backward * 1e3, "ms");
  print(name + ".raw_left_out", raw.left_out, "layers");
  print(name + ".images", static_cast<double>(batch) / (forward + backward), "images/s");
  print(name + ".of_raw", (forward + backward) / (raw.forward + raw.backward), "1");
}

}  // namespace
}  // namespace sonde::bench

int main(int argc, char** argv) {
  sonde::backend::use_one_thread();
  for (int i = 2; i < argc; ++i) sonde::bench::bench(argv[i], std::max(1L, std::atol(argv[1])));
  return 0;
}
