// Logistic regression on all units for every binary hypothesis, penalty l1 or l2.
//
// While the training rows fit the memory they are kept, and solved for to a stated gradient. Otherwise they are
// streamed: the first mini-batch gives mean and deviation of the units, then every mini-batch is one step.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>

#include "backend/blas.hpp"
#include "backend/unit_table.hpp"
#include "base/check.hpp"
#include "base/parameters.hpp"
#include "comm/collectives.hpp"
#include "inspect/probes/control.hpp"
#include "inspect/probes/descent.hpp"
#include "inspect/probes/held_out.hpp"
#include "inspect/probes/makers.hpp"
#include "inspect/probes/pool.hpp"
#include "inspect/probes/stored_rows.hpp"
#include "inspect/statistics/uncertainty.hpp"

namespace sonde::inspect {
namespace {

constexpr std::int64_t piece = 1024;  // rows multiplied at once
constexpr int most_iterations = 5000;

struct Options {
  Penalty penalty;
  std::int64_t epochs = 1;
  double rate = 0, tolerance = 0;
};

/// Of one call: what it needs for a piece of rows.
struct Scratch {
  std::vector<float> x;                  // (piece, U) standardised
  std::vector<float> z;                  // (piece, C) values that decide, then residuals
  std::vector<std::uint8_t> target;      // (piece, C); (rows, C) of a table
  std::vector<float> draw;               // (H)
  std::vector<std::uint8_t> other;       // (H) whether a hypothesis ever had a value that is neither 0 nor 1
  std::vector<float> gradient;           // (U + 1, C)
  std::vector<float> curvature;          // (C) sums of p (1 - p)
  std::vector<std::int32_t> rows, ones;  // (C) with a target; where it is 1
  backend::ResidualSums there;           // of a table
  std::vector<double> decisions;         // of a table: (4, C)
};

/// Targets of a row of hypotheses; other[h] becomes 1 for a value that is neither 0 nor 1 nor missing.
void encode(std::int64_t width, float const* __restrict value, std::uint8_t* __restrict target,
            std::uint8_t* __restrict other) {
  for (std::int64_t h = 0; h < width; ++h) {
    bool const missing = value[h] != value[h], one = value[h] == 1, zero = value[h] == 0;
    target[h] = static_cast<std::uint8_t>((one ? 1 : 0) + (missing ? 2 : 0));
    other[h] = static_cast<std::uint8_t>(other[h] | (missing || one || zero ? 0 : 1));
  }
}

/// Adds a row of residuals to their sums and p (1 - p) to those of the curvature.
void add_row(std::int64_t columns, float const* __restrict residual, float* __restrict sum,
             float* __restrict curvature) {
  for (std::int64_t c = 0; c < columns; ++c) {
    sum[c] += residual[c];
    float const off = std::fabs(residual[c]);  // p or 1 - p
    curvature[c] += off * (1 - off);
  }
}

/// Counts the targets of a row.
void count_row(std::int64_t columns, std::uint8_t const* __restrict target, std::int32_t* __restrict rows,
               std::int32_t* __restrict ones) {
  for (std::int64_t c = 0; c < columns; ++c) {
    rows[c] += target[c] == no_target ? 0 : 1;
    ones[c] += target[c] == target_1 ? 1 : 0;
  }
}

class Logistic final : public JointProbe {
 public:
  Logistic(ProbeContext const& context, Options const& options);

  std::string const& name() const override {
    static std::string const name = "logistic";
    return name;
  }
  std::string description() const override {
    return std::string("logistic regression on all units, penalty ") + (options_.penalty.l1 ? "l1" : "l2");
  }
  int passes() const override { return kept_ ? 1 : static_cast<int>(options_.epochs); }
  void add(Rows const& rows) override;
  bool takes_tables() const override { return fitted_ || (!kept_ && standardization_); }
  void step(comm::Communicator const& comm) override;
  bool fit(comm::Communicator const& comm, FitWatch const& watch) override;
  void test(Rows const& rows) override;
  ProbeScores scores(comm::Communicator const& comm) override;
  void save(StateWriter& state, std::string const& name) const override;
  void load(StateReader const& state, std::string const& name, comm::Communicator const& comm) override;

 private:
  void learn_rows(comm::Communicator const& comm);
  void label(std::int64_t count, float const* hypothesis, std::int64_t const* key, Scratch& scratch,
             std::uint8_t* target);
  void decide(std::int64_t count, float const* unit, Scratch& scratch) const;
  backend::LinearModels models(Rows const& rows) const;
  void label_table(Rows const& rows, Scratch& scratch);
  void descend(Rows const& rows);
  void sum_here(Rows const& rows, Scratch& scratch);
  void sum_there(Rows const& rows, Scratch& scratch);
  void precondition(comm::Communicator const& comm);
  bool solve(comm::Communicator const& comm, FitWatch const& watch);
  void use(std::vector<double> const& weights, std::vector<double> const& intercepts);
  void use_descent();
  std::vector<std::uint8_t> others() const;

  ProbeContext context_;
  Options options_;
  std::int64_t columns_;  // C: hypotheses, then as many controls when these are trained
  bool kept_;             // whether all training rows are
  std::mutex mutex_;      // of everything that add() and test() write
  StoredRows stored_;     // all rows, or those of the first mini-batch
  std::optional<Standardization> standardization_;
  std::vector<float> base_rate_;  // (H) share of ones in the first mini-batch, by which controls are drawn
  Descent descent_;
  std::vector<double> gradient_, rows_;  // (U + 1, C), (C) sums of the mini-batch
  std::vector<double> curvature_;        // (C)
  std::vector<double> ones_, all_;       // (C) targets of 1, and all, of this and of all ranks in all passes
  double seen_ = 0, done_ = 0;           // rows of this rank in all passes; of all ranks before this mini-batch
  std::vector<float> weight_;            // (U, C) that z is computed with
  std::vector<float> intercept_;         // (C)
  bool fitted_ = false;
  LogisticState solver_;  // with the solution; streamed: that alone
  Confusion confusion_;
  std::vector<std::uint8_t> other_;  // (H) of a run that wrote a checkpoint: see Scratch
  Pool<Scratch> pool_;
};

Logistic::Logistic(ProbeContext const& context, Options const& options)
    : context_(context),
      options_(options),
      columns_(context.hypotheses * (context.control ? 2 : 1)),
      descent_(context.units, columns_, options.penalty, options.rate),
      gradient_(static_cast<std::size_t>((context.units + 1) * columns_)),
      rows_(static_cast<std::size_t>(columns_)),
      curvature_(static_cast<std::size_t>(columns_)),
      ones_(static_cast<std::size_t>(columns_)),
      all_(static_cast<std::size_t>(columns_)),
      weight_(static_cast<std::size_t>(context.units * columns_)),
      intercept_(static_cast<std::size_t>(columns_)),
      confusion_(columns_),
      other_(static_cast<std::size_t>(context.hypotheses)) {
  // As if one rank had them all: the same way for any number of ranks.
  double const row_bytes =
      4.0 * static_cast<double>(context.units + context.hypotheses) + 8 + static_cast<double>(columns_);
  kept_ = static_cast<double>(context.training_rows) * row_bytes <= static_cast<double>(context.memory);
}

void Logistic::add(Rows const& rows) {
  if (!kept_ && standardization_) return descend(rows);
  std::scoped_lock const lock(mutex_);
  stored_.add(rows);
}

/// Standardisation and base rates, from the stored rows of all ranks.
void Logistic::learn_rows(comm::Communicator const& comm) {
  standardization_ = standardize(comm, stored_.count(), context_.units, stored_.unit.data());
  auto const width = static_cast<std::size_t>(context_.hypotheses);
  std::vector<double> sums(2 * width);
  float const* const end = stored_.label.data() + stored_.label.size();
  for (float const* row = stored_.label.data(); row != end; row += width) {
    for (std::size_t h = 0; h < width; ++h) {
      sums[h] += std::isnan(row[h]) ? 0 : 1;
      sums[width + h] += row[h] == 1 ? 1 : 0;
    }
  }
  comm::allreduce(comm, comm::Reduction::sum, std::span(sums));
  for (std::size_t h = 0; h < width; ++h)
    base_rate_.push_back(static_cast<float>(sums[width + h] / std::max(1.0, sums[h])));
}

/// Fills target (count, C).
void Logistic::label(std::int64_t count, float const* hypothesis, std::int64_t const* key, Scratch& scratch,
                     std::uint8_t* target) {
  std::int64_t const width = context_.hypotheses;
  scratch.draw.resize(static_cast<std::size_t>(width));
  scratch.other.resize(static_cast<std::size_t>(width));
  for (std::int64_t row = 0; row < count; ++row, hypothesis += width, target += columns_) {
    encode(width, hypothesis, target, scratch.other.data());
    if (!context_.control) continue;
    control_draws(context_.rng_seed, key[row], width, scratch.draw.data());
    for (std::int64_t h = 0; h < width; ++h) {
      std::uint8_t const drawn = scratch.draw[h] < base_rate_[h] ? target_1 : target_0;
      target[width + h] = target[h] == no_target ? static_cast<std::uint8_t>(no_target) : drawn;
    }
  }
}

/// Fills scratch.x and scratch.z for at most `piece` rows.
void Logistic::decide(std::int64_t count, float const* unit, Scratch& scratch) const {
  scratch.x.resize(static_cast<std::size_t>(piece * context_.units));
  scratch.z.resize(static_cast<std::size_t>(piece * columns_));
  standardization_->apply(count, unit, scratch.x.data());
  backend::matrix_product(count, columns_, context_.units, scratch.x.data(), weight_.data(), scratch.z.data());
  for (std::int64_t row = 0; row < count; ++row) {
    float* const z = scratch.z.data() + row * columns_;
    for (std::int64_t c = 0; c < columns_; ++c) z[c] += intercept_[c];
  }
}

/// Adds the gradient of a block, in single precision, to that of the mini-batch, in double.
void Logistic::descend(Rows const& rows) {
  if (rows.count == 0) return;
  auto scratch = pool_.take();
  scratch->gradient.assign(gradient_.size(), 0);
  scratch->curvature.assign(curvature_.size(), 0);
  scratch->rows.assign(rows_.size(), 0);
  scratch->ones.assign(ones_.size(), 0);
  rows.unit ? sum_here(rows, *scratch) : sum_there(rows, *scratch);
  {
    std::scoped_lock const lock(mutex_);
    for (std::size_t i = 0; i < gradient_.size(); ++i) gradient_[i] += scratch->gradient[i];
    for (std::size_t c = 0; c < rows_.size(); ++c) {
      curvature_[c] += scratch->curvature[c];
      rows_[c] += scratch->rows[c];
      ones_[c] += scratch->ones[c];
    }
    seen_ += static_cast<double>(rows.count);
  }
  pool_.put_back(std::move(scratch));
}

void Logistic::sum_here(Rows const& rows, Scratch& scratch) {
  scratch.target.resize(static_cast<std::size_t>(piece * columns_));
  float* const intercepts = scratch.gradient.data() + context_.units * columns_;
  for (std::int64_t first = 0; first < rows.count; first += piece) {
    std::int64_t const count = std::min(piece, rows.count - first);
    label(count, rows.hypothesis + first * rows.hypotheses, rows.key + first, scratch, scratch.target.data());
    decide(count, rows.unit + first * rows.units, scratch);
    logistic_residuals(count * columns_, scratch.target.data(), scratch.z.data());
    for (std::int64_t row = 0; row < count; ++row) {
      add_row(columns_, scratch.z.data() + row * columns_, intercepts, scratch.curvature.data());
      count_row(columns_, scratch.target.data() + row * columns_, scratch.rows.data(), scratch.ones.data());
    }
    backend::add_column_products(count, context_.units, columns_, scratch.x.data(), scratch.z.data(),
                                 scratch.gradient.data());
  }
}

/// What the rows' table is to compute with.
backend::LinearModels Logistic::models(Rows const& rows) const {
  return {rows.first_there, standardization_->mean, standardization_->inverse, weight_, intercept_};
}

void Logistic::label_table(Rows const& rows, Scratch& scratch) {
  scratch.target.resize(static_cast<std::size_t>(rows.count * columns_));
  label(rows.count, rows.hypothesis, rows.key, scratch, scratch.target.data());
}

/// Unit values stay where the backend of their model has them.
void Logistic::sum_there(Rows const& rows, Scratch& scratch) {
  EXPECT(rows.there && takes_tables());
  label_table(rows, scratch);
  for (std::int64_t row = 0; row < rows.count; ++row)
    count_row(columns_, scratch.target.data() + row * columns_, scratch.rows.data(), scratch.ones.data());
  rows.there->sum_residuals(models(rows), scratch.target.data(), scratch.there);
  auto const intercepts = std::ranges::copy(scratch.there.gradient, scratch.gradient.begin()).out;
  std::ranges::transform(scratch.there.residual, intercepts, [](double sum) { return static_cast<float>(sum); });
  std::ranges::transform(scratch.there.curvature, scratch.curvature.begin(),
                         [](double sum) { return static_cast<float>(sum); });
}

/// Gives the descent the correlations of the units in the stored rows of all ranks.
void Logistic::precondition(comm::Communicator const& comm) {
  std::vector<double> gram(static_cast<std::size_t>(context_.units * context_.units));
  std::vector<double> x(static_cast<std::size_t>(piece * context_.units));
  for (std::int64_t first = 0; first < stored_.count(); first += piece) {
    std::int64_t const count = std::min(piece, stored_.count() - first);
    standardization_->apply(count, stored_.unit.data() + first * context_.units, x.data());
    backend::add_gram(count, context_.units, x.data(), gram.data());
  }
  comm::allreduce(comm, comm::Reduction::sum, std::span(gram));
  auto const rows = static_cast<double>(comm::allreduce(comm, comm::Reduction::sum, stored_.count()));
  descent_.precondition(std::move(gram), std::max(rows, 1.0));
}

void Logistic::step(comm::Communicator const& comm) {
  if (kept_) return;
  if (!standardization_) {
    learn_rows(comm);
    for (std::int64_t c = 0; c < columns_; ++c) {
      double const share = std::clamp<double>(base_rate_[c % context_.hypotheses], 1e-6, 1 - 1e-6);
      descent_.start(c, static_cast<float>(std::log(share / (1 - share))));
    }
    use_descent();
    // Block by block, so that no rounding depends on which rank has which.
    std::int64_t first = 0;
    for (std::int64_t const count : stored_.block) {
      descend(stored_.rows(first, count, context_.units, context_.hypotheses));
      first += count;
    }
    if (!options_.penalty.l1) precondition(comm);
    stored_.clear();
  }
  comm::allreduce(comm, comm::Reduction::sum, std::span(gradient_));
  comm::allreduce(comm, comm::Reduction::sum, std::span(curvature_));
  comm::allreduce(comm, comm::Reduction::sum, std::span(rows_));
  descent_.step(gradient_, curvature_, rows_, done_ / static_cast<double>(options_.epochs * context_.training_rows));
  done_ = comm::allreduce(comm, comm::Reduction::sum, seen_);
  use_descent();
  for (std::size_t c = 0; c < rows_.size(); ++c) all_[c] += rows_[c];
  std::ranges::fill(gradient_, 0);
  std::ranges::fill(curvature_, 0);
  std::ranges::fill(rows_, 0);
}

bool Logistic::solve(comm::Communicator const& comm, FitWatch const& watch) {
  if (!standardization_) learn_rows(comm);
  std::int64_t const stored = stored_.count();
  std::vector<std::uint8_t> target(static_cast<std::size_t>(stored * columns_));
  auto scratch = pool_.take();
  label(stored, stored_.label.data(), stored_.key.data(), *scratch, target.data());
  pool_.put_back(std::move(scratch));
  LogisticRows const rows{stored, context_.units, columns_, stored_.unit.data(), target.data()};
  return solve_logistic(comm, rows, *standardization_, options_.penalty, options_.tolerance, most_iterations,
                        context_.threads, watch, solver_);
}

/// Decides by these from now on. A column without both classes has NaN, which stays in its column.
void Logistic::use(std::vector<double> const& weights, std::vector<double> const& intercepts) {
  std::ranges::copy(weights, weight_.begin());
  std::ranges::copy(intercepts, intercept_.begin());
}

void Logistic::use_descent() {
  std::vector<double> const& all = descent_.weights();
  use({all.begin(), all.end() - columns_}, {all.end() - columns_, all.end()});
}

bool Logistic::fit(comm::Communicator const& comm, FitWatch const& watch) {
  LogisticSolution& solution = solver_.solution;
  if (kept_) {
    if (!solve(comm, watch)) return false;
  } else {
    if (!standardization_) step(comm);  // fewer rows than a mini-batch
    solution.weight.assign(descent_.weights().begin(), descent_.weights().end() - columns_);
    solution.intercept.assign(descent_.weights().end() - columns_, descent_.weights().end());
    comm::allreduce(comm, comm::Reduction::sum, std::span(ones_));
    for (std::int64_t c = 0; c < columns_; ++c) {
      bool const both_classes = ones_[c] > 0 && ones_[c] < all_[c];
      if (!both_classes) solution.intercept[c] = undefined;
      solution.gradient_norm.push_back(descent_.gradient_norm(c));
    }
  }
  use(solution.weight, solution.intercept);
  stored_.clear();
  fitted_ = true;
  return true;
}

void Logistic::test(Rows const& rows) {
  if (rows.count == 0) return;
  auto scratch = pool_.take();
  Confusion confusion(columns_);
  if (!rows.unit) {
    label_table(rows, *scratch);
    rows.there->count_decisions(models(rows), scratch->target.data(), scratch->decisions);
    confusion.add(scratch->decisions);
  }
  for (std::int64_t first = 0; rows.unit && first < rows.count; first += piece) {
    std::int64_t const count = std::min(piece, rows.count - first);
    scratch->target.resize(static_cast<std::size_t>(piece * columns_));
    label(count, rows.hypothesis + first * rows.hypotheses, rows.key + first, *scratch, scratch->target.data());
    decide(count, rows.unit + first * rows.units, *scratch);
    for (std::int64_t row = 0; row < count; ++row)
      confusion.add(scratch->target.data() + row * columns_, scratch->z.data() + row * columns_);
  }
  {
    std::scoped_lock const lock(mutex_);
    confusion_.add(confusion);
  }
  pool_.put_back(std::move(scratch));
}

/// Whether a hypothesis ever had a value in this rank that is neither 0 nor 1.
std::vector<std::uint8_t> Logistic::others() const {
  std::vector<std::uint8_t> other = other_;
  for (auto const& scratch : pool_.all()) {
    for (std::size_t h = 0; h < scratch->other.size(); ++h) other[h] |= scratch->other[h];
  }
  return other;
}

ProbeScores Logistic::scores(comm::Communicator const& comm) {
  confusion_.merge(comm);
  std::vector<std::uint8_t> other = others();
  comm::allreduce(comm, comm::Reduction::max, std::span(other));
  LogisticSolution const& solution = solver_.solution;
  ProbeScores scores;
  scores.score_name = "f1";
  std::int64_t const width = context_.hypotheses;
  scores.coefficient.assign(static_cast<std::size_t>(context_.units * width), undefined);
  for (std::int64_t h = 0; h < width; ++h) {
    bool const known = other[h] == 0 && std::isfinite(solution.intercept[h]);
    auto const or_undefined = [known](double value) { return known ? value : undefined; };
    for (std::int64_t u = 0; u < context_.units; ++u)
      scores.coefficient[u * width + h] = or_undefined(solution.weight[u * columns_ + h]);
    scores.intercept.push_back(or_undefined(solution.intercept[h]));
    scores.score.push_back(or_undefined(confusion_.f1(h)));
    scores.accuracy.push_back(or_undefined(confusion_.accuracy(h)));
    scores.majority.push_back(or_undefined(confusion_.majority(h)));
    bool const control_known = context_.control && std::isfinite(solution.intercept[width + h]);
    double const control = control_known ? or_undefined(confusion_.accuracy(width + h)) : undefined;
    scores.control.push_back(control);
    scores.selectivity.push_back(scores.accuracy.back() - control);
    scores.gradient_norm.push_back(or_undefined(solution.gradient_norm[h]));
    scores.converged.push_back(kept_ && known && solution.gradient_norm[h] <= options_.tolerance ? 1 : 0);
  }
  return scores;
}

void Logistic::save(StateWriter& state, std::string const& name) const {
  state.number<std::int64_t>(name + "/kept", kept_);
  state.number<std::int64_t>(name + "/fitted", fitted_);
  stored_.save(state, name + "/stored", context_.units, context_.hypotheses);
  Standardization const standardization = standardization_.value_or(Standardization{});
  state.whole(name + "/mean", standardization.mean);
  state.whole(name + "/inverse", standardization.inverse);
  state.whole(name + "/base_rate", base_rate_);
  if (!kept_) descent_.save(state, name + "/descent");
  state.sum(name + "/gradient", gradient_);
  state.sum(name + "/curvature", curvature_);
  state.sum(name + "/rows", rows_);
  if (fitted_) {
    state.whole(name + "/ones", ones_);
  } else {
    state.sum(name + "/ones", ones_);
  }
  state.whole(name + "/all", all_);
  state.sum(name + "/seen", std::vector<double>{seen_});
  state.number(name + "/done", done_);
  solver_.save(state, name + "/solver");
  confusion_.save(state, name + "/confusion");
  std::vector<std::uint8_t> other = others();
  comm::allreduce(state.comm(), comm::Reduction::max, std::span(other));
  state.whole(name + "/other", other);
}

void Logistic::load(StateReader const& state, std::string const& name, comm::Communicator const& comm) {
  auto const units = static_cast<std::size_t>(context_.units),
             hypotheses = static_cast<std::size_t>(context_.hypotheses);
  kept_ = state.flag(name + "/kept");  // what memory there is now may decide otherwise
  fitted_ = state.flag(name + "/fitted");
  stored_.load(state, name + "/stored", context_.units, context_.hypotheses, comm);
  base_rate_ = state.whole<float>(name + "/base_rate");
  state.expect(base_rate_.empty() || base_rate_.size() == hypotheses, name + "/base_rate");
  if (!base_rate_.empty())
    standardization_ = {state.whole<double>(name + "/mean", units), state.whole<double>(name + "/inverse", units)};
  if (!kept_) descent_.load(state, name + "/descent");
  done_ = state.whole<double>(name + "/done", 1).front();
  all_ = state.whole<double>(name + "/all", all_.size());
  solver_.load(state, name + "/solver", context_.units, columns_);
  state.expect(!fitted_ || (standardization_ && !solver_.solution.weight.empty()), name + "/fitted");
  if (fitted_) {
    use(solver_.solution.weight, solver_.solution.intercept);
  } else if (!kept_) {
    use_descent();
  }
  if (!comm.is_root()) return;  // sums over ranks are added once
  gradient_ = state.whole<double>(name + "/gradient", gradient_.size());
  curvature_ = state.whole<double>(name + "/curvature", curvature_.size());
  rows_ = state.whole<double>(name + "/rows", rows_.size());
  ones_ = state.whole<double>(name + "/ones", ones_.size());
  seen_ = state.whole<double>(name + "/seen", 1).front();
  confusion_.load(state, name + "/confusion");
  other_ = state.whole<std::uint8_t>(name + "/other", hypotheses);
}

}  // namespace

std::unique_ptr<JointProbe> make_logistic(std::string const& text, ProbeContext const& context) {
  Parameters parameters(text);
  Options options;
  std::string const penalty = parameters.text("penalty", "l2");
  VALIDATE(penalty == "l1" || penalty == "l2",
           "logistic:penalty=" << penalty << " is unknown (no such penalty). Choose one of: l1, l2.");
  options.penalty.l1 = penalty == "l1";
  options.penalty.lambda = parameters.number("lambda", options.penalty.l1 ? 1e-2 : 1e-3, 0, 1e6);
  options.epochs = parameters.integer("epochs", 1, 1, 1000);
  // A step of Adam moves every weight by the rate: the value that decides by about rate * sqrt(U) at independent units.
  double const rate = 0.5 / std::sqrt(static_cast<double>(std::max<std::int64_t>(context.units, 1)));
  options.rate = parameters.number("rate", rate, 1e-8, 10);
  options.tolerance = parameters.number("tolerance", 1e-7, 1e-14, 1);
  parameters.check_all_used();
  return std::make_unique<Logistic>(context, options);
}

}  // namespace sonde::inspect
