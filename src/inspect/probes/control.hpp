// Random labels beside the true ones: what a probe learns of them it has memorised (Hewitt & Liang 2019).
#pragma once

#include <cstdint>

namespace sonde::inspect {

/// A number in [0, 1) for a key (a symbol's id, or a row's number) and a hypothesis: the same wherever that key occurs.
/// Fills out[h] for hypotheses [0, count).
void control_draws(std::uint64_t rng_seed, std::int64_t key, std::int64_t count, float* out);

}  // namespace sonde::inspect
