// The architecture text of a Keras model: JSON, read with checks, since it comes from outside.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sonde::io::keras {

using Json = nlohmann::json;

/// The value a text stands for; a JSON string that itself holds JSON is opened. Throws InputError naming `where` when
/// the text is damaged, nested deeper than any model is, or too large.
Json parse_json(std::string const& text, std::string const& where);

/// Whether `value` is an object with `key` and what it holds is not null.
bool has(Json const& value, char const* key);

/// Member `key` of an object. Throws InputError naming `where` when there is none.
Json const& member(Json const& value, char const* key, std::string const& where);

/// What a string holds. Throws InputError when `value` is none.
std::string string_of(Json const& value, std::string const& where);

/// The settings of one layer. A setting has one name in Keras 2 and often another in Keras 1 ({"filters",
/// "nb_filter"}): the first one present counts, and null counts as absent. Every getter throws InputError naming the
/// layer when the value is of another kind, or when it is absent and there is no fallback.
class LayerConfig {
 public:
  using Names = std::initializer_list<char const*>;

  /// `where` names file and layer in messages. `values` must outlive the object.
  LayerConfig(Json const& values, std::string where);

  std::string const& where() const { return where_; }

  /// The raw value, or null when absent.
  Json const* find(Names names) const;

  /// A whole number below 2^31 in magnitude.
  std::int64_t integer(Names names) const;
  std::int64_t integer(Names names, std::int64_t fallback) const;
  float number(Names names, float fallback) const;
  bool flag(Names names, bool fallback) const;
  std::string text(Names names, std::string const& fallback) const;
  /// [a, b], or one number for both.
  std::array<std::int64_t, 2> pair(Names names) const;
  std::array<std::int64_t, 2> pair(Names names, std::array<std::int64_t, 2> fallback) const;
  /// A list of whole numbers, nested or not, in order: [[1, 2], [3, 4]] gives 1, 2, 3, 4. A single number is a list.
  std::vector<std::int64_t> integers(Names names) const;
  /// As integers(), for any numbers.
  std::vector<float> numbers(Names names) const;

 private:
  [[noreturn]] void wrong(Names names, char const* kind) const;
  std::int64_t integer_of(Json const& value, Names names) const;
  float number_of(Json const& value, Names names) const;

  Json const& values_;
  std::string where_;
};

}  // namespace sonde::io::keras
