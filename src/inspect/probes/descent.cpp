#include "inspect/probes/descent.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sonde::inspect {
namespace {

constexpr double first_decay = 0.9, second_decay = 0.999, least = 1e-8;  // the paper's

/// e^x to 2 ulp in |x| <= 87, in plain operations that a compiler vectorises: e^x = 2^k e^r, the polynomial of Cephes'
/// expf.
inline float fast_exp(float x) {
  constexpr float to_whole = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
  x = x < -87.0F ? -87.0F : x;
  x = x > 87.0F ? 87.0F : x;
  float const shifted = x * 1.44269504F + to_whole;
  float const k = shifted - to_whole;
  float const r = x - k * 0.693359375F + k * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  // Unsigned: whatever the bits of a value that is not finite, nothing overflows.
  std::uint32_t const power = (std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(to_whole)) << 23;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + power);
}

}  // namespace

void logistic_residuals(std::int64_t n, std::uint8_t const* __restrict target, float* __restrict z) {
  for (std::int64_t i = 0; i < n; ++i) {
    float const t = target[i];
    float const residual = 1.0F / (1.0F + fast_exp(-z[i])) - t;
    z[i] = t > 1.0F ? 0.0F : residual;
  }
}

Descent::Descent(std::int64_t units, std::int64_t columns, Penalty penalty, double rate)
    : units_(units),
      columns_(columns),
      penalty_(penalty),
      rate_(rate),
      weights_(static_cast<std::size_t>((units + 1) * columns)),
      first_(weights_.size()),
      second_(weights_.size()) {}

void Descent::step(std::vector<double> const& gradient, std::vector<double> const& rows, double progress) {
  first_left_ *= first_decay;
  second_left_ *= second_decay;
  double const rate = rate_ * std::max(0.0, 1 - progress);
  double const first_scale = rate / (1 - first_left_), second_scale = 1 / (1 - second_left_);
  for (std::int64_t u = 0; u <= units_; ++u) {
    double const lambda = u < units_ ? penalty_.lambda : 0;  // the intercept has no penalty
    double const decay = penalty_.l1 ? 0 : lambda, threshold = penalty_.l1 ? lambda * rate : 0;
    for (std::int64_t c = 0; c < columns_; ++c) {
      std::int64_t const i = u * columns_ + c;
      double const component = gradient[i] / std::max(rows[c], 1.0) + decay * weights_[i];
      first_[i] = first_decay * first_[i] + (1 - first_decay) * component;
      second_[i] = second_decay * second_[i] + (1 - second_decay) * component * component;
      double const size = 1 / (std::sqrt(second_[i] * second_scale) + least);
      double const next = weights_[i] - size * first_scale * first_[i];
      weights_[i] = next - std::clamp(next, -threshold * size, threshold * size);
    }
  }
}

double Descent::gradient_norm(std::int64_t column) const {
  double norm = 0;
  for (std::int64_t u = 0; u <= units_; ++u) {
    std::int64_t const i = u * columns_ + column;
    double component = first_[i] / (1 - first_left_);
    if (penalty_.l1 && u < units_) {
      component = weights_[i] != 0 ? component + std::copysign(penalty_.lambda, weights_[i])
                                   : std::max(0.0, std::fabs(component) - penalty_.lambda);
    }
    norm = std::max(norm, std::fabs(component));
  }
  return norm;
}

}  // namespace sonde::inspect
