#include "base/registry.hpp"

#include "generate/constraints/constraint.hpp"

namespace sonde::generate {
namespace {

struct Entry {
  std::unique_ptr<Constraint> (*make)(std::string const&, ConstraintContext const&);
  char const* usage;
};

Registry<Entry> const& constraints() {
  static Registry<Entry> const registry(
      "constraint",
      {{"none", {make_none, "none: every element may change"}},
       {"light", {make_light, "light[:factor=1, colour images 200]: all pixels by the same amount"}},
       {"occlusion", {make_occlusion, "occlusion[:row=0,col=0,height=10,width=10]: only inside one rectangle"}},
       {"blackout", {make_blackout, "blackout[:size=6,count=1]: small squares, drawn anew each iteration, get darker"}},
       {"features", {make_features, "features:FILE: rules per feature (csv: name,rule,min,max,integer)"}}});
  return registry;
}

}  // namespace

std::unique_ptr<Constraint> make_constraint(std::string const& text, ConstraintContext const& context) {
  return constraints().at(text.substr(0, text.find(':'))).make(text, context);
}

std::vector<std::string> constraint_usage() {
  std::vector<std::string> lines;
  for (std::string const& name : constraints().names()) lines.emplace_back(constraints().at(name).usage);
  return lines;
}

}  // namespace sonde::generate
