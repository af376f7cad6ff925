// Domain constraints: what an ascent may do to an input (DeepXplore section 6.2).
//
// A new constraint is one file here and one line in registry.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/rows.hpp"
#include "generate/config.hpp"
#include "generate/domain.hpp"
#include "tensor/buffer.hpp"

namespace sonde::generate {

/// What a constraint is made for.
struct ConstraintContext {
  Shape sample;                            // (H, W, C) or (F)
  std::vector<std::string> feature_names;  // of a table; may be empty
  std::int64_t batch = 1;                  // most rows at once
  std::uint64_t rng_seed = 0;
  float zero = 0, one = 1;  // the stored value 0 in units of the range, and the stored step from 0 to 1
  device::Memory* memory = &device::host_memory();  // of the backend whose ops it uses
};

/// One worker's instance.
class Constraint {
 public:
  virtual ~Constraint() = default;
  /// Turns the normalised gradient g (live, F) at x (live, F) into an allowed direction. keys (live): for
  /// draws. All pointers are into the backend's memory.
  virtual void apply(backend::RowOps const& ops, backend::Queue& queue, backend::LoopState const* state,
                     backend::RowKey const* keys, float const* x, float* g) = 0;
  /// Per-feature rules (F) for the step, in the backend's memory, or null.
  virtual backend::FeatureRule const* rules() const { return nullptr; }
  /// Per-feature bounds and integers; empty for images.
  virtual FeatureBounds bounds() const { return {}; }
  /// Step of --mode valid when none is given, in units of the range. Chosen by measurement, see docs/generate.md.
  virtual double default_step() const = 0;
};

/// Makes a constraint from "NAME:ARGS". Throws InputError for unknown names and arguments, or one that does not fit the
/// sample.
std::unique_ptr<Constraint> make_constraint(std::string const& text, ConstraintContext const& context);

/// Names and arguments for help texts, one line each.
std::vector<std::string> constraint_usage();

// The makers behind the registry.
std::unique_ptr<Constraint> make_none(std::string const& text, ConstraintContext const& context);
std::unique_ptr<Constraint> make_light(std::string const& text, ConstraintContext const& context);
std::unique_ptr<Constraint> make_occlusion(std::string const& text, ConstraintContext const& context);
std::unique_ptr<Constraint> make_blackout(std::string const& text, ConstraintContext const& context);
std::unique_ptr<Constraint> make_features(std::string const& text, ConstraintContext const& context);

}  // namespace sonde::generate
