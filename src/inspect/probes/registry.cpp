#include <algorithm>

#include "base/registry.hpp"
#include "inspect/probes/makers.hpp"

namespace sonde::inspect {
namespace {

struct Entry {
  MakeProbe* make;
  char const* usage;
};

Registry<Entry> const& probes() {
  static Registry<Entry> const registry(
      "probe",
      {{"logistic",
        {make_logistic,
         "logistic[:penalty=l2|l1,lambda=1e-3|1e-2,epochs=1,rate=0.5/sqrt(units),tolerance=1e-7]: logistic regression "
         "on all "
         "units; minimises mean log-loss + lambda/2 |w|^2 or lambda |w|_1; solved to the tolerance of the gradient "
         "while the training rows fit the memory, otherwise streamed for epochs at the rate"}},
       {"ridge",
        {make_ridge,
         "ridge[:lambda=1e-3]: linear regression on all units; minimises mean squared error / 2 + lambda/2 |w|^2"}}});
  return registry;
}

std::string kind(std::string const& text) { return text.substr(0, text.find(':')); }

}  // namespace

std::unique_ptr<JointProbe> make_probe(std::string const& text, ProbeContext const& context) {
  return probes().at(kind(text)).make(text, context);
}

bool is_probe(std::string const& text) { return std::ranges::count(probes().names(), kind(text)) > 0; }

std::vector<std::string> probe_usage() {
  std::vector<std::string> lines;
  for (std::string const& name : probes().names()) lines.emplace_back(probes().at(name).usage);
  return lines;
}

}  // namespace sonde::inspect
