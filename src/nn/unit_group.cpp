#include "nn/unit_group.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "base/parameters.hpp"
#include "base/registry.hpp"

namespace sonde::nn {
namespace {

/// A layer often bears the name of its first node, although its value is that of its last.
constexpr std::string_view node_prefix = "node=";

/// All units of the layer or node of that name.
std::optional<UnitGroup> find_layer(std::string const& name, Network const& network) {
  for (Layer const& layer : network.layers()) {
    if (layer.name == name) return UnitGroup{name, layer.node, 0, layer.units};
  }
  auto const& nodes = network.file().nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].name == name || std::string(node_prefix) + nodes[i].name == name)
      return UnitGroup{name, static_cast<int>(i), 0, unit_count(nodes[i].shape)};
  }
  return std::nullopt;
}

}  // namespace

std::vector<UnitGroup> parse_units(std::string const& text, Network const& network) {
  std::vector<UnitGroup> groups;
  if (text == "*") {
    for (Layer const& layer : network.layers()) groups.push_back({layer.name, layer.node, 0, layer.units});
    return groups;
  }
  // Names in ONNX files may hold colons: the whole text is tried first.
  if (auto group = find_layer(text, network)) return {*group};
  auto const colon = text.rfind(':');
  std::string const name = text.substr(0, colon);
  auto group = colon == std::string::npos ? std::nullopt : find_layer(name, network);
  if (!group) {
    std::vector<std::string> known;
    for (Layer const& layer : network.layers()) known.push_back(layer.name);
    SONDE_FAIL_AS(InputError, "units '" << text << "': model " << network.file().path << " has no layer '" << name
                                        << "'. Its counted layers are: " << join(known) << ".");
  }
  std::string const range = text.substr(colon + 1);
  auto const dash = range.find('-');
  std::int64_t const first = parse_integer(range.substr(0, dash), "units '" + text + "'");
  std::int64_t const last =
      dash == std::string::npos ? first : parse_integer(range.substr(dash + 1), "units '" + text + "'");
  VALIDATE(0 <= first && first <= last && last < group->count,
           "units '" << text << "': layer " << name << " has the units 0 to " << group->count - 1
                     << " (the range leads beyond them, or backwards). Give " << name << ":FIRST-LAST.");
  group->first = first;
  group->count = last - first + 1;
  return {*group};
}

}  // namespace sonde::nn
