#include "generate/crew.hpp"

#include <utility>

#include "backend/threads.hpp"

namespace sonde::generate {

struct Crew::Worker {
  std::unique_ptr<Ascent> ascent;
  Outcome outcome;
  Ledger ledger;
};

std::size_t bytes_of(Harvest const& harvest) {
  std::size_t total = harvest.seeds.size() * sizeof(SeedRecord);
  for (Finding const& finding : harvest.findings)
    total += sizeof(Finding) + (finding.input.size() + finding.seed.size()) * sizeof(float);
  return total;
}

void merge(CoverageState& state, CoverageState const& more) {
  for (std::size_t k = 0; k < state.size(); ++k) {
    for (std::size_t u = 0; u < state[k].size(); ++u) state[k][u] |= more[k][u];
  }
}

Crew::Crew(Setup const& setup, comm::WorkCounter& counter, comm::Alert& alert, int workers)
    : setup_(setup), counter_(counter), alert_(alert), credited_(empty_coverage(setup)) {
  for (int w = 0; w < workers; ++w) workers_.push_back(std::make_unique<Worker>());
}

Crew::~Crew() { stop(); }  // the threads are joined first of all members

void Crew::start(Round const& round, std::vector<std::int64_t> const& unfinished, Candidates const& candidates,
                 CoverageState const& known) {
  threads_.clear();  // those of the last round have ended
  credited_ = known;
  newest_item_ = 0;
  running_ = static_cast<int>(workers_.size());
  for (auto& worker : workers_) {
    worker->outcome = Outcome{};
    worker->outcome.coverage = known;
    worker->ledger.clear();
    threads_.emplace_back([this, &worker = *worker, &round, &unfinished, &candidates] {
      try {
        backend::use_one_thread();
        make_ascent(worker);
        work(worker, round, unfinished, candidates);
      } catch (...) {
        std::scoped_lock const lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        failed_ = true;
      }
      std::scoped_lock const lock(mutex_);
      --running_;
      ended_.notify_all();
    });
  }
}

/// Done by the worker's own thread: the buffers of large models take their time, and the main thread has to answer.
void Crew::make_ascent(Worker& worker) {
  if (worker.ascent) return;
  std::scoped_lock const lock(making_);
  if (!stopping_) worker.ascent = std::make_unique<Ascent>(setup_);
}

void Crew::work(Worker& worker, Round const& round, std::vector<std::int64_t> const& unfinished,
                Candidates const& candidates) {
  if (!worker.ascent) return;  // stopped before it was made
  auto const feed = [&]() -> MicroBatch const* {
    if (stopping_) return nullptr;
    std::int64_t const item = counter_.next();
    if (item >= static_cast<std::int64_t>(unfinished.size())) return nullptr;
    newest_item_ = item;
    std::int64_t const number = unfinished[static_cast<std::size_t>(item)];
    MicroBatch const& batch = round.batches[static_cast<std::size_t>(number)];
    worker.ledger.hold(number, batch);
    return &batch;
  };
  auto const each_pass = [&] {
    alert_.poke();
    hand_in(worker);
    return !stopping_;
  };
  if (worker.ascent->run(feed, candidates, each_pass, worker.outcome)) hand_in(worker);
}

/// Puts what the worker has finished where take() finds it. What is covered goes with the first rows that show it, or
/// before.
void Crew::hand_in(Worker& worker) {
  Harvest finished = worker.ledger.collect(worker.outcome, worker.ascent->settled(worker.outcome));
  if (finished.empty()) return;
  std::size_t const bytes = bytes_of(finished);
  std::scoped_lock const lock(mutex_);
  harvest_.add(std::move(finished));
  merge(credited_, worker.outcome.coverage);
  backlog_ += bytes;
}

bool Crew::wait(std::chrono::duration<double> longest) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, longest, [this] { return running_ == 0; });
}

void Crew::check() {
  std::scoped_lock const lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

Harvest Crew::take(CoverageState& credited) {
  std::scoped_lock const lock(mutex_);
  merge(credited, credited_);
  backlog_ = 0;
  return std::exchange(harvest_, Harvest{});
}

}  // namespace sonde::generate
