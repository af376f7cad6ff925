// Rules per feature, for tables (PDF, Drebin, Adult, ...): a CSV file with the header
//   name,rule,min,max,integer
// rule is freeze, increase, any or add-only (0 becomes 1); min and max are stored values (empty: no bound; 1 for
// add-only); integer is 0 or 1. The last three columns may be left out; what is frozen has no bounds. A name is a
// column of the seeds, its index, or a prefix ending in '*'; features not named are frozen, and a later line overrides
// an earlier one.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/check.hpp"
#include "base/parameters.hpp"
#include "base/registry.hpp"
#include "generate/constraints/constraint.hpp"

namespace sonde::generate {
namespace {

using backend::FeatureRule;

constexpr std::size_t largest_file = 64U << 20;

class Features final : public Constraint {
 public:
  Features(std::vector<FeatureRule> const& rules, FeatureBounds bounds, ConstraintContext const& context)
      : rules_(std::span(rules), *context.memory), bounds_(std::move(bounds)), zero_(context.zero), one_(context.one) {}

  void apply(backend::RowOps const& ops, backend::Queue& queue, backend::LoopState const* state, backend::RowKey const*,
             float const* x, float* g) override {
    ops.feature_rules(queue, state, static_cast<std::int64_t>(rules_.size()), rules_.data(), zero_, one_, x, g);
  }
  FeatureRule const* rules() const override { return rules_.data(); }
  FeatureBounds bounds() const override { return bounds_; }
  double default_step() const override { return 1; }

 private:
  Buffer<FeatureRule> rules_;  // (F)
  FeatureBounds bounds_;
  float zero_, one_;
};

FeatureRule parse_rule(std::string const& text) {
  static Registry<FeatureRule> const rules("feature rule", {{"freeze", FeatureRule::freeze},
                                                            {"increase", FeatureRule::increase},
                                                            {"any", FeatureRule::any},
                                                            {"add-only", FeatureRule::add_only}});
  return rules.at(text);
}

std::vector<std::string> split(std::string const& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) {
    auto const first = cell.find_first_not_of(" \t\r");
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(" \t\r") - first + 1));
  }
  return cells;
}

/// Features that a name of the file means.
std::vector<std::size_t> matches(std::string const& name, std::vector<std::string> const& names, std::size_t features) {
  std::vector<std::size_t> found;
  bool const prefix = !name.empty() && name.back() == '*';
  std::string const stem = name.substr(0, name.size() - (prefix ? 1 : 0));
  for (std::size_t i = 0; i < features; ++i) {
    std::string const own = i < names.size() ? names[i] : std::to_string(i);
    if (prefix ? own.starts_with(stem) : own == name || std::to_string(i) == name) found.push_back(i);
  }
  return found;
}

/// Applies one line of the file.
void read_line(std::vector<std::string> const& cells, std::string const& where, ConstraintContext const& context,
               std::vector<FeatureRule>& rules, FeatureBounds& bounds) {
  VALIDATE(cells.size() >= 2 && cells.size() <= 5,
           where << ": " << cells.size() << " cells (name,rule,min,max,integer are expected). Mend the line.");
  auto const cell = [&](std::size_t i) { return i < cells.size() ? cells[i] : std::string(); };
  float const infinity = std::numeric_limits<float>::infinity();
  FeatureRule rule{};
  try {
    rule = parse_rule(cell(1));
  } catch (InputError const& error) {
    SONDE_FAIL_AS(InputError, where << ": " << error.what());
  }
  float const least = cell(2).empty() ? -infinity : static_cast<float>(parse_number(cell(2), where + ", min"));
  float const most = cell(3).empty() ? infinity : static_cast<float>(parse_number(cell(3), where + ", max"));
  VALIDATE(least <= most,
           where << ": min " << least << " is above max " << most << " (no value is allowed). Mend the line.");
  VALIDATE(cell(4).empty() || cell(4) == "0" || cell(4) == "1",
           where << ": integer is '" << cell(4) << "'. Write 0 or 1.");
  auto const found = matches(cells[0], context.feature_names, rules.size());
  VALIDATE(!found.empty(),
           where << ": the seeds have no feature '" << cells[0] << "' (a misspelt rule would protect nothing). Their "
                 << rules.size() << " features are: "
                 << join(std::vector<std::string>(
                        context.feature_names.begin(),
                        context.feature_names.begin() +
                            static_cast<std::ptrdiff_t>(std::min<std::size_t>(context.feature_names.size(), 8))))
                 << (context.feature_names.size() > 8 ? ", ..." : "")
                 << (context.feature_names.empty() ? "0, 1, ..." : "") << ".");
  bool const frozen = rule == FeatureRule::freeze;
  for (std::size_t i : found) {
    rules[i] = rule;
    bounds.least[i] = frozen ? -infinity : least;
    bounds.most[i] = frozen ? infinity : rule == FeatureRule::add_only ? std::min(most, 1.0F) : most;
    bounds.integer[i] = cell(4) == "1";
    bounds.only_up[i] = rule == FeatureRule::increase || rule == FeatureRule::add_only;
  }
}

}  // namespace

std::unique_ptr<Constraint> make_features(std::string const& text, ConstraintContext const& context) {
  std::string const path = Parameters(text, true).value();
  VALIDATE(context.sample.size() == 1, "constraint features: the seeds are "
                                           << to_string(context.sample)
                                           << " (rules are for tables). Use an image constraint.");
  VALIDATE(!path.empty(), "constraint features: no file is named. Write features:FILE.");
  std::error_code ignored;
  bool const is_file = std::filesystem::is_regular_file(path, ignored);  // a pipe would be waited for
  std::ifstream file(is_file ? path : "");
  VALIDATE(file.is_open(),
           "feature file " << path << ": it cannot be read (missing, no file, or no permission). Check the path.");

  auto const features = static_cast<std::size_t>(volume(context.sample));
  std::vector<FeatureRule> rules(features, FeatureRule::freeze);
  float const infinity = std::numeric_limits<float>::infinity();
  FeatureBounds bounds{std::vector(features, -infinity), std::vector(features, infinity),
                       std::vector<std::uint8_t>(features, 0), std::vector<std::uint8_t>(features, 0)};
  std::string line;
  std::size_t number = 0, bytes = 0;
  while (std::getline(file, line)) {
    ++number;
    bytes += line.size();
    VALIDATE(bytes < largest_file,
             "feature file " << path << ": it is larger than 64 MiB (no feature file is). Check the path.");
    auto const cells = split(line);
    if (cells.empty() || cells[0].empty() || cells[0][0] == '#') continue;
    if (number == 1 && cells[0] == "name") continue;
    read_line(cells, "feature file " + path + ", line " + std::to_string(number), context, rules, bounds);
  }
  VALIDATE(
      std::ranges::any_of(rules, [](FeatureRule rule) { return rule != FeatureRule::freeze; }),
      "feature file " << path
                      << ": every feature is frozen (nothing could change). Let some increase, be any or add-only.");
  return std::make_unique<Features>(rules, std::move(bounds), context);
}

}  // namespace sonde::generate
