#include "app/batch_option.hpp"

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "base/log.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"

namespace sonde::app {
namespace {

/// Of the activations of one sample, and as much again for gradients.
std::size_t sample_bytes(std::vector<std::shared_ptr<nn::Network const>> const& networks, bool gradient) {
  std::int64_t floats = 0;
  for (auto const& network : networks) {
    for (io::Node const& node : network->file().nodes) floats += volume(node.shape);
  }
  return static_cast<std::size_t>(floats) * sizeof(float) * (gradient ? 2 : 1);
}

}  // namespace

std::optional<std::int64_t> batch_given(CommandLine const& line) {
  constexpr std::int64_t most = 1 << 20;
  std::string const text = line.text("batch");
  if (text == "auto") return std::nullopt;
  std::int64_t batch = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), batch);
  VALIDATE(error == std::errc() && end == text.data() + text.size(),
           "--batch: '" << text << "' is neither a whole number nor auto. Give one of them.");
  VALIDATE(batch >= 1 && batch <= most, "--batch " << batch << " is outside [1, " << most << "]. See --help.");
  return batch;
}

std::int64_t settle_batch(CommandLine& line, std::vector<std::shared_ptr<nn::Network const>> const& networks,
                          BatchUse const& use, comm::Communicator const& comm) {
  std::int64_t batch = 0;
  bool chosen = false;
  comm::agree(comm, [&] {
    std::optional<std::int64_t> const given = batch_given(line);
    chosen = !given;
    batch = given.value_or(use.on_cpu);
    if (!chosen) return;
    std::size_t const memory = backend::device_memory(line.text("backend"));
    if (memory > 0) batch = std::min(use.most, backend::fitting_batch(memory, sample_bytes(networks, use.gradient)));
  });
  if (!chosen) return batch;
  batch = comm::allreduce(comm, comm::Reduction::min, batch);
  line.settle("batch", std::to_string(batch));
  if (comm.is_root()) SONDE_LOG(debug, "--batch auto is " << batch);
  return batch;
}

}  // namespace sonde::app
