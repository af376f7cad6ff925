#include "app/run_identity.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include "base/check.hpp"

namespace sonde::app {
namespace {

constexpr char const* between = " = ";

/// Values by name, in order; a name may stand several times.
std::map<std::string, std::string> joined(std::vector<std::pair<std::string, std::string>> const& facts) {
  std::map<std::string, std::string> values;
  for (auto const& [name, value] : facts) {
    auto const [place, is_new] = values.try_emplace(name, value);
    if (!is_new) place->second += ", " + value;
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> parse(std::string const& text) {
  std::vector<std::pair<std::string, std::string>> facts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto const end = line.find(between);
    if (end != std::string::npos) facts.emplace_back(line.substr(0, end), line.substr(end + 3));
  }
  return facts;
}

std::string shown(std::map<std::string, std::string> const& values, std::string const& name) {
  auto const found = values.find(name);
  return found == values.end() ? "not given" : "'" + found->second + "'";
}

}  // namespace

void RunIdentity::add(std::string const& name, std::string const& value) {
  EXPECT((name + value).find('\n') == std::string::npos && name.find(between) == std::string::npos);
  facts_.emplace_back(name, value);
}

void RunIdentity::add_file(std::string const& name, std::string const& sha256, std::string const& path) {
  add(name, "sha256 " + sha256);
  paths_[name] = path;
}

void RunIdentity::add_models(std::vector<std::shared_ptr<nn::Network const>> const& networks) {
  for (std::size_t k = 0; k < networks.size(); ++k)
    add_file("model " + std::to_string(k), networks[k]->file().sha256, networks[k]->file().path);
}

void RunIdentity::add_options(std::string const& config) {
  std::istringstream lines(config);
  for (std::string line; std::getline(lines, line);) {
    auto const equals = line.find('=');
    if (equals == std::string::npos) continue;
    std::string name = line.substr(0, equals), value = line.substr(equals + 1);
    while (name.ends_with(' ')) name.pop_back();
    value.erase(0, std::min(value.find_first_not_of(' '), value.size()));
    add("--" + name, value);
  }
}

std::string RunIdentity::text() const {
  std::string text;
  for (auto const& [name, value] : facts_) text += name + between + value + '\n';
  return text;
}

void RunIdentity::check_same(std::string const& stored, std::string const& where) const {
  auto const before = joined(parse(stored)), now = joined(facts_);
  auto facts = facts_;  // first those of this run in their order, then those that only the other had
  std::ranges::copy(parse(stored), std::back_inserter(facts));
  for (auto const& [name, value] : facts) {
    auto const path = paths_.find(name);
    std::string const file = path == paths_.end() ? "" : " (" + path->second + ")";
    VALIDATE(shown(before, name) == shown(now, name),
             "checkpoint " << where << ": " << name << file << " was " << shown(before, name)
                           << " when it was written but is " << shown(now, name)
                           << " now (a run goes on as it began). Give the same again, or --overwrite to start anew.");
  }
}

}  // namespace sonde::app
