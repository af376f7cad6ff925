#include "generate/domain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace sonde::generate {
namespace {

bool is_image(Shape const& sample) { return sample.size() == 3; }

/// Whole numbers without a range of their own: as far as float32 holds every one of them.
void limit_integer_table(FeatureBounds& bounds, io::ElementType type, std::size_t features) {
  constexpr float largest = 1 << 24;
  bool const is_unsigned = type == io::ElementType::uint32 || type == io::ElementType::uint64;
  bounds.integer.assign(features, 1);
  bounds.least.resize(features, -largest);
  bounds.most.resize(features, largest);
  for (std::size_t i = 0; i < features; ++i) {
    bounds.least[i] = std::max(bounds.least[i], is_unsigned ? 0.0F : -largest);
    bounds.most[i] = std::min(bounds.most[i], largest);
  }
}

/// Bounds that whole numbers can meet, of every feature when `all`, else of those that are rounded.
void round_bounds(FeatureBounds& bounds, bool all) {
  for (std::size_t i = 0; i < bounds.least.size(); ++i) {
    if (!all && !bounds.integer[i]) continue;
    float const least = bounds.least[i], most = bounds.most[i];
    bounds.least[i] = std::ceil(least);
    bounds.most[i] = std::floor(most);
    VALIDATE(bounds.least[i] <= bounds.most[i], "constraint features: feature "
                                                    << i << " holds whole numbers (there is none from its min " << least
                                                    << " to its max " << most << "). Widen its bounds.");
  }
}

}  // namespace

Domain::Domain(io::StoredDomain const& stored, Shape sample, Config const& config, FeatureBounds features)
    : sample_(std::move(sample)),
      stored_type_(stored.type),
      seed_type_(stored.type),
      clips_(config.mode == Mode::valid),
      bounded_(config.max_linf > 0 || config.max_l2 > 0),
      bounds_(std::move(features)) {
  has_range_ = stored.known;
  if (has_range_) {
    lo_ = stored.lo;
    range_ = stored.hi - stored.lo;
  }
  VALIDATE(has_range_ || !is_image(sample_) || !clips_,
           "seeds: their range is not known (float images have none of their own, and --mode valid keeps findings "
           "inside it). "
           "Give --input-range LO,HI.");
  levels_ = config.quantize ? config.quantize : (stored.integer && has_range_ ? stored.levels : 0);
  VALIDATE(!levels_ || has_range_,
           "--quantize: the range of the seeds is not known (levels divide it). Give --input-range LO,HI.");
  // A finding that is not clipped, or whose levels are not the data's, does not fit the data's type.
  if (config.mode == Mode::published || (stored.integer && config.quantize && config.quantize != stored.levels)) {
    stored_type_ = io::ElementType::float32;
  }
  if (stored.integer && !has_range_)
    limit_integer_table(bounds_, stored.type, static_cast<std::size_t>(this->features()));
  round_bounds(bounds_, !io::is_float(stored_type_));
  if (!clips_) return;
  bool const has_bounds = !bounds_.least.empty();
  if (!has_range_ && !has_bounds) return;
  float const infinity = std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < static_cast<std::size_t>(this->features()); ++i) {
    float low = has_range_ ? 0.0F : -infinity;
    float high = has_range_ ? 1.0F : infinity;
    if (has_bounds) {
      low = std::max(low, static_cast<float>((static_cast<double>(bounds_.least[i]) - lo_) / range_));
      high = std::min(high, static_cast<float>((static_cast<double>(bounds_.most[i]) - lo_) / range_));
    }
    least_.push_back(low);
    most_.push_back(high);
  }
}

void Domain::to_units(std::span<float const> stored, std::span<float> x) const {
  EXPECT(stored.size() == x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((static_cast<double>(stored[i]) - lo_) / range_);
}

/// The nearest level; under --max-linf or --max-l2 the nearest one towards the seed, so that rounding does not break
/// the bound.
double Domain::round_level(double level, double seed_level) const {
  if (!bounded_) return std::nearbyint(level);
  constexpr double float_error = 1e-4;  // a level reached in float32 may fall short of it by so much
  return level >= seed_level ? std::floor(level + float_error) : std::ceil(level - float_error);
}

/// In double: a level of the range must come out as the same float whatever path led to it.
float Domain::saved_value(float x, float seed, std::size_t feature) const {
  if (x == static_cast<float>((static_cast<double>(seed) - lo_) / range_)) return seed;
  double value = x;
  if (has_range_) value = std::clamp(value, 0.0, 1.0);
  if (levels_ > 1) {
    auto const top = static_cast<double>(levels_ - 1);
    value = round_level(value * top, (static_cast<double>(seed) - lo_) / range_ * top) / top;
  }
  value = lo_ + value * range_;
  if (!bounds_.integer.empty() && bounds_.integer[feature]) value = std::nearbyint(value);
  if (!bounds_.least.empty()) {
    value = std::clamp(value, static_cast<double>(bounds_.least[feature]), static_cast<double>(bounds_.most[feature]));
  }
  if (!bounds_.only_up.empty() && bounds_.only_up[feature]) value = std::max(value, static_cast<double>(seed));
  return static_cast<float>(value);
}

void Domain::to_saved(std::span<float const> x, std::span<float const> seed, std::span<float> stored) const {
  EXPECT(x.size() == stored.size() && seed.size() == x.size());
  for (std::size_t i = 0; i < x.size(); ++i) stored[i] = saved_value(x[i], seed[i], i);
}

void Domain::to_stored(std::span<float const> x, std::span<float const> seed, std::span<float> stored) const {
  if (clips_) return to_saved(x, seed, stored);
  for (std::size_t i = 0; i < x.size(); ++i) stored[i] = static_cast<float>(lo_ + static_cast<double>(x[i]) * range_);
}

void Domain::follow(std::span<float const> x, std::span<float> x_before, std::span<float> stored) const {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == x_before[i]) continue;
    stored[i] = static_cast<float>(lo_ + static_cast<double>(x[i]) * range_);
    x_before[i] = static_cast<float>((static_cast<double>(stored[i]) - lo_) / range_);
  }
}

bool Domain::is_valid(std::span<float const> stored, std::span<float const> seed) const {
  if (std::ranges::equal(stored, seed)) return false;
  if (!is_image(sample_)) return true;
  return std::ranges::any_of(stored, [&](float v) { return v != stored[0]; });
}

}  // namespace sonde::generate
