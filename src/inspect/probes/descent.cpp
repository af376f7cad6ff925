#include "inspect/probes/descent.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "backend/blas.hpp"

namespace sonde::inspect {
namespace {

constexpr double radius = 2;                                             // in which the model of the loss is trusted
constexpr double least_curvature = 1e-3;                                 // of columns that are decided everywhere
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

void Descent::precondition(std::vector<double> gram, double rows) {
  for (double& value : gram) value /= rows;
  variance_.resize(static_cast<std::size_t>(units_));
  backend::symmetric_eigen(units_, gram.data(), variance_.data());
  // What the eigenvalues of so few rows may be off by (Marchenko & Pastur 1967), and never 0.
  double const noise = std::min(1.0, static_cast<double>(units_) / rows) + 1e-6;
  for (double& value : variance_) value = std::max(value, 0.0) + noise;
  basis_ = std::move(gram);
  turn_basis();
}

void Descent::turn_basis() {
  basis_t_.resize(basis_.size());
  for (std::int64_t k = 0; k < units_; ++k) {
    for (std::int64_t u = 0; u < units_; ++u) basis_t_[u * units_ + k] = basis_[k * units_ + u];
  }
}

void Descent::step(std::vector<double> const& gradient, std::vector<double> const& curvature,
                   std::vector<double> const& rows, double progress) {
  average(gradient, rows);
  double const left = std::max(0.0, 1 - progress);
  penalty_.l1 ? adam(rate_ * left) : newton(curvature, rows, std::min(1.0, 2 * left));
}

/// The mean gradient of the mini-batch, with the penalty of l2, and its running means.
void Descent::average(std::vector<double> const& gradient, std::vector<double> const& rows) {
  gradient_.resize(gradient.size());
  first_left_ *= first_decay;
  second_left_ *= second_decay;
  for (std::int64_t u = 0; u <= units_; ++u) {
    double const decay = penalty_.l1 || u == units_ ? 0 : penalty_.lambda;
    for (std::int64_t c = 0; c < columns_; ++c) {
      std::int64_t const i = u * columns_ + c;
      double const component = gradient[i] / std::max(rows[c], 1.0) + decay * weights_[i];
      gradient_[i] = component;
      first_[i] = first_decay * first_[i] + (1 - first_decay) * component;
      second_[i] = second_decay * second_[i] + (1 - second_decay) * component * component;
    }
  }
}

void Descent::newton(std::vector<double> const& curvature, std::vector<double> const& rows, double length) {
  std::vector<double> rotated(static_cast<std::size_t>(units_ * columns_)), move(rotated.size());
  backend::matrix_product(units_, columns_, units_, basis_.data(), gradient_.data(), rotated.data());
  auto const width = static_cast<std::size_t>(columns_);
  std::vector<double> mean_curvature(width), change(width);
  double* const intercept = weights_.data() + units_ * columns_;
  for (std::int64_t c = 0; c < columns_; ++c)
    mean_curvature[c] = std::max(curvature[c] / std::max(rows[c], 1.0), least_curvature);
  for (std::int64_t k = 0; k < units_; ++k) {
    for (std::int64_t c = 0; c < columns_; ++c) {
      double& component = rotated[k * columns_ + c];
      component /= mean_curvature[c] * variance_[k] + penalty_.lambda;
      change[c] += variance_[k] * component * component;
    }
  }
  for (std::int64_t c = 0; c < columns_; ++c) {
    double const of_intercept = gradient_[units_ * columns_ + c] / mean_curvature[c];
    change[c] = length * std::min(1.0, radius / std::sqrt(change[c] + of_intercept * of_intercept + 1e-300));
    intercept[c] -= change[c] * of_intercept;
  }
  backend::matrix_product(units_, columns_, units_, basis_t_.data(), rotated.data(), move.data());
  for (std::int64_t u = 0; u < units_; ++u) {
    for (std::int64_t c = 0; c < columns_; ++c) weights_[u * columns_ + c] -= change[c] * move[u * columns_ + c];
  }
}

void Descent::adam(double rate) {
  double const first_scale = rate / (1 - first_left_), second_scale = 1 / (1 - second_left_);
  for (std::int64_t u = 0; u <= units_; ++u) {
    double const threshold = u < units_ ? penalty_.lambda * rate : 0;  // the intercept has no penalty
    for (std::int64_t c = 0; c < columns_; ++c) {
      std::int64_t const i = u * columns_ + c;
      double const size = 1 / (std::sqrt(second_[i] * second_scale) + least);
      double const next = weights_[i] - size * first_scale * first_[i];
      weights_[i] = next - std::clamp(next, -threshold * size, threshold * size);
    }
  }
}

void Descent::save(StateWriter& state, std::string const& name) const {
  state.whole(name + "/left", std::vector<double>{first_left_, second_left_});
  state.whole(name + "/weights", weights_);
  state.whole(name + "/first", first_);
  state.whole(name + "/second", second_);
  state.whole(name + "/basis", basis_);
  state.whole(name + "/variance", variance_);
}

void Descent::load(StateReader const& state, std::string const& name) {
  auto const left = state.whole<double>(name + "/left", 2);
  first_left_ = left[0];
  second_left_ = left[1];
  weights_ = state.whole<double>(name + "/weights", weights_.size());
  first_ = state.whole<double>(name + "/first", first_.size());
  second_ = state.whole<double>(name + "/second", second_.size());
  variance_ = state.whole<double>(name + "/variance");
  auto const units = static_cast<std::size_t>(units_);
  state.expect(variance_.empty() || variance_.size() == units, name + "/variance");
  basis_ = state.whole<double>(name + "/basis", variance_.size() * units);
  if (!basis_.empty()) turn_basis();
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
