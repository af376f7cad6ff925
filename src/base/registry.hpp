// Names to makers: every kind that users choose by name (criteria, constraints, backends, ...) has one registry.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace sonde {

/// "light, none, occlusion" for use in a message.
template <class Names>
std::string join(Names const& names, std::string_view separator = ", ") {
  std::string text;
  for (auto const& name : names) {
    if (!text.empty()) text += separator;
    text += name;
  }
  return text;
}

/// A table of names and values in the order written; looked up by name.
template <class Value>
class Registry {
 public:
  struct Entry {
    std::string name;
    Value value;
  };

  /// `kind` is what an entry is, for messages ("constraint"). Throws std::logic_error when a name stands twice.
  Registry(std::string kind, std::vector<Entry> entries) : kind_(std::move(kind)), entries_(std::move(entries)) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (entries_[i].name == entries_[j].name)
          throw std::logic_error(kind_ + " registered twice: " + entries_[i].name);
      }
    }
  }

  /// The value of `name`. Throws InputError, listing the known names, when there is none.
  Value const& at(std::string_view name) const {
    for (Entry const& entry : entries_) {
      if (entry.name == name) return entry.value;
    }
    SONDE_FAIL_AS(InputError,
                  kind_ << " '" << name << "' is unknown (no such name). Choose one of: " << join(names()) << ".");
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (Entry const& entry : entries_) result.push_back(entry.name);
    return result;
  }

 private:
  std::string kind_;
  std::vector<Entry> entries_;
};

}  // namespace sonde
