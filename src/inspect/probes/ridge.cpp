// Ridge regression on all units for every hypothesis, in closed form: (R + lambda I) w = c, R the correlations of the
// units and c the covariances of standardised units and hypotheses (Hoerl & Kennard 1970). One Cholesky factor serves
// all hypotheses.
#include <cmath>
#include <mutex>
#include <optional>

#include "backend/blas.hpp"
#include "base/parameters.hpp"
#include "comm/collectives.hpp"
#include "inspect/probes/control.hpp"
#include "inspect/probes/makers.hpp"
#include "inspect/probes/pool.hpp"
#include "inspect/probes/stored_rows.hpp"
#include "inspect/statistics/moments.hpp"
#include "inspect/statistics/uncertainty.hpp"

namespace sonde::inspect {
namespace {

constexpr std::int64_t piece = 256;  // rows multiplied at once

/// Sums over rows of shifted units x and columns y, the latter hypotheses and then controls.
struct RidgeSums {
  double rows = 0;
  std::vector<double> xx, xy;                     // (U, U) upper triangle, (U, C)
  std::vector<double> x, y, yy;                   // (U), (C), (C)
  std::vector<double> residual;                   // (C) held out: sum of squares of what is not predicted
  std::vector<double> missing;                    // (C) rows without annotation
  std::vector<double> x_rows, y_rows, predicted;  // (piece, U), (piece, C), (piece, C)
  std::vector<float> draws;                       // (H)

  void resize(std::int64_t units, std::int64_t columns);
  void add(RidgeSums const& other);
  void merge(comm::Communicator const& comm);
  void save(StateWriter& state, std::string const& name) const;
  void load(StateReader const& state, std::string const& name);
};

void RidgeSums::resize(std::int64_t units, std::int64_t columns) {
  auto const u = static_cast<std::size_t>(units), c = static_cast<std::size_t>(columns);
  if (xx.size() == u * u) return;
  xx.resize(u * u);
  xy.resize(u * c);
  x.resize(u);
  x_rows.resize(static_cast<std::size_t>(piece) * u);
  for (auto* const vector : {&y, &yy, &residual, &missing}) vector->resize(c);
  for (auto* const vector : {&y_rows, &predicted}) vector->resize(static_cast<std::size_t>(piece) * c);
}

void RidgeSums::add(RidgeSums const& other) {
  auto const add_all = [](std::vector<double>& to, std::vector<double> const& from) {
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
  };
  rows += other.rows;
  add_all(xx, other.xx);
  add_all(xy, other.xy);
  add_all(x, other.x);
  add_all(y, other.y);
  add_all(yy, other.yy);
  add_all(residual, other.residual);
  add_all(missing, other.missing);
}

void RidgeSums::merge(comm::Communicator const& comm) {
  rows = comm::allreduce(comm, comm::Reduction::sum, rows);
  for (auto* const vector : {&xx, &xy, &x, &y, &yy, &residual, &missing})
    comm::allreduce(comm, comm::Reduction::sum, std::span(*vector));
}

void RidgeSums::save(StateWriter& state, std::string const& name) const {
  state.number(name + "/rows", rows);
  state.whole(name + "/xx", xx);
  state.whole(name + "/xy", xy);
  state.whole(name + "/x", x);
  state.whole(name + "/y", y);
  state.whole(name + "/yy", yy);
  state.whole(name + "/residual", residual);
  state.whole(name + "/missing", missing);
}

void RidgeSums::load(StateReader const& state, std::string const& name) {
  rows = state.whole<double>(name + "/rows", 1).front();
  xx = state.whole<double>(name + "/xx", xx.size());
  xy = state.whole<double>(name + "/xy", xy.size());
  x = state.whole<double>(name + "/x", x.size());
  y = state.whole<double>(name + "/y", y.size());
  yy = state.whole<double>(name + "/yy", yy.size());
  residual = state.whole<double>(name + "/residual", residual.size());
  missing = state.whole<double>(name + "/missing", missing.size());
}

/// to[c] += the sum over rows of a[c] b[c], or of a[c] without b.
void add_rows(std::int64_t rows, std::int64_t columns, double const* a, double const* b, double* to) {
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t const first = row * columns;
    for (std::int64_t c = 0; c < columns; ++c) to[c] += a[first + c] * (b ? b[first + c] : 1.0);
  }
}

class Ridge final : public JointProbe {
 public:
  Ridge(ProbeContext const& context, double lambda)
      : context_(context), lambda_(lambda), columns_(context.hypotheses * (context.control ? 2 : 1)) {}

  std::string const& name() const override {
    static std::string const name = "ridge";
    return name;
  }
  std::string description() const override { return "linear regression on all units, penalty l2"; }
  void add(Rows const& rows) override;
  void step(comm::Communicator const& comm) override;
  bool fit(comm::Communicator const& comm, FitWatch const& watch) override;
  void test(Rows const& rows) override;
  ProbeScores scores(comm::Communicator const& comm) override;
  void save(StateWriter& state, std::string const& name) const override;
  void load(StateReader const& state, std::string const& name, comm::Communicator const& comm) override;

 private:
  void find_shift(comm::Communicator const& comm);
  void sum(Rows const& rows, Pool<RidgeSums>& pool, bool held_out);
  void load(std::int64_t count, Rows const& rows, std::int64_t first, RidgeSums& sums) const;
  RidgeSums total(Pool<RidgeSums> const& pool, comm::Communicator const& comm) const;
  void solve(RidgeSums const& sums);

  ProbeContext context_;
  double lambda_;
  std::int64_t columns_;                   // C: hypotheses, then controls
  std::mutex mutex_;                       // of the stored rows
  StoredRows stored_;                      // those of the first mini-batch
  bool shifted_ = false;                   // whether the shifts are known: after the first mini-batch
  std::vector<double> x_shift_, y_shift_;  // (U), (C)
  Pool<RidgeSums> training_, held_out_;
  std::vector<double> weight_, intercept_;           // (U, C) of shifted units, (C) of shifted columns
  std::vector<double> coefficient_, gradient_norm_;  // (U, C) of standardised units, (C)
  std::vector<double> mean_;                         // (C) NaN for a column that cannot be fitted
};

void Ridge::add(Rows const& rows) {
  if (shifted_) return sum(rows, training_, false);
  std::scoped_lock const lock(mutex_);
  stored_.add(rows);
}

void Ridge::step(comm::Communicator const& comm) {
  if (!shifted_) find_shift(comm);
}

/// The means of the first mini-batch, by which large offsets cancel; 1/2 for controls. Then sums up that mini-batch.
void Ridge::find_shift(comm::Communicator const& comm) {
  std::int64_t const units = context_.units, hypotheses = context_.hypotheses;
  auto const count = stored_.count();
  double const rows = static_cast<double>(comm::allreduce(comm, comm::Reduction::sum, count));
  x_shift_.resize(static_cast<std::size_t>(units));
  y_shift_.resize(static_cast<std::size_t>(hypotheses));
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::int64_t u = 0; u < units; ++u) x_shift_[u] += stored_.unit[row * units + u];
    for (std::int64_t h = 0; h < hypotheses; ++h) {
      float const value = stored_.label[row * hypotheses + h];
      y_shift_[h] += std::isnan(value) ? 0.0 : static_cast<double>(value);
    }
  }
  for (auto* const shift : {&x_shift_, &y_shift_}) {
    comm::allreduce(comm, comm::Reduction::sum, std::span(*shift));
    for (double& value : *shift) value /= std::max(rows, 1.0);
  }
  y_shift_.resize(static_cast<std::size_t>(columns_), 0.5);
  shifted_ = true;
  sum(stored_.rows(0, count, units, hypotheses), training_, false);
  stored_.clear();
}

/// Fills x_rows and y_rows for at most `piece` rows.
void Ridge::load(std::int64_t count, Rows const& rows, std::int64_t first, RidgeSums& sums) const {
  std::int64_t const units = context_.units, hypotheses = context_.hypotheses;
  sums.draws.resize(static_cast<std::size_t>(hypotheses));
  for (std::int64_t row = 0; row < count; ++row) {
    float const* const unit = rows.unit + (first + row) * units;
    float const* const hypothesis = rows.hypothesis + (first + row) * hypotheses;
    double* const x = sums.x_rows.data() + row * units;
    double* const y = sums.y_rows.data() + row * columns_;
    for (std::int64_t u = 0; u < units; ++u) x[u] = static_cast<double>(unit[u]) - x_shift_[u];
    for (std::int64_t h = 0; h < hypotheses; ++h) {
      bool const there = !std::isnan(hypothesis[h]);
      y[h] = there ? static_cast<double>(hypothesis[h]) - y_shift_[h] : 0;
      sums.missing[h] += there ? 0 : 1;
    }
    if (!context_.control) continue;
    control_draws(context_.rng_seed, rows.key[first + row], hypotheses, sums.draws.data());
    for (std::int64_t h = 0; h < hypotheses; ++h) y[hypotheses + h] = sums.draws[h] - y_shift_[hypotheses + h];
  }
}

void Ridge::sum(Rows const& rows, Pool<RidgeSums>& pool, bool held_out) {
  auto sums = pool.take();
  sums->resize(context_.units, columns_);
  sums->rows += static_cast<double>(rows.count);
  for (std::int64_t first = 0; first < rows.count; first += piece) {
    std::int64_t const count = std::min(piece, rows.count - first);
    load(count, rows, first, *sums);
    double const* const y = sums->y_rows.data();
    add_rows(count, columns_, y, nullptr, sums->y.data());
    add_rows(count, columns_, y, y, sums->yy.data());
    double const* const x = sums->x_rows.data();
    if (held_out) {
      backend::matrix_product(count, columns_, context_.units, x, weight_.data(), sums->predicted.data());
      double* const residual = sums->predicted.data();
      for (std::int64_t row = 0; row < count; ++row) {
        for (std::int64_t c = 0; c < columns_; ++c) {
          double& value = residual[row * columns_ + c];
          value = y[row * columns_ + c] - value - intercept_[c];
        }
      }
      add_rows(count, columns_, residual, residual, sums->residual.data());
      continue;
    }
    add_rows(count, context_.units, x, nullptr, sums->x.data());
    backend::add_gram(count, context_.units, x, sums->xx.data());
    backend::add_column_products(count, context_.units, columns_, x, y, sums->xy.data());
  }
  pool.put_back(std::move(sums));
}

RidgeSums Ridge::total(Pool<RidgeSums> const& pool, comm::Communicator const& comm) const {
  RidgeSums total;
  total.resize(context_.units, columns_);
  for (auto const& sums : pool.all()) total.add(*sums);
  total.merge(comm);
  return total;
}

bool Ridge::fit(comm::Communicator const& comm, FitWatch const&) {
  if (!shifted_) find_shift(comm);
  solve(total(training_, comm));
  return true;
}

void Ridge::solve(RidgeSums const& sums) {
  std::int64_t const units = context_.units;
  double const n = sums.rows;
  std::vector<double> inverse(static_cast<std::size_t>(units));  // of the deviations; 0 for a constant unit
  for (std::int64_t u = 0; u < units; ++u) {
    double const squares = sums.xx[u * units + u];
    if (!constant(n, sums.x[u], squares)) inverse[u] = 1 / std::sqrt(squares / n - sums.x[u] / n * (sums.x[u] / n));
  }
  std::vector<double> matrix(sums.xx.size()), right(sums.xy.size());
  for (std::int64_t u = 0; u < units; ++u) {
    for (std::int64_t v = u; v < units; ++v)
      matrix[u * units + v] = (sums.xx[u * units + v] / n - sums.x[u] / n * (sums.x[v] / n)) * inverse[u] * inverse[v];
    if (inverse[u] == 0) matrix[u * units + u] = 1;  // its right side is 0, and so is its coefficient
    matrix[u * units + u] += lambda_;
    for (std::int64_t c = 0; c < columns_; ++c)
      right[u * columns_ + c] = (sums.xy[u * columns_ + c] / n - sums.x[u] / n * (sums.y[c] / n)) * inverse[u];
  }
  std::vector<double> factor = matrix;
  coefficient_ = right;
  if (backend::cholesky(units, factor.data())) {
    backend::cholesky_solve(units, columns_, factor.data(), coefficient_.data());
  } else {
    std::ranges::fill(coefficient_, undefined);
  }
  for (std::int64_t u = 0; u < units; ++u) {
    for (std::int64_t v = 0; v < u; ++v) matrix[u * units + v] = matrix[v * units + u];
  }
  std::vector<double> product(right.size());
  backend::matrix_product(units, columns_, units, matrix.data(), coefficient_.data(), product.data());
  gradient_norm_.assign(static_cast<std::size_t>(columns_), 0);
  weight_ = coefficient_;
  intercept_.resize(static_cast<std::size_t>(columns_));
  for (std::int64_t c = 0; c < columns_; ++c) intercept_[c] = sums.y[c] / n;
  for (std::int64_t u = 0; u < units; ++u) {
    for (std::int64_t c = 0; c < columns_; ++c) {
      std::int64_t const i = u * columns_ + c;
      double const component = std::fabs(product[i] - right[i]);
      if (!(component <= gradient_norm_[c])) gradient_norm_[c] = component;  // NaN too
      weight_[i] *= inverse[u];
      intercept_[c] -= weight_[i] * sums.x[u] / n;
    }
  }
  // The intercept of standardised units is the mean of the hypothesis.
  mean_.resize(static_cast<std::size_t>(columns_));
  for (std::int64_t c = 0; c < columns_; ++c) {
    mean_[c] = sums.y[c] / n + y_shift_[c];
    if (sums.missing[c] > 0 || constant(n, sums.y[c], sums.yy[c])) mean_[c] = undefined;
  }
}

void Ridge::test(Rows const& rows) { sum(rows, held_out_, true); }

ProbeScores Ridge::scores(comm::Communicator const& comm) {
  RidgeSums const sums = total(held_out_, comm);
  auto const r2 = [&](std::int64_t c) {
    if (sums.missing[c] > 0 || constant(sums.rows, sums.y[c], sums.yy[c])) return undefined;
    return 1 - sums.residual[c] / (sums.yy[c] - sums.y[c] * sums.y[c] / sums.rows);
  };
  ProbeScores scores;
  scores.score_name = "r2";
  std::int64_t const width = context_.hypotheses;
  for (std::int64_t h = 0; h < width; ++h) {
    bool const known = std::isfinite(mean_[h]) && std::isfinite(gradient_norm_[h]);
    scores.intercept.push_back(known ? mean_[h] : undefined);
    scores.score.push_back(known ? r2(h) : undefined);
    scores.accuracy.push_back(undefined);
    scores.majority.push_back(undefined);
    scores.control.push_back(known && context_.control ? r2(width + h) : undefined);
    scores.selectivity.push_back(scores.score.back() - scores.control.back());
    scores.gradient_norm.push_back(known ? gradient_norm_[h] : undefined);
    scores.converged.push_back(known ? 1 : 0);
  }
  for (std::int64_t u = 0; u < context_.units; ++u) {
    for (std::int64_t h = 0; h < width; ++h)
      scores.coefficient.push_back(scores.converged[h] != 0 ? coefficient_[u * columns_ + h] : undefined);
  }
  return scores;
}

void Ridge::save(StateWriter& state, std::string const& name) const {
  state.number<std::int64_t>(name + "/shifted", shifted_);
  stored_.save(state, name + "/stored", context_.units, context_.hypotheses);
  state.whole(name + "/x_shift", x_shift_);
  state.whole(name + "/y_shift", y_shift_);
  total(training_, state.comm()).save(state, name + "/training");
  total(held_out_, state.comm()).save(state, name + "/held_out");
  state.whole(name + "/weight", weight_);
  state.whole(name + "/intercept", intercept_);
  state.whole(name + "/coefficient", coefficient_);
  state.whole(name + "/gradient_norm", gradient_norm_);
  state.whole(name + "/mean", mean_);
}

void Ridge::load(StateReader const& state, std::string const& name, comm::Communicator const& comm) {
  auto const units = static_cast<std::size_t>(context_.units), columns = static_cast<std::size_t>(columns_);
  shifted_ = state.flag(name + "/shifted");
  stored_.load(state, name + "/stored", context_.units, context_.hypotheses, comm);
  x_shift_ = state.whole<double>(name + "/x_shift", shifted_ ? units : 0);
  y_shift_ = state.whole<double>(name + "/y_shift", shifted_ ? columns : 0);
  mean_ = state.whole<double>(name + "/mean");
  bool const fitted = !mean_.empty();
  state.expect(!fitted || (shifted_ && mean_.size() == columns), name + "/mean");
  weight_ = state.whole<double>(name + "/weight", fitted ? units * columns : 0);
  intercept_ = state.whole<double>(name + "/intercept", fitted ? columns : 0);
  coefficient_ = state.whole<double>(name + "/coefficient", fitted ? units * columns : 0);
  gradient_norm_ = state.whole<double>(name + "/gradient_norm", fitted ? columns : 0);
  if (!comm.is_root()) return;  // sums over ranks are added once
  for (auto const& [pool, part] : {std::pair{&training_, "/training"}, std::pair{&held_out_, "/held_out"}}) {
    auto sums = pool->take();
    sums->resize(context_.units, columns_);
    sums->load(state, name + part);
    pool->put_back(std::move(sums));
  }
}

}  // namespace

std::unique_ptr<JointProbe> make_ridge(std::string const& text, ProbeContext const& context) {
  Parameters parameters(text);
  double const lambda = parameters.number("lambda", 1e-3, 0, 1e6);
  parameters.check_all_used();
  return std::make_unique<Ridge>(context, lambda);
}

}  // namespace sonde::inspect
