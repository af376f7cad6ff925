// A joint probe: one linear model per hypothesis over all units at once, trained for all hypotheses together
// (DeepBase's model merging).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/rows.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

struct ProbeContext {
  std::int64_t units = 0, hypotheses = 0;
  std::size_t memory = 0;          // bytes that this rank may spend on training rows; more rows are streamed
  std::int64_t training_rows = 0;  // of all ranks
  bool control = true;             // also train on random labels (selectivity)
  std::uint64_t rng_seed = 0;
  int threads = 1;  // that fit() may use
};

/// What a probe found, alike on every rank. Arrays by hypothesis unless said otherwise; NaN: undefined.
struct ProbeScores {
  std::vector<double> coefficient;  // (U, H) of standardised units; 0 is exact under l1
  std::vector<double> intercept, score, accuracy, majority, control, selectivity;
  std::vector<double> gradient_norm;    // largest |component| at the end
  std::vector<std::uint8_t> converged;  // reached its tolerance
  std::string score_name;               // "f1", "r2"
};

/// How far a probe is in fit().
struct FitStatus {
  int iteration = 0;
  std::int64_t columns = 0;  // that are worked on: hypotheses and controls
  double gradient_norm = 0;  // largest among them
};

/// What fit() asks while it works.
struct FitWatch {
  /// Whether to give up what is begun, since the run is to stop; any thread.
  std::function<bool()> give_up = [] { return false; };
  /// Between two iterations, when the probe may be saved. False: stop. Collective.
  std::function<bool(FitStatus const&)> go_on = [](FitStatus const&) { return true; };
};

/// The order of calls: training rows by add(), a step() after every global mini-batch; again for every pass of
/// passes(); then fit(); held-out rows by test(); scores().
class JointProbe {
 public:
  virtual ~JointProbe() = default;
  virtual std::string const& name() const = 0;
  virtual std::string description() const = 0;
  /// How often the training rows are to be given.
  virtual int passes() const { return 1; }
  /// Training rows of a block. Thread safe.
  virtual void add(Rows const& rows) = 0;
  /// Whether add(), or after fit() test(), can do with unit values that are elsewhere (Rows::there). Another answer may
  /// be given after step() and fit().
  virtual bool takes_tables() const { return false; }
  /// Ends a mini-batch. Collective.
  virtual void step(comm::Communicator const& comm) = 0;
  /// Ends training; false when it was stopped, to be called again. Collective.
  virtual bool fit(comm::Communicator const& comm, FitWatch const& watch = {}) = 0;
  /// Held-out rows of a block. Thread safe.
  virtual void test(Rows const& rows) = 0;
  /// Collective.
  virtual ProbeScores scores(comm::Communicator const& comm) = 0;

  /// Writes down where it is, between any two of these calls, under names that start with `name`. Collective.
  virtual void save(StateWriter& state, std::string const& name) const = 0;
  /// Takes up from there, in place of all calls so far. Not collective.
  virtual void load(StateReader const& state, std::string const& name, comm::Communicator const& comm) = 0;
};

/// Makes a probe from "logistic:penalty=l2,lambda=1e-3" or "ridge:lambda=1". Throws InputError.
std::unique_ptr<JointProbe> make_probe(std::string const& text, ProbeContext const& context);
/// Whether `text` names a probe, and not an independent measure.
bool is_probe(std::string const& text);
std::vector<std::string> probe_usage();

}  // namespace sonde::inspect
