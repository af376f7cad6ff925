#include "inspect/hypotheses/file_argument.hpp"

#include <algorithm>
#include <filesystem>

#include "base/check.hpp"

namespace sonde::inspect {

namespace {

/// Whether a text starts as "key=".
bool starts_with_key(std::string const& text) {
  auto const end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  return end != text.begin() && end != text.end() && *end == '=';
}

}  // namespace

FileArgument parse_file_argument(std::string const& kind, std::string const& arguments) {
  std::string file = arguments;
  std::string given;
  for (auto comma = file.rfind(','); comma != std::string::npos; comma = file.rfind(',')) {
    std::string const last = file.substr(comma + 1);
    if (!starts_with_key(last)) break;
    given = given.empty() ? last : last + "," + given;
    file.resize(comma);
  }
  VALIDATE(!file.empty(), kind << ": no file is named. Write " << kind << ":FILE.");
  FileArgument result{file, "", Parameters(given.empty() ? kind : kind + ":" + given)};
  std::error_code ignored;
  for (auto colon = file.rfind(':'); !std::filesystem::exists(result.path, ignored);
       colon = file.rfind(':', colon - 1)) {
    VALIDATE(colon != std::string::npos && colon > 0,
             kind << ":" << file << ": there is no such file or folder (looked for it from "
                  << std::filesystem::current_path(ignored).string() << "). Check the path.");
    result.path = file.substr(0, colon);
    result.part = file.substr(colon + 1);
  }
  return result;
}

void for_hypothesis(std::string const& name, std::function<void()> const& work) {
  try {
    work();
  } catch (InputError const& error) {
    SONDE_FAIL_AS(InputError, "hypothesis " << name << ": " << error.what());
  }
}

}  // namespace sonde::inspect
