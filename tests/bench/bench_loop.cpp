// What the ascent allocates while it runs: calls of the allocator, iteration by iteration, and buffers.
//
// bench_loop MODEL... --seeds DATA [--preprocess OPTIONS] [--constraint TEXT] [--mode published]
//            [--backend KIND] [--batches N]
#include <cerrno>
#include <cstdlib>

#include "bench/bench.hpp"
#include "comm/communicator.hpp"
#include "generate/ascent.hpp"
#include "generate/schedule.hpp"

namespace {
std::int64_t allocations = 0;
}

// The C library's own allocator, counted: operator new and the libraries end here too.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) noexcept { return ++allocations, __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) noexcept { return ++allocations, __libc_calloc(count, bytes); }
void* realloc(void* memory, std::size_t bytes) noexcept { return ++allocations, __libc_realloc(memory, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return ++allocations, __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  *memory = aligned_alloc(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}
}

namespace sonde::bench {
namespace {

struct Options {
  std::vector<std::string> models, preprocess;
  std::string seeds, constraint = "none", backend = "auto";
  generate::Mode mode = generate::Mode::valid;
  int batches = 8;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string const word = argv[i];
    if (!word.starts_with("--")) {
      options.models.push_back(word);
      continue;
    }
    std::string const value = ++i < argc ? argv[i] : "";
    if (word == "--seeds") options.seeds = value;
    if (word == "--preprocess") options.preprocess.push_back(value);
    if (word == "--constraint") options.constraint = value;
    if (word == "--backend") options.backend = value;
    if (word == "--mode" && value == "published") options.mode = generate::Mode::published;
    if (word == "--batches") options.batches = std::atoi(value.c_str());
  }
  return options;
}

/// Counts of one kind of allocation over the iterations of a run.
struct Iterations {
  std::int64_t quiet = 0, busy = 0;                          // iterations without and with a finding
  std::int64_t quiet_allocations = 0, busy_allocations = 0;  // allocations in them
};

void bench(Options const& options, comm::Communicator const& comm) {
  generate::Config config;
  config.mode = options.mode;
  config.constraint = options.constraint;
  if (config.mode == generate::Mode::published) {
    config.target = 0;
    config.repick = generate::Repick::seed;
  }
  generate::Networks networks;
  for (std::string const& path : options.models) {
    networks.push_back(std::make_shared<nn::Network const>(io::read_model(path)));
  }
  io::DataOptions data;
  data.preprocess = io::parse_preprocess(options.preprocess);
  generate::Setup const setup(config, networks, io::open_dataset(options.seeds, data, comm), data.preprocess.model,
                              backend::backend_maker(options.backend));
  generate::Schedule schedule(config, setup.seeds().size());
  generate::Ascent ascent(setup);
  generate::Outcome outcome;
  outcome.coverage = generate::empty_coverage(setup);
  Iterations counts;
  std::int64_t const buffers = buffer_allocations();
  int done = 0;
  for (generate::Round round = schedule.next(); !round.batches.empty() && done < options.batches;
       round = schedule.next()) {
    auto const candidates = generate::uncovered_units(setup, outcome.coverage);
    for (generate::MicroBatch const& batch : round.batches) {
      if (done++ == options.batches) break;
      std::int64_t last = -1;
      std::size_t last_findings = 0;
      generate::Ascent::EachPass const each_iteration = [&] {
        // The first iteration's count would hold the screening of the seeds as well.
        if (last >= 0) {
          bool const busy = outcome.findings.size() != last_findings;
          ++(busy ? counts.busy : counts.quiet);
          (busy ? counts.busy_allocations : counts.quiet_allocations) += allocations - last;
        }
        last_findings = outcome.findings.size();
        last = allocations;
        return true;
      };
      ascent.run(batch, candidates, each_iteration, outcome);
    }
  }
  print("iterations.without_finding", static_cast<double>(counts.quiet), "1");
  print("iterations.without_finding.allocations", static_cast<double>(counts.quiet_allocations), "1");
  print("iterations.with_finding", static_cast<double>(counts.busy), "1");
  print("iterations.with_finding.allocations", static_cast<double>(counts.busy_allocations), "1");
  print("buffers_allocated", static_cast<double>(buffer_allocations() - buffers), "1");
}

}  // namespace
}  // namespace sonde::bench

int main(int argc, char** argv) {
  sonde::bench::bench(sonde::bench::parse(argc, argv), sonde::comm::Communicator());
  return 0;
}
