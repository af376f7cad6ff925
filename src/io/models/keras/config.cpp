#include "io/models/keras/config.hpp"

#include <cmath>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde::io::keras {
namespace {

// Deeper than any model that is written by Keras (a nested model takes five levels), and shallow enough for the stack.
constexpr int max_depth = 100;
constexpr std::size_t max_text = std::size_t{64} << 20;

Json parse_once(std::string const& text, std::string const& where) {
  VALIDATE(text.size() <= max_text, where << ": the architecture has " << text.size() << " bytes (more than "
                                          << max_text << "; no model needs as many). Check the file.");
  auto const check_depth = [&](int depth, Json::parse_event_t, Json&) {
    VALIDATE(depth <= max_depth, where << ": the architecture is nested more than " << max_depth
                                       << " levels deep (no model is). Check the file.");
    return true;
  };
  try {
    return Json::parse(text, check_depth);
  } catch (Json::exception const& error) {
    SONDE_FAIL_AS(InputError, where << ": the architecture is not valid JSON ("
                                    << std::string(error.what()).substr(0, 200)
                                    << "). Write it again with model.to_json().");
  }
}

/// Appends the numbers of a nested list in order.
void flatten(Json const& value, std::vector<Json const*>& leaves) {
  if (!value.is_array()) {
    leaves.push_back(&value);
    return;
  }
  for (Json const& element : value) flatten(element, leaves);
}

}  // namespace

Json parse_json(std::string const& text, std::string const& where) {
  Json value = parse_once(text, where);
  // json.dump(model.to_json()) writes the text as a JSON string; some did it twice.
  for (int level = 0; level < 3 && value.is_string(); ++level) value = parse_once(value.get<std::string>(), where);
  return value;
}

bool has(Json const& value, char const* key) {
  if (!value.is_object()) return false;
  auto const found = value.find(key);
  return found != value.end() && !found->is_null();
}

Json const& member(Json const& value, char const* key, std::string const& where) {
  VALIDATE(has(value, key), where << ": '" << key << "' is missing (every Keras model has it here). Check the file.");
  return *value.find(key);
}

std::string string_of(Json const& value, std::string const& where) {
  VALIDATE(value.is_string(), where << ": a name is not a text (it must be one). Check the file.");
  return value.get<std::string>();
}

LayerConfig::LayerConfig(Json const& values, std::string where) : values_(values), where_(std::move(where)) {
  VALIDATE(values.is_object(),
           where_ << ": its settings are no JSON object (Keras writes one per layer). Check the file.");
}

void LayerConfig::wrong(Names names, char const* kind) const {
  SONDE_FAIL_AS(InputError, where_ << ": its setting '" << join(names, "' or '") << "' is missing or is not " << kind
                                   << ". Check the architecture.");
}

Json const* LayerConfig::find(Names names) const {
  for (char const* name : names) {
    auto const found = values_.find(name);
    if (found != values_.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

std::int64_t LayerConfig::integer_of(Json const& value, Names names) const {
  constexpr double limit = 2147483648.0;
  if (!value.is_number()) wrong(names, "a whole number");
  double const number = value.get<double>();
  if (!(std::abs(number) < limit) || number != std::floor(number)) wrong(names, "a whole number below 2^31");
  return static_cast<std::int64_t>(number);
}

float LayerConfig::number_of(Json const& value, Names names) const {
  // Keras wrote NumPy scalars as {"type": "ndarray", "value": 0.3} for a while.
  Json const& inner = has(value, "value") ? *value.find("value") : value;
  if (!inner.is_number()) wrong(names, "a number");
  auto const number = static_cast<float>(inner.get<double>());
  if (!std::isfinite(number)) wrong(names, "a finite number");
  return number;
}

std::int64_t LayerConfig::integer(Names names) const {
  Json const* value = find(names);
  if (!value) wrong(names, "a whole number");
  return integer_of(*value, names);
}

std::int64_t LayerConfig::integer(Names names, std::int64_t fallback) const {
  return find(names) ? integer(names) : fallback;
}

float LayerConfig::number(Names names, float fallback) const {
  Json const* value = find(names);
  return value ? number_of(*value, names) : fallback;
}

bool LayerConfig::flag(Names names, bool fallback) const {
  Json const* value = find(names);
  if (value && !value->is_boolean()) wrong(names, "true or false");
  return value ? value->get<bool>() : fallback;
}

std::string LayerConfig::text(Names names, std::string const& fallback) const {
  Json const* value = find(names);
  if (value && !value->is_string()) wrong(names, "a text");
  return value ? value->get<std::string>() : fallback;
}

std::array<std::int64_t, 2> LayerConfig::pair(Names names) const {
  std::vector<std::int64_t> const values = integers(names);
  if (values.empty() || values.size() > 2) wrong(names, "one number or two");
  return {values.front(), values.back()};
}

std::array<std::int64_t, 2> LayerConfig::pair(Names names, std::array<std::int64_t, 2> fallback) const {
  return find(names) ? pair(names) : fallback;
}

std::vector<std::int64_t> LayerConfig::integers(Names names) const {
  Json const* value = find(names);
  if (!value) wrong(names, "a list of whole numbers");
  std::vector<Json const*> leaves;
  flatten(*value, leaves);
  std::vector<std::int64_t> result;
  for (Json const* leaf : leaves) result.push_back(integer_of(*leaf, names));
  return result;
}

std::vector<float> LayerConfig::numbers(Names names) const {
  Json const* value = find(names);
  if (!value) wrong(names, "a list of numbers");
  std::vector<Json const*> leaves;
  flatten(*value, leaves);
  std::vector<float> result;
  for (Json const* leaf : leaves) result.push_back(number_of(*leaf, names));
  return result;
}

}  // namespace sonde::io::keras
