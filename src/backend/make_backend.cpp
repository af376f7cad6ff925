#include <algorithm>
#include <mutex>

#include "backend/backend.hpp"
#include "backend/cpu/lanes/lanes_backend.hpp"
#include "backend/cpu/onednn/onednn_backend.hpp"
#include "backend/cuda_backend.hpp"
#include "backend/reference/reference_backend.hpp"
#include "base/log.hpp"
#include "base/registry.hpp"
#include "device/device.hpp"

namespace sonde::backend {
namespace {

using Maker = std::unique_ptr<Backend> (*)(io::ModelFile const&, BackendOptions const&);

/// Sample shapes of a node's inputs.
std::vector<Shape> input_shapes(io::ModelFile const& model, io::Node const& node) {
  std::vector<Shape> shapes;
  for (int input : node.inputs) shapes.push_back(model.nodes[static_cast<std::size_t>(input)].shape);
  return shapes;
}

/// The first node whose op the backend does not have; null when it has all.
io::Node const* first_unsupported(Backend const& backend, io::ModelFile const& model) {
  for (io::Node const& node : model.nodes) {
    if (!std::holds_alternative<io::Input>(node.op) && !backend.supports(node.op, input_shapes(model, node)))
      return &node;
  }
  return nullptr;
}

/// Whether 16 samples of every layer stay near the caches, where the lanes kernels are ahead of oneDNN: measured with
/// AVX2, layer by layer, they take 0.2 to 1.1 of oneDNN's time below this size, and up to 1.9 (pooling) above it.
bool is_small(io::ModelFile const& model) {
  constexpr std::int64_t largest = 128 * 1024;  // floats per sample
  return std::ranges::all_of(model.nodes, [](io::Node const& node) { return volume(node.shape) <= largest; });
}

std::unique_ptr<Backend> make_cpu(io::ModelFile const& model, BackendOptions const&) {
  auto lanes = std::make_unique<LanesBackend>();
  if (is_small(model) && first_unsupported(*lanes, model) == nullptr) return lanes;
  return std::make_unique<OneDnnBackend>();
}
std::unique_ptr<Backend> make_reference(io::ModelFile const&, BackendOptions const&) {
  return std::make_unique<ReferenceBackend>();
}
std::unique_ptr<Backend> make_cuda(io::ModelFile const&, BackendOptions const& options) {
  return make_cuda_backend(options.precision);
}

/// Says once which device is used, or why none is; silent in a build that knows no devices.
void log_choice() {
  static std::once_flag said;
  std::call_once(said, [] {
    if (device::usable()) {
      device::Info const& info = device::chosen();
      SONDE_LOG(info, "backend cuda on " << info.name << " (" << info.uuid << "), " << (info.memory >> 30) << " GiB");
    } else if (device::built_in()) {
      SONDE_LOG(info, "backend cpu: no GPU can be used (" << device::why_none() << ")");
    }
  });
}
std::unique_ptr<Backend> make_auto(io::ModelFile const& model, BackendOptions const& options) {
  log_choice();
  return device::usable() ? make_cuda(model, options) : make_cpu(model, options);
}

Registry<Maker> const& makers() {
  static Registry<Maker> const registry(
      "backend", {{"auto", make_auto}, {"cpu", make_cpu}, {"cuda", make_cuda}, {"reference", make_reference}});
  return registry;
}

}  // namespace

std::unique_ptr<Backend> make_backend(std::string const& kind, io::ModelFile const& model,
                                      BackendOptions const& options) {
  std::unique_ptr<Backend> backend = makers().at(kind)(model, options);
  io::Node const* const missing = first_unsupported(*backend, model);
  VALIDATE(missing == nullptr, "model " << model.path << ": layer " << missing->name << " is a "
                                        << io::op_name(missing->op) << " (backend " << backend->name()
                                        << " has no such op). Choose another --backend.");
  return backend;
}

std::size_t device_memory(std::string const& kind) {
  return (kind == "auto" || kind == "cuda") && device::usable() ? device::chosen().memory : 0;
}

std::int64_t fitting_batch(std::size_t memory, std::size_t sample_bytes) {
  std::int64_t batch = 1 << 14;
  while (batch > 1 && static_cast<std::size_t>(batch) * sample_bytes > memory / 8) batch /= 2;
  return batch;
}

BackendMaker backend_maker(std::string const& kind, BackendOptions const& options) {
  return [kind, options](io::ModelFile const& model) { return make_backend(kind, model, options); };
}

Precision precision_of(std::string const& name) {
  static Registry<Precision> const names("precision", {{"fp32", Precision::fp32}, {"tf32", Precision::tf32}});
  return names.at(name);
}

}  // namespace sonde::backend
