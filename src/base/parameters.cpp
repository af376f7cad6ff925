#include "base/parameters.hpp"

#include <charconv>
#include <cmath>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde {

double parse_number(std::string const& text, std::string const& what) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  VALIDATE(error == std::errc{} && end == text.data() + text.size() && std::isfinite(value),
           what << ": '" << text << "' is not a number. Give one such as 0.25.");
  return value;
}

std::int64_t parse_integer(std::string const& text, std::string const& what) {
  std::int64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  VALIDATE(error == std::errc{} && end == text.data() + text.size(),
           what << ": '" << text << "' is not a whole number. Give one such as 10.");
  return value;
}

Parameters::Parameters(std::string const& text, bool plain) {
  auto const colon = text.find(':');
  name_ = text.substr(0, colon);
  if (colon == std::string::npos) return;
  value_ = text.substr(colon + 1);
  if (plain) return;
  for (std::size_t begin = 0; begin <= value_.size();) {
    std::size_t const end = std::min(value_.find(',', begin), value_.size());
    std::string const part = value_.substr(begin, end - begin);
    auto const equals = part.find('=');
    VALIDATE(equals != std::string::npos, "'" << text << "': '" << part << "' is not of the form key=value. Write "
                                              << name_ << ":key=value,key=value.");
    VALIDATE(given_.emplace(part.substr(0, equals), part.substr(equals + 1)).second,
             "'" << text << "': '" << part.substr(0, equals) << "' is given twice (which one counts?). Give it once.");
    begin = end + 1;
  }
}

double Parameters::number(std::string const& key, double otherwise, double least, double most) {
  known_.insert(key);
  auto const found = given_.find(key);
  if (found == given_.end()) return otherwise;
  double const value = parse_number(found->second, name_ + ":" + key);
  VALIDATE(value >= least && value <= most,
           name_ << ":" << key << "=" << found->second << " is outside [" << least << ", " << most << "].");
  return value;
}

std::int64_t Parameters::integer(std::string const& key, std::int64_t otherwise, std::int64_t least,
                                 std::int64_t most) {
  known_.insert(key);
  auto const found = given_.find(key);
  if (found == given_.end()) return otherwise;
  std::int64_t const value = parse_integer(found->second, name_ + ":" + key);
  VALIDATE(value >= least && value <= most,
           name_ << ":" << key << "=" << value << " is outside [" << least << ", " << most << "].");
  return value;
}

std::string Parameters::text(std::string const& key, std::string const& otherwise) {
  known_.insert(key);
  auto const found = given_.find(key);
  return found == given_.end() ? otherwise : found->second;
}

void Parameters::check_all_used() const {
  for (auto const& [key, value] : given_) {
    VALIDATE(known_.contains(key),
             name_ << " has no parameter '" << key << "'. "
                   << (known_.empty() ? std::string("It takes none.") : "Choose one of: " + join(known_) + "."));
  }
}

}  // namespace sonde
