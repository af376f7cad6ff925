#include "generate/run.hpp"

#include <atomic>
#include <exception>
#include <numeric>
#include <thread>

#include "backend/threads.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "comm/work_counter.hpp"

namespace sonde::generate {
namespace {

/// Totals as numbers to be summed over ranks.
std::array<std::int64_t, 6> counts_of(Outcome const& outcome) {
  std::array<std::int64_t, 6> counts{};
  for (SeedRecord const& seed : outcome.seeds) {
    ++counts[0];
    ++counts[1 + static_cast<std::size_t>(seed.status)];
  }
  for (Finding const& finding : outcome.findings) counts[4] += finding.kind == Kind::generated && finding.valid;
  counts[5] = outcome.sample_iterations;
  return counts;
}

void add_counts(std::array<std::int64_t, 6> const& counts, Totals& totals) {
  totals.seeds += counts[0];
  totals.already_differed += counts[1];
  totals.generated += counts[2];
  totals.exhausted += counts[3];
  totals.valid += counts[4];
  totals.sample_iterations += counts[5];
}

/// One thread with its ascent and what it has produced in this round.
struct Worker {
  explicit Worker(Setup const& setup) : ascent(setup) {}
  Ascent ascent;
  Outcome outcome;
  std::exception_ptr failure;
};

class Job {
 public:
  Job(Setup const& setup, comm::Communicator const& comm, int threads, RunEvents const& events)
      : setup_(setup), comm_(comm), events_(events), counter_(comm), coverage_(empty_coverage(setup)) {
    for (int t = 0; t < threads; ++t) workers_.push_back(std::make_unique<Worker>(setup));
  }

  RunResult run() {
    Schedule schedule(setup_.config(), setup_.seeds().size());
    RunResult result;
    for (Round round = schedule.next(); !round.batches.empty(); round = schedule.next()) {
      work(round);
      result.history.push_back(merge(round));
      if (reached(result.history.back())) {
        result.coverage_reached = true;
        break;
      }
    }
    result.coverage = std::move(coverage_);
    for (auto const& worker : workers_) result.buffer_bytes += worker->ascent.bytes();
    return result;
  }

 private:
  /// All workers take micro-batches until none is left.
  void work(Round const& round) {
    Candidates const candidates = uncovered_units(setup_, coverage_);
    std::int64_t const done_before = totals_.seeds;
    auto const loop = [&](Worker& worker, bool reports) {
      try {
        backend::use_one_thread();
        worker.outcome.coverage = coverage_;  // what is known need not be shown again
        std::int64_t item = 0;
        auto const feed = [&]() -> MicroBatch const* {
          item = counter_.next();
          bool const any = item < static_cast<std::int64_t>(round.batches.size());
          return any ? &round.batches[static_cast<std::size_t>(item)] : nullptr;
        };
        auto const each_pass = [&] {
          counter_.poke();
          if (reports && events_.progress) events_.progress(done_before + item * setup_.config().batch);
          return true;
        };
        worker.ascent.run(feed, candidates, each_pass, worker.outcome);
      } catch (...) {
        worker.failure = std::current_exception();
        // The rest of the round is of no use: taken away, so that the others end at once.
        while (counter_.next() < static_cast<std::int64_t>(round.batches.size())) {
        }
      }
    };
    std::vector<std::jthread> threads;
    for (std::size_t t = 1; t < workers_.size(); ++t) threads.emplace_back(loop, std::ref(*workers_[t]), false);
    loop(*workers_[0], comm_.is_root());
    threads.clear();  // joins
    comm::agree(comm_, [&] {
      for (auto const& worker : workers_) {
        if (worker->failure) std::rethrow_exception(worker->failure);
      }
    });
    counter_.reset();
  }

  /// Brings coverage and counts of all ranks together.
  RoundReport merge(Round const& round) {
    Outcome all;
    for (auto const& worker : workers_) {
      Outcome& part = worker->outcome;
      for (std::size_t k = 0; k < coverage_.size(); ++k) {
        for (std::size_t u = 0; u < coverage_[k].size(); ++u) coverage_[k][u] |= part.coverage[k][u];
      }
      std::ranges::move(part.findings, std::back_inserter(all.findings));
      all.seeds.insert(all.seeds.end(), part.seeds.begin(), part.seeds.end());
      all.sample_iterations += part.sample_iterations;
      part = Outcome{};
    }
    RoundReport report{round.pass, round.number, {}, {}};
    for (auto& state : coverage_) {
      comm::allreduce(comm_, comm::Reduction::max, std::span<std::uint8_t>(state));
      report.covered.push_back(std::accumulate(state.begin(), state.end(), std::int64_t{0}));
    }
    auto counts = counts_of(all);
    comm::allreduce(comm_, comm::Reduction::sum, std::span<std::int64_t>(counts));
    add_counts(counts, totals_);
    report.totals = totals_;
    if (events_.round_done) events_.round_done(all, report);
    return report;
  }

  bool reached(RoundReport const& report) const {
    double const share = setup_.config().until_coverage;
    auto const covered = std::accumulate(report.covered.begin(), report.covered.end(), std::int64_t{0});
    return share > 0 && static_cast<double>(covered) >= share * static_cast<double>(setup_.units());
  }

  Setup const& setup_;
  comm::Communicator const& comm_;
  RunEvents const& events_;
  comm::WorkCounter counter_;
  CoverageState coverage_;
  Totals totals_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

RunResult run(Setup const& setup, comm::Communicator const& comm, int threads, RunEvents const& events) {
  return Job(setup, comm, threads, events).run();
}

}  // namespace sonde::generate
