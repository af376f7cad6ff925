// The stored domain: what a saved input can hold, and how the ascent sees it.
//
// The ascent works in units x of the stored range, stored = lo + x (hi - lo); without a range (tables of raw features)
// x is the stored value itself.
#pragma once

#include <span>
#include <vector>

#include "base/shape.hpp"
#include "generate/config.hpp"
#include "io/datasets/dataset.hpp"

namespace sonde::generate {

/// What a file of feature rules adds, per feature; empty vectors for images.
struct FeatureBounds {
  std::vector<float> least, most;     // stored values; +-infinity for none
  std::vector<std::uint8_t> integer;  // rounded when stored
  std::vector<std::uint8_t> only_up;  // never below the seed's value, whatever rounding and bounds say
};

class Domain {
 public:
  /// Throws InputError when the mode needs a range and none is known (float data without --input-range or feature
  /// bounds).
  Domain(io::StoredDomain const& stored, Shape sample, Config const& config, FeatureBounds features);

  Shape const& sample() const { return sample_; }
  std::int64_t features() const { return volume(sample_); }
  double lo() const { return lo_; }
  double range() const { return range_; }
  /// Type of a stored finding: that of the data in valid mode, float32 in published mode, whose inputs leave the
  /// domain.
  io::ElementType stored_type() const { return stored_type_; }

  /// Type of a stored seed: that of the data.
  io::ElementType seed_type() const { return seed_type_; }

  /// x (n) from stored values (n), any number of whole samples.
  void to_units(std::span<float const> stored, std::span<float> x) const;
  /// The stored values of one sample nearest to x (F): clipped and rounded in valid mode, as they are in published
  /// mode. `seed` (F), stored: a feature that the ascent left alone keeps its exact value.
  void to_stored(std::span<float const> x, std::span<float const> seed, std::span<float> stored) const;
  /// The same, clipped and rounded in either mode: what would be left of x in a file of the data's own type.
  void to_saved(std::span<float const> x, std::span<float const> seed, std::span<float> stored) const;
  /// Published mode: takes over `x` (F) after a step. Where it differs from `x_before`, x_before becomes x as it reads
  /// when stored in float32, and `stored` that stored value. What the models see is then what is stored, to the bit.
  void follow(std::span<float const> x, std::span<float> x_before, std::span<float> stored) const;
  /// Bounds of x (F) to clip to at every step; empty when nothing is clipped.
  std::vector<float> const& least() const { return least_; }
  std::vector<float> const& most() const { return most_; }
  /// Whether a stored sample (F) can be a finding: on the domain, not constant (images), not its seed.
  bool is_valid(std::span<float const> stored, std::span<float const> seed) const;

 private:
  double round_level(double level, double seed_level) const;
  float saved_value(float x, float seed, std::size_t feature) const;

  Shape sample_;
  double lo_ = 0, range_ = 1;
  bool has_range_ = false;
  std::int64_t levels_ = 0;  // 0: continuous
  io::ElementType stored_type_, seed_type_;
  bool clips_ = false, bounded_ = false;
  std::vector<float> least_, most_;
  FeatureBounds bounds_;
};

}  // namespace sonde::generate
