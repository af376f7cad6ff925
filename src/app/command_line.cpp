#include "app/command_line.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde::app {
namespace {

constexpr unsigned help_width = 110;

/// Options that steer the parsing itself and have no place in a config file.
bool is_meta(std::string const& name) { return name == "help" || name == "config" || name == "dump-config"; }

std::size_t edit_distance(std::string const& a, std::string const& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

/// Shortest decimal that reads back as the same number.
std::string number_text(double value) {
  for (int digits = 6; digits <= 17; ++digits) {
    std::ostringstream text;
    text.precision(digits);
    text << value;
    if (std::stod(text.str()) == value) return text.str();
  }
  return std::to_string(value);
}

/// What is wrong with an option of `parsed`. Not error.what(): Boost 1.74 puts a value into the place of "%value%"
/// until there is none, for ever when the value holds that word itself.
std::string reason(po::error const& error, po::parsed_options const& parsed) {
  auto const* line = dynamic_cast<po::invalid_config_file_syntax const*>(&error);
  if (line) return "'" + line->tokens() + "' is no setting";
  auto const* named = dynamic_cast<po::error_with_option_name const*>(&error);
  if (!named) return error.what();
  std::string const name = named->get_option_name();
  if (dynamic_cast<po::multiple_occurrences const*>(&error)) return "option '" + name + "' is given more than once";
  if (!dynamic_cast<po::validation_error const*>(&error)) {
    return "option '" + name + "' lacks its value, or takes none";
  }
  std::string values;
  for (auto const& option : parsed.options) {
    if (!name.ends_with(option.string_key) || option.string_key.empty()) continue;
    for (std::string const& value : option.value) values += " '" + value + "'";
  }
  return "the value" + values + " of option '" + name + "' is of the wrong kind";
}

void append_setting(std::ostream& out, std::string const& name, boost::any const& value) {
  if (auto const* text = boost::any_cast<std::string>(&value)) out << name << " = " << *text << '\n';
  if (auto const* number = boost::any_cast<double>(&value)) out << name << " = " << number_text(*number) << '\n';
  if (auto const* integer = boost::any_cast<std::int64_t>(&value)) out << name << " = " << *integer << '\n';
  if (auto const* flag = boost::any_cast<bool>(&value)) out << name << " = " << (*flag ? "true" : "false") << '\n';
  if (auto const* texts = boost::any_cast<std::vector<std::string>>(&value)) {
    for (std::string const& text : *texts) out << name << " = " << text << '\n';
  }
}

}  // namespace

void bad_choice(std::string const& option, std::string const& value, std::vector<std::string> const& known) {
  SONDE_FAIL_AS(InputError, "--" << option << ": '" << value << "' is unknown. Choose one of: " << join(known) << ".");
}

CommandLine::CommandLine(std::string usage, std::string summary)
    : usage_(std::move(usage)), summary_(std::move(summary)) {
  groups_.reserve(16);  // group() hands out pointers
  group("Help and configuration")
      ->add_options()("help,h", "print this text")(
          "config", po::value<std::string>(),
          "read options from FILE.ini, one key = value a line; the command line wins")(
          "dump-config", "print the options in effect as such a file, and stop");
}

po::options_description* CommandLine::group(std::string const& title) {
  groups_.emplace_back(title, help_width, help_width / 2);
  return &groups_.back();
}

void CommandLine::positional(std::string const& name, int count) { positional_.add(name.c_str(), count); }

CommandLine::Result CommandLine::parse(std::vector<std::string> const& words, bool print) {
  for (auto const& group : groups_) all_.add(group);
  po::parsed_options parsed(&all_);
  try {
    auto const style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    parsed = po::command_line_parser(words).options(all_).positional(positional_).style(style).run();
    po::store(parsed, values_);
    if (values_.count("help")) {
      if (print) std::cout << help();
      return Result::help_printed;
    }
    if (given("config")) {
      std::ifstream file(text("config"));
      VALIDATE(file.is_open() && !std::filesystem::is_directory(text("config")),
               "--config " << text("config")
                           << ": it cannot be read (missing, a folder, or no permission). Check the path.");
      read_config(file, "--config " + text("config"));
    }
    po::notify(values_);
  } catch (po::unknown_option const& error) {
    unknown(error.get_option_name());
  } catch (po::too_many_positional_options_error const&) {
    SONDE_FAIL_AS(
        InputError,
        "command line: a word stands without an option before it (every value needs the --name of one). Write "
            << usage_ << ".");
  } catch (po::error const& error) {
    SONDE_FAIL_AS(InputError, "command line: " << reason(error, parsed) << ". See --help.");
  }
  if (values_.count("dump-config")) {
    if (print) std::cout << effective_config();
    return Result::config_dumped;
  }
  return Result::run;
}

void CommandLine::read_config(std::istream& config, std::string const& where) {
  po::parsed_options parsed(&all_);
  try {
    parsed = po::parse_config_file(config, all_);
    po::store(parsed, values_);
  } catch (po::unknown_option const& error) {
    unknown(error.get_option_name());
  } catch (po::error const& error) {
    SONDE_FAIL_AS(InputError,
                  where << ": " << reason(error, parsed) << " (lines are key = value). Compare with --dump-config.");
  }
}

void CommandLine::parse_config_text(std::string const& config, std::string const& where) {
  for (auto const& group : groups_) all_.add(group);
  std::istringstream stream(config);
  read_config(stream, where);
}

void CommandLine::unknown(std::string const& given_name) const {
  std::string const name = given_name.substr(std::min(given_name.find_first_not_of('-'), given_name.size()));
  std::vector<std::string> known;
  for (auto const& option : all_.options()) known.push_back("--" + option->long_name());
  std::vector<std::string> close = known;
  std::ranges::sort(close, {}, [&](std::string const& k) { return edit_distance(k.substr(2), name); });
  SONDE_FAIL_AS(InputError, "option '" << given_name << "' is unknown. Did you mean " << close[0]
                                       << "? Known: " << join(known, " ") << ".");
}

std::string CommandLine::help() const {
  std::ostringstream text;
  text << "usage: " << usage_ << "\n\n" << summary_ << "\n";
  // The group of --help itself comes last: it is the same everywhere.
  for (std::size_t i = 1; i <= groups_.size(); ++i) text << '\n' << groups_[i % groups_.size()];
  if (!epilogue_.empty()) text << '\n' << epilogue_;
  return text.str();
}

bool CommandLine::given(std::string const& name) const { return values_.count(name) > 0; }
std::string CommandLine::text(std::string const& name) const {
  return given(name) ? values_[name].as<std::string>() : std::string();
}
double CommandLine::number(std::string const& name) const { return values_[name].as<double>(); }
std::int64_t CommandLine::integer(std::string const& name) const { return values_[name].as<std::int64_t>(); }
bool CommandLine::flag(std::string const& name) const { return given(name) && values_[name].as<bool>(); }

void CommandLine::settle(std::string const& name, std::string const& value) {
  values_.at(name).value() = boost::any(value);
}

std::vector<std::string> CommandLine::texts(std::string const& name) const {
  return given(name) ? values_[name].as<std::vector<std::string>>() : std::vector<std::string>();
}

std::int64_t CommandLine::integer_in(std::string const& name, std::int64_t least, std::int64_t most) const {
  std::int64_t const value = integer(name);
  VALIDATE(value >= least && value <= most,
           "--" << name << " " << value << " is outside [" << least << ", " << most << "]. See --help.");
  return value;
}

double CommandLine::number_in(std::string const& name, double least, double most) const {
  double const value = number(name);
  VALIDATE(std::isfinite(value) && value >= least && value <= most,
           "--" << name << " " << value << " is outside [" << least << ", " << most << "]. See --help.");
  return value;
}

std::string CommandLine::effective_config(std::vector<std::string> const& without) const {
  std::ostringstream text;
  for (auto const& option : all_.options()) {
    std::string const& name = option->long_name();
    if (!is_meta(name) && given(name) && !std::ranges::count(without, name))
      append_setting(text, name, values_[name].value());
  }
  return text.str();
}

}  // namespace sonde::app
