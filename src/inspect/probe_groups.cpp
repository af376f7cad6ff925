#include "inspect/probe_groups.hpp"

#include <map>

namespace sonde::inspect {
namespace {

std::vector<ProbeResult> groups_of(std::vector<UnitName> const& names, Grouping grouping) {
  auto const same_group = [&](UnitName const& a, UnitName const& b) {
    if (grouping == Grouping::all) return true;
    return a.model == b.model && (grouping == Grouping::model || a.layer == b.layer);
  };
  std::vector<ProbeResult> groups;
  std::size_t first = 0;
  for (std::size_t i = 1; i <= names.size(); ++i) {
    if (i < names.size() && same_group(names[first], names[i])) continue;
    std::string name = "all";
    if (grouping != Grouping::all) name = std::to_string(names[first].model);
    if (grouping == Grouping::layer) name += ':' + names[first].layer;
    groups.push_back(
        {0, {}, {}, {}, name, {static_cast<std::int64_t>(first), static_cast<std::int64_t>(i - first)}, {}});
    first = i;
  }
  return groups;
}

}  // namespace

std::vector<GroupProbe> make_group_probes(std::vector<std::string> const& texts, std::vector<UnitName> const& units,
                                          Grouping grouping, ProbeContext const& common) {
  std::vector<GroupProbe> probes;
  std::vector<ProbeResult> const groups = groups_of(units, grouping);
  std::map<std::string, int> uses;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::string name = texts[i].substr(0, texts[i].find(':'));
    int const use = ++uses[name];
    if (use > 1) name += '-' + std::to_string(use);
    for (ProbeResult const& group : groups) {
      ProbeContext context = common;
      context.units = group.units.count;
      context.memory = common.memory / (texts.size() * groups.size());
      GroupProbe probe{group, make_probe(texts[i], context)};
      probe.result.probe = i;
      probe.result.name = name;
      probe.result.definition = texts[i];
      probe.result.description = probe.probe->description();
      probes.push_back(std::move(probe));
    }
  }
  return probes;
}

}  // namespace sonde::inspect
