#include "app/generate_dry_run.hpp"

#include <iostream>

#include "app/progress.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "generate/schedule.hpp"

namespace sonde::app {
namespace {

std::string gigabytes(double bytes) {
  std::ostringstream text;
  text.precision(3);
  text << bytes / 1e9 << " GB";
  return text.str();
}

double bytes_of_finding(generate::Domain const& domain) {
  return static_cast<double>(domain.features()) *
             static_cast<double>(io::size_of(domain.stored_type()) + io::size_of(domain.seed_type())) +
         128;
}

}  // namespace

void predict_generate(generate::Setup const& setup, comm::Communicator const& comm, int threads,
                      std::string const& resumed_from, std::int64_t seeds_done) {
  Timer timer;
  generate::Ascent ascent(setup);
  generate::Schedule schedule(setup.config(), setup.seeds().size());
  generate::MicroBatch probe = schedule.next().batches.front();
  generate::Outcome outcome;
  outcome.coverage = generate::empty_coverage(setup);
  double const planning = timer.seconds();
  timer.restart();
  comm::agree(comm, [&] {
    ascent.run(
        probe, generate::uncovered_units(setup, outcome.coverage), [] { return true; }, outcome);
  });
  double const per_seed = timer.seconds() / static_cast<double>(probe.seeds.size());
  if (!comm.is_root()) return;
  auto const total = static_cast<double>(schedule.total());
  auto const left = static_cast<double>(schedule.total() - seeds_done);
  double const workers = static_cast<double>(comm.size()) * threads;
  double const share = static_cast<double>(outcome.findings.size()) / static_cast<double>(probe.seeds.size());
  std::cout << "models\n";
  for (auto const& network : setup.networks()) {
    std::cout << "  " << network->file().path << ": input " << network->shown_input_shape() << ", "
              << network->outputs() << " " << nn::to_string(network->task()) << " output(s), " << network->units()
              << " neurons\n";
  }
  std::cout << "seeds    " << setup.seeds().path() << ": " << setup.seeds().size() << " of "
            << to_string(setup.seeds().sample_shape()) << ", " << schedule.total() << " to be worked on\n";
  if (!resumed_from.empty())
    std::cout << "resume   from " << resumed_from << ", which holds " << seeds_done << " of them\n";
  std::cout << "step     " << setup.step() << " of the stored range\n"
            << "memory   " << gigabytes(static_cast<double>(ascent.bytes()) * threads)
            << " of activations in each rank (" << threads << " worker(s))\n"
            << "disk     about " << gigabytes(2 * share * total * bytes_of_finding(setup.domain()))
            << " while running, half of it at the end\n"
            << "time     about " << duration_text(planning + per_seed * left / workers) << " on " << workers
            << " worker(s), by one micro-batch of " << probe.seeds.size() << " seeds\n";
}

}  // namespace sonde::app
