// Texts as ids, without the readers under test.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "harness/shared_data.hpp"

namespace sonde::test {

inline std::string file_text(std::string const& name) {
  std::ifstream in(shared_path(name), std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Symbol to id.
using Vocabulary = std::map<std::string, int>;

inline Vocabulary vocabulary(std::string const& name) { return nlohmann::json::parse(file_text(name)); }

/// Ids of the UTF-8 characters of a text; those the vocabulary lacks are left out.
inline std::vector<float> ids_of(std::string const& text, Vocabulary const& known) {
  std::vector<float> ids;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    auto const found = known.find(text.substr(i, end - i));
    if (found != known.end()) ids.push_back(static_cast<float>(found->second));
    i = end;
  }
  return ids;
}

}  // namespace sonde::test
