#include "backend/backend.hpp"
#include "backend/cuda_backend.hpp"
#include "backend/reference/reference_backend.hpp"
#include "base/registry.hpp"

namespace sonde::backend {
namespace {

using Maker = std::unique_ptr<Backend> (*)(io::ModelFile const&);

std::unique_ptr<Backend> make_cpu(io::ModelFile const&) { return std::make_unique<ReferenceBackend>(); }
std::unique_ptr<Backend> make_reference(io::ModelFile const&) { return std::make_unique<ReferenceBackend>(); }
std::unique_ptr<Backend> make_cuda(io::ModelFile const&) { return make_cuda_backend(); }

Registry<Maker> const& makers() {
  static Registry<Maker> const registry("backend",
                                        {{"auto", make_cpu}, {"cpu", make_cpu}, {"cuda", make_cuda}, {"reference", make_reference}});
  return registry;
}

/// Asks before the run what would otherwise fail in it.
void check_supported(Backend const& backend, io::ModelFile const& model) {
  for (io::Node const& node : model.nodes) {
    std::vector<Shape> inputs;
    for (int input : node.inputs) inputs.push_back(model.nodes[static_cast<std::size_t>(input)].shape);
    VALIDATE(std::holds_alternative<io::Input>(node.op) || backend.supports(node.op, inputs),
             "model " << model.path << ": layer " << node.name << " is a " << io::op_name(node.op) << " (backend " << backend.name()
                      << " has no such op). Choose another --backend.");
  }
}

}  // namespace

std::unique_ptr<Backend> make_backend(std::string const& kind, io::ModelFile const& model) {
  std::unique_ptr<Backend> backend = makers().at(kind)(model);
  check_supported(*backend, model);
  return backend;
}

}  // namespace sonde::backend
