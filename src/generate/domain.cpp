#include "generate/domain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace sonde::generate {
namespace {

bool is_image(Shape const& sample) { return sample.size() == 3; }

}  // namespace

Domain::Domain(io::StoredDomain const& stored, Shape sample, Config const& config, FeatureBounds features)
    : sample_(std::move(sample)), stored_type_(stored.type), seed_type_(stored.type), clips_(config.mode == Mode::valid), bounds_(std::move(features)) {
  has_range_ = stored.known;
  if (has_range_) {
    lo_ = stored.lo;
    range_ = stored.hi - stored.lo;
  }
  VALIDATE(has_range_ || !is_image(sample_) || !clips_,
           "seeds: their range is not known (float images have none of their own, and --mode valid keeps findings inside it). "
           "Give --input-range LO,HI.");
  levels_ = config.quantize ? config.quantize : (stored.integer && has_range_ ? stored.levels : 0);
  VALIDATE(!levels_ || has_range_, "--quantize: the range of the seeds is not known (levels divide it). Give --input-range LO,HI.");
  bool const integer_table = stored.integer && !has_range_;
  if (integer_table && bounds_.integer.empty()) bounds_.integer.assign(static_cast<std::size_t>(this->features()), 1);
  // A finding that is not clipped, or whose levels are not the data's, does not fit the data's type.
  if (config.mode == Mode::published || (stored.integer && config.quantize && config.quantize != stored.levels)) {
    stored_type_ = io::ElementType::float32;
  }
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

/// In double: a level of the range must come out as the same float whatever path led to it.
float Domain::saved_value(float x, float seed, std::size_t feature) const {
  if (x == static_cast<float>((static_cast<double>(seed) - lo_) / range_)) return seed;
  double value = x;
  if (has_range_) value = std::clamp(value, 0.0, 1.0);
  if (levels_ > 1) value = std::nearbyint(value * static_cast<double>(levels_ - 1)) / static_cast<double>(levels_ - 1);
  value = lo_ + value * range_;
  if (!bounds_.integer.empty() && bounds_.integer[feature]) value = std::nearbyint(value);
  if (!bounds_.least.empty()) {
    value = std::clamp(value, static_cast<double>(bounds_.least[feature]), static_cast<double>(bounds_.most[feature]));
  }
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

bool Domain::is_valid(std::span<float const> stored, std::span<float const> seed) const {
  if (std::ranges::equal(stored, seed)) return false;
  if (!is_image(sample_)) return true;
  return std::ranges::any_of(stored, [&](float v) { return v != stored[0]; });
}

}  // namespace sonde::generate
