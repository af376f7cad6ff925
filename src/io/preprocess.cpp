#include "io/preprocess.hpp"

#include <charconv>
#include <cmath>
#include <functional>
#include <set>
#include <string_view>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde::io {

namespace {

constexpr std::int64_t largest_side = 1 << 16;

/// "a:b::c" -> {"a", "b", "", "c"}
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto const end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// A key and its value, for parsing and for messages.
struct Setting {
  std::string_view key, value;

  [[noreturn]] void refuse(std::string_view why, std::string_view suggestion) const {
    SONDE_FAIL_AS(InputError, "--preprocess " << key << "=" << value << ": " << why << ". " << suggestion);
  }
};

double to_number(Setting const& setting, std::string_view text) {
  double number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    setting.refuse("'" + std::string(text) + "' is not a number (a number or a fraction is expected)",
                   "Write it as 0.5, 1e-3 or 1/255.");
  }
  return number;
}

/// "0.5" or "1/255"
double to_fraction(Setting const& setting, std::string_view text) {
  auto const slash = text.find('/');
  double number = to_number(setting, text.substr(0, slash));
  if (slash != std::string_view::npos) number /= to_number(setting, text.substr(slash + 1));
  if (!std::isfinite(number)) setting.refuse("it is not finite (a division by zero)", "Write it as 1/255.");
  return number;
}

std::vector<double> to_fractions(Setting const& setting) {
  std::vector<double> numbers;
  for (std::string_view part : split(setting.value, ':')) numbers.push_back(to_fraction(setting, part));
  return numbers;
}

std::int64_t to_integer(Setting const& setting, std::string_view text, std::int64_t least) {
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > largest_side) {
    setting.refuse("'" + std::string(text) + "' is not a whole number from " + std::to_string(least) + " to " +
                       std::to_string(largest_side) + " (a count of pixels is expected)",
                   "See --help for the form.");
  }
  return number;
}

/// "66x200" -> {66, 200}
Shape to_extents(Setting const& setting, std::string_view text) {
  Shape extents;
  for (std::string_view part : split(text, 'x')) extents.push_back(to_integer(setting, part, 1));
  return extents;
}

ImageStep parse_resize(Setting const& setting) {
  static Registry<ResizeFilter> const filters(
      "resize filter",
      {{"bilinear", ResizeFilter::bilinear}, {"area", ResizeFilter::area}, {"nearest", ResizeFilter::nearest}});
  auto parts = split(setting.value, ':');
  bool const shorter = parts.front() == "shorter";
  if (shorter) parts.erase(parts.begin());
  if (parts.empty() || parts.size() > 2)
    setting.refuse("it has too few or too many parts", "Write HxW or shorter:S, then :FILTER.");
  ResizeFilter const filter = parts.size() == 2 ? filters.at(parts[1]) : ResizeFilter::bilinear;
  if (shorter) return ResizeShorter{to_integer(setting, parts[0], 1), filter};
  Shape const size = to_extents(setting, parts[0]);
  if (size.size() != 2) setting.refuse("it is not height x width", "Write resize=HxW, for example resize=224x224.");
  return ResizeTo{size[0], size[1], filter};
}

ImageStep parse_crop(Setting const& setting) {
  auto const parts = split(setting.value, ':');
  if (parts.front() == "rows" || parts.front() == "columns") {
    if (parts.size() != 3) setting.refuse("it is not a range", "Write crop=rows:50:140 or crop=columns:10:-10.");
    CropRange range{parts.front() == "rows", to_integer(setting, parts[1], -largest_side), std::nullopt};
    if (!parts[2].empty()) range.last = to_integer(setting, parts[2], -largest_side);
    return range;
  }
  Shape const size = to_extents(setting, setting.value);
  if (size.size() != 2) setting.refuse("it is not height x width", "Write crop=HxW, for example crop=224x224.");
  return CropCentre{size[0], size[1]};
}

ImageStep parse_blur(Setting const& setting) {
  std::int64_t const width = to_integer(setting, setting.value, 1);
  if (width != 3 && width != 5) setting.refuse("that width is not offered (3 and 5 are)", "Write blur=3 or blur=5.");
  return Blur{static_cast<int>(width)};
}

ImageStep parse_color(Setting const& setting) {
  static Registry<Color> const colors("color", {{"rgb", Color::rgb}, {"gray", Color::gray}, {"yuv", Color::yuv}});
  return Recolor{colors.at(setting.value)};
}

using Parser = std::function<void(Setting const&, Preprocess&)>;

template <class Parse>
Parser step(Parse parse) {
  return [parse](Setting const& setting, Preprocess& result) { result.steps.push_back(parse(setting)); };
}

Registry<Parser> const& parsers() {
  static Registry<bool> const layouts("layout", {{"hwc", false}, {"chw", true}});
  static Registry<bool> const orders("order of channels", {{"rgb", false}, {"bgr", true}});
  static Registry<Parser> const table(
      "--preprocess key",
      {{"resize", step(parse_resize)},
       {"crop", step(parse_crop)},
       {"blur", step(parse_blur)},
       {"color", step(parse_color)},
       {"shape", [](Setting const& s, Preprocess& result) { result.shape = to_extents(s, s.value); }},
       {"layout", [](Setting const& s, Preprocess& result) { result.channels_first = layouts.at(s.value); }},
       {"scale", [](Setting const& s, Preprocess& result) { result.model.scale = to_fraction(s, s.value); }},
       {"mean", [](Setting const& s, Preprocess& result) { result.model.mean = to_fractions(s); }},
       {"std", [](Setting const& s, Preprocess& result) { result.model.std = to_fractions(s); }},
       {"channels", [](Setting const& s, Preprocess& result) { result.model.bgr = orders.at(s.value); }}});
  return table;
}

bool may_repeat(std::string_view key) { return key == "resize" || key == "crop" || key == "blur" || key == "color"; }

template <class Values>
double entry(Values const& values, std::int64_t channel) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
}

}  // namespace

Preprocess parse_preprocess(std::vector<std::string> const& options) {
  Preprocess result;
  std::set<std::string_view> seen;
  for (std::string const& option : options) {
    for (std::string_view part : split(option, ',')) {
      auto const equals = part.find('=');
      VALIDATE(equals != std::string_view::npos, "--preprocess '" << part
                                                                  << "': there is no '=' (settings are KEY=VALUE). "
                                                                  << "Use the keys " << join(parsers().names()) << ".");
      Setting const setting{part.substr(0, equals), part.substr(equals + 1)};
      Parser const& parse = parsers().at(setting.key);
      if (!seen.insert(setting.key).second && !may_repeat(setting.key)) {
        setting.refuse("the key stands twice (which one holds is unclear)", "Give it once.");
      }
      parse(setting, result);
    }
  }
  VALIDATE(result.model.scale != 0,
           "--preprocess scale=0: every input would be the same (nothing is left of the data). Give another scale.");
  for (double deviation : result.model.std) {
    VALIDATE(
        deviation > 0,
        "--preprocess std: " << deviation << " is not above 0 (values are divided by it). Give standard deviations.");
  }
  return result;
}

ChannelMap channel_map(ModelDomain const& model, double lo, double hi, std::int64_t channels) {
  auto const fits = [&](std::vector<double> const& values) {
    return values.size() == 1 || static_cast<std::int64_t>(values.size()) == channels;
  };
  VALIDATE(fits(model.mean), "--preprocess mean: " << model.mean.size() << " values but the data have " << channels
                                                   << " channels (one value is used for each). Give 1 or " << channels
                                                   << ".");
  VALIDATE(fits(model.std), "--preprocess std: " << model.std.size() << " values but the data have " << channels
                                                 << " channels (one value is used for each). Give 1 or " << channels
                                                 << ".");
  VALIDATE(!model.bgr || channels == 3, "--preprocess channels=bgr: the data have "
                                            << channels
                                            << " channels (only colour images can be turned round). Leave it out.");
  ChannelMap map;
  for (std::int64_t c = 0; c < channels; ++c) {
    double const deviation = entry(model.std, c);
    map.source.push_back(static_cast<std::int32_t>(model.bgr ? channels - 1 - c : c));
    map.scale.push_back(static_cast<float>((hi - lo) * model.scale / deviation));
    map.shift.push_back(static_cast<float>((lo * model.scale - entry(model.mean, c)) / deviation));
  }
  return map;
}

std::string preprocess_help() {
  return R"(KEY=VALUE[,KEY=VALUE...], may be repeated.
Stored part, what a data set holds; image steps are done in the order written:
  resize=HxW[:FILTER]        both sides, e.g. 224x224; FILTER bilinear (as PIL, default), area, nearest
  resize=shorter:S[:FILTER]  shorter side to S pixels, the other in proportion
  crop=HxW                   centre
  crop=rows:A:B              rows A to B-1; negative numbers count from the end, an empty B is the end
  crop=columns:A:B           the same for columns
  blur=3|5                   Gaussian of that width
  color=rgb|gray|yuv         colours stored
  shape=HxWxC                arrays and tables: shape of one sample in its stored order
  layout=hwc|chw             arrays: chw when channels come first
Model part, what a model sees: model value = (stored * scale - mean) / std:
  scale=S                    number or fraction, e.g. 1/255
  mean=M[:M...]              one for all channels, or one each in the order of the model's channels
  std=S[:S...]               the same
  channels=rgb|bgr           the model's order of channels; images are stored as rgb
)";
}

}  // namespace sonde::io
