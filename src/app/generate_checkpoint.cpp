#include "app/generate_checkpoint.hpp"

#include "app/version.hpp"
#include "base/check.hpp"
#include "base/cpu_isa.hpp"
#include "base/log.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "io/provenance.hpp"

namespace sonde::app {
namespace {

constexpr char const* kind = "sonde generate 1";  // counts up when the state's form changes
constexpr std::string_view features = "features:";

double number_of(io::H5File const& file, std::string const& name) {
  auto const values = file.read<double>(name);
  VALIDATE(values.size() == 1, "file " << file.path() << ": " << name << " is not one number (it is damaged).");
  return values.front();
}

/// Rows of all segments must be as many as the newest says: one of them may have been lost.
void check_rows(std::string const& out, std::string const& newest, generate::RunState const& state) {
  std::int64_t rows = 0;
  for (std::string const& path : io::segment_paths(out)) rows += io::H5File::open(path).dataset("/seeds/index").rows();
  VALIDATE(rows == state.totals.seeds,
           "folder " << out << ".part: its files hold " << rows << " seeds, but " << newest << " counts "
                     << state.totals.seeds
                     << " (one was removed, or added). Put them back, or give --overwrite to start anew.");
}

/// The state in segment `path`. Throws InputError.
GenerateProgress read_progress(std::string const& path, generate::Setup const& setup, bool warn) {
  return read_or_explain(path, [&] {
    auto const segment = io::H5File::open(path);
    GenerateProgress progress{generate::read_state(segment, setup)};
    progress.seconds = number_of(segment, "/state/seconds");
    progress.startup_seconds = number_of(segment, "/state/startup_seconds");
    auto const isa = static_cast<CpuIsa>(number_of(segment, "/state/instruction_set"));
    if (warn && isa != usable_isa()) {
      SONDE_LOG(warning, "the run began on processors with " << to_string(isa) << " and goes on with "
                                                             << to_string(usable_isa())
                                                             << " (the last bits of findings may differ).");
    }
    return progress;
  });
}

}  // namespace

GenerateCheckpoint::GenerateCheckpoint(comm::Communicator const& comm, std::string const& out, io::Existing existing,
                                       RunIdentity identity)
    : comm_(comm),
      out_(out),
      identity_(std::move(identity)),
      segments_(comm, out, existing),
      path_(newest_segment_of_root(comm, out)) {}

GenerateProgress newest_checkpoint(comm::Communicator const& comm, std::string const& out, RunIdentity const& identity,
                                   generate::Setup const& setup) {
  GenerateProgress progress{generate::fresh_state(setup)};
  std::string const path = newest_segment_of_root(comm, out);
  if (path.empty()) return progress;
  comm::agree(comm, [&] {
    check_checkpoint(path, kind, identity);
    progress = read_progress(path, setup, comm.is_root());
    if (comm.is_root()) check_rows(out, path, progress.state);
  });
  return progress;
}

void GenerateCheckpoint::write(generate::Setup const& setup, generate::Harvest const& rows,
                               generate::RunState const& run, double seconds, double startup_seconds) {
  std::vector<io::Column> state = generate::state_columns(run);
  state.push_back(io::text_column("kind", "what wrote it, and in which form", kind));
  state.push_back(io::text_column("identity", "what must be the same to go on, one fact a line", identity_.text()));
  using Numbers = std::vector<double>;
  state.push_back(io::make_column("seconds", "s", "spent on rounds so far", Numbers{seconds}));
  state.push_back(io::make_column("startup_seconds", "s", "spent before rounds so far", Numbers{startup_seconds}));
  state.push_back(io::make_column("instruction_set", "1", "of the processors: 0 base, 1 AVX2, 2 AVX-512",
                                  std::vector<std::int64_t>{static_cast<std::int64_t>(usable_isa())}));
  segments_.write(generate::result_tables(setup, rows), state);
  path_ = newest_segment_of_root(comm_, out_);
}

RunIdentity generate_identity(std::string const& config, generate::Setup const& setup) {
  RunIdentity identity;
  identity.add("sonde version", version());
  identity.add_options(config);
  identity.add_models(setup.networks());
  for (std::size_t k = 0; k < setup.models(); ++k)
    identity.add("backend of model " + std::to_string(k), setup.backend(k)->name());
  identity.add_file("seeds", setup.seeds().sha256(), setup.seeds().path());
  std::string const& constraint = setup.config().constraint;
  if (constraint.starts_with(features)) {
    std::string const path = constraint.substr(features.size());
    identity.add_file("constraint", io::sha256_of_file(path), path);
  }
  return identity;
}

}  // namespace sonde::app
