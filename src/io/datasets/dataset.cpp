#include "io/datasets/dataset.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "io/h5.hpp"

namespace sonde::io {

namespace {

template <class T>
std::optional<InputRange> limits_of() {
  return InputRange{std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

std::optional<InputRange> implied_range(ElementType type) {
  switch (type) {
    case ElementType::int8:
      return limits_of<std::int8_t>();
    case ElementType::uint8:
      return limits_of<std::uint8_t>();
    case ElementType::int16:
      return limits_of<std::int16_t>();
    case ElementType::uint16:
      return limits_of<std::uint16_t>();
    default:
      return std::nullopt;
  }
}

}  // namespace

InputRange parse_input_range(std::string const& text) {
  double bounds[2] = {};
  auto const comma = text.find(',');
  bool valid = comma != std::string::npos;
  std::string const parts[2] = {text.substr(0, comma), valid ? text.substr(comma + 1) : ""};
  for (int i = 0; i < 2 && valid; ++i) {
    char const* const end = parts[i].data() + parts[i].size();
    auto const result = std::from_chars(parts[i].data(), end, bounds[i]);
    valid = result.ec == std::errc() && result.ptr == end && std::isfinite(bounds[i]);
  }
  VALIDATE(valid && bounds[0] < bounds[1],
           "--input-range " << text << ": it is not LO,HI (two finite numbers, the first the smaller). "
                            << "Write it as --input-range 0,1.");
  return {bounds[0], bounds[1]};
}

StoredDomain domain_of(ElementType type, std::optional<InputRange> const& range) {
  StoredDomain domain;
  domain.type = type;
  domain.integer = !is_float(type);
  auto const implied = implied_range(type);
  auto const used = range ? range : implied;
  if (!used) return domain;
  domain.known = true;
  domain.lo = used->first;
  domain.hi = used->second;
  std::ostringstream what;
  what << "--input-range " << domain.lo << "," << domain.hi << ": ";
  VALIDATE(domain.lo < domain.hi, what.str() << "it is empty (the first number must be the smaller). Turn it round.");
  VALIDATE(!implied || (implied->first <= domain.lo && domain.hi <= implied->second),
           what.str() << "the data are of type " << name_of(type) << " (it holds " << implied->first << " to "
                      << implied->second << " only). Give a range within that, or none.");
  if (!domain.integer) return domain;
  constexpr double largest = 1 << 24;  // float32 holds every whole number up to here
  VALIDATE(std::floor(domain.lo) == domain.lo && std::floor(domain.hi) == domain.hi && std::abs(domain.lo) <= largest &&
               std::abs(domain.hi) <= largest,
           what.str() << "the data are integers (whole numbers up to 2^24 are needed). Give whole numbers.");
  domain.levels = static_cast<std::int64_t>(domain.hi - domain.lo) + 1;
  return domain;
}

std::string Dataset::record_name(std::int64_t record) const {
  return info_.record_names.empty() ? "" : info_.record_names.at(static_cast<std::size_t>(record));
}

void Dataset::read(std::span<std::int64_t const> indices, float* rows) const {
  for (std::int64_t index : indices) {
    VALIDATE(index >= 0 && index < size(), "data set " << path() << ": there is no record " << index << " (it has "
                                                       << size() << "). Give a smaller index.");
  }
  {
    std::scoped_lock const lock(h5_mutex());  // a prepared data set reads another
    fetch(indices, rows);
  }
  std::int64_t const features = volume(sample_shape());
  StoredDomain const& allowed = domain();
  auto const lo = static_cast<float>(allowed.lo);
  auto const hi = static_cast<float>(allowed.hi);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    float const* row = rows + static_cast<std::int64_t>(i) * features;
    for (std::int64_t f = 0; f < features; ++f) {
      VALIDATE(std::isfinite(row[f]), "data set " << path() << ": record " << indices[i] << ", value " << f << " is "
                                                  << row[f] << " (models need finite numbers). Take the record out.");
      VALIDATE(!allowed.known || (row[f] >= lo && row[f] <= hi),
               "data set " << path() << ": record " << indices[i] << ", value " << f << " is " << row[f]
                           << " (the range is " << allowed.lo << " to " << allowed.hi
                           << "). Give another --input-range, or take the record out.");
    }
  }
}

void Dataset::require_range() const {
  VALIDATE(domain().known,
           "data set " << path() << ": it holds values of type " << name_of(domain().type)
                       << " and their range is not known (steps, bounds and distances are in units of the range). "
                       << "Give --input-range LO,HI.");
}

}  // namespace sonde::io
