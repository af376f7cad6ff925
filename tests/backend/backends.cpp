#include "backends.hpp"

#include <stdexcept>

#include "backend/cpu/lanes/lanes_backend.hpp"
#include "backend/cpu/onednn/onednn_backend.hpp"
#include "backend/reference/reference_backend.hpp"
#include "emulated_backend.hpp"

namespace sonde::test {

namespace {

/// The lanes kernels are tested for every instruction set of this processor.
std::string lanes_name(CpuIsa isa) { return "cpu/lanes/" + to_string(isa); }
std::vector<CpuIsa> lanes_isas() {
  std::vector<CpuIsa> isas;
  for (CpuIsa isa : {CpuIsa::base, CpuIsa::avx2, CpuIsa::avx512}) {
    if (isa <= usable_isa()) isas.push_back(isa);
  }
  return isas;
}

}  // namespace

std::vector<std::string> backend_names() {
  std::vector<std::string> names{"reference", "cpu/onednn", "cuda/emulated"};
  for (CpuIsa isa : lanes_isas()) names.push_back(lanes_name(isa));
  return names;
}

std::vector<std::string> device_backend_names() { return {"cuda/emulated"}; }

std::unique_ptr<backend::Backend> make_test_backend(std::string const& name) {
  if (name == "reference") return std::make_unique<backend::ReferenceBackend>();
  if (name == "cpu/onednn") return std::make_unique<backend::OneDnnBackend>();
  if (name == "cuda/emulated") return make_emulated_backend();
  for (CpuIsa isa : lanes_isas()) {
    if (name == lanes_name(isa)) return std::make_unique<backend::LanesBackend>(isa);
  }
  throw std::logic_error("no backend " + name);
}

}  // namespace sonde::test
