// Options of one subcommand: groups for --help, --config files, --dump-config.
#pragma once

#include <boost/program_options.hpp>
#include <map>
#include <string>
#include <vector>

namespace sonde::app {

namespace po = boost::program_options;

class CommandLine {
 public:
  /// `usage` is the first line of the help: "sonde generate --model A --model B --seeds D --out F.h5".
  CommandLine(std::string usage, std::string summary);

  /// A new titled group; add options with ->add_options()("name", po::value<T>(), "text [unit]").
  /// Allowed types: std::string, double, std::int64_t, std::vector<std::string>, and switches (po::bool_switch()).
  po::options_description* group(std::string const& title);

  /// Options given without a name, in order ("model" for `sonde describe MODEL`); the last one repeats.
  void positional(std::string const& name, int count);

  /// Text printed after the options by --help.
  void epilogue(std::string text) { epilogue_ = std::move(text); }

  enum class Result { run, help_printed, config_dumped };
  /// Parses the words after the subcommand. --help and --dump-config print on `print` (one rank's) and say so.
  /// Throws InputError for unknown names (listing close ones), values of the wrong type, and bad --config files.
  Result parse(std::vector<std::string> const& words, bool print);

  /// Takes a stored configuration as the only source of values; `where` names it in messages.
  void parse_config_text(std::string const& text, std::string const& where);

  bool given(std::string const& name) const;
  std::string text(std::string const& name) const;
  std::vector<std::string> texts(std::string const& name) const;
  double number(std::string const& name) const;
  std::int64_t integer(std::string const& name) const;
  bool flag(std::string const& name) const;
  /// Puts `value` in the place of a text that left the choice to sonde, such as "auto".
  void settle(std::string const& name, std::string const& value);
  /// One of `values` by name. Throws InputError listing them.
  template <class T>
  T choice(std::string const& name, std::map<std::string, T> const& values) const;

  /// Checks that an integer or number lies in [least, most]; throws InputError naming the option.
  std::int64_t integer_in(std::string const& name, std::int64_t least, std::int64_t most) const;
  double number_in(std::string const& name, double least, double most) const;

  /// Every option in effect, but those named, as an ini file that --config accepts.
  std::string effective_config(std::vector<std::string> const& without = {}) const;

 private:
  [[noreturn]] void unknown(std::string const& name) const;
  void read_config(std::istream& config, std::string const& where);
  std::string help() const;

  std::string usage_, summary_, epilogue_;
  std::vector<po::options_description> groups_;
  po::positional_options_description positional_;
  po::options_description all_;
  po::variables_map values_;
};

[[noreturn]] void bad_choice(std::string const& option, std::string const& value,
                             std::vector<std::string> const& known);

template <class T>
T CommandLine::choice(std::string const& name, std::map<std::string, T> const& values) const {
  auto const found = values.find(text(name));
  if (found != values.end()) return found->second;
  std::vector<std::string> known;
  for (auto const& [key, value] : values) known.push_back(key);
  bad_choice(name, text(name), known);
}

}  // namespace sonde::app
