#include "generate/run_state.hpp"

#include <array>

#include "base/check.hpp"

namespace sonde::generate {
namespace {

constexpr std::size_t counts = 6, distances = 3;  // numbers in Totals

std::array<std::int64_t, counts> counts_of(Totals const& t) {
  return {t.seeds, t.already_differed, t.generated, t.exhausted, t.valid, t.sample_iterations};
}

void set_counts(std::int64_t const* values, Totals& t) {
  t.seeds = values[0];
  t.already_differed = values[1];
  t.generated = values[2];
  t.exhausted = values[3];
  t.valid = values[4];
  t.sample_iterations = values[5];
}

std::vector<std::uint8_t> flat(CoverageState const& state) {
  std::vector<std::uint8_t> bytes;
  for (auto const& model : state) bytes.insert(bytes.end(), model.begin(), model.end());
  return bytes;
}

/// A data set of /state that must have `size` elements; any when it is 0.
template <class T>
std::vector<T> read(io::H5File const& file, std::string const& name, std::size_t size) {
  auto const data = file.dataset("/state/" + name);
  auto const present = static_cast<std::size_t>(data.rows() * data.row_elements());
  VALIDATE(size == 0 || present == size, data.subject() << ": it has " << present << " elements, not " << size
                                                        << " (it belongs to another run, or is damaged).");
  return data.read<T>();
}

std::vector<std::uint8_t> read_flags(io::H5File const& file, std::string const& name, std::size_t size) {
  auto flags = read<std::uint8_t>(file, name, size);
  for (std::uint8_t const flag : flags)
    VALIDATE(flag <= 1, "file " << file.path() << ": /state/" << name << " holds " << int{flag}
                                << " where 0 or 1 belongs (it is damaged).");
  return flags;
}

CoverageState read_coverage(io::H5File const& file, std::string const& name, Setup const& setup) {
  auto const bytes = read_flags(file, name, static_cast<std::size_t>(setup.units()));
  CoverageState state = empty_coverage(setup);
  auto next = bytes.begin();
  for (auto& model : state) {
    std::copy_n(next, model.size(), model.begin());
    next += static_cast<std::ptrdiff_t>(model.size());
  }
  return state;
}

}  // namespace

void Totals::add(Harvest const& harvest) {
  for (SeedRecord const& seed : harvest.seeds) {
    ++seeds;
    already_differed += seed.status == Status::already_differed;
    generated += seed.status == Status::generated;
    exhausted += seed.status == Status::exhausted;
    sample_iterations += seed.iterations;
  }
  for (Finding const& finding : harvest.findings) {
    if (finding.kind != Kind::generated) continue;
    valid += finding.valid;
    l1 += finding.l1;
    l2 += finding.l2;
    linf += finding.linf;
  }
}

void Totals::add(Totals const& more) {
  auto sums = counts_of(*this);
  auto const extra = counts_of(more);
  for (std::size_t i = 0; i < counts; ++i) sums[i] += extra[i];
  set_counts(sums.data(), *this);
  l1 += more.l1;
  l2 += more.l2;
  linf += more.linf;
}

RunState fresh_state(Setup const& setup) {
  RunState state;
  state.coverage = state.credited = empty_coverage(setup);
  return state;
}

std::vector<io::Column> state_columns(RunState const& state) {
  std::vector<std::int64_t> history;
  for (RoundReport const& report : state.history) {
    history.insert(history.end(), {static_cast<std::int64_t>(report.pass), report.round});
    auto const values = counts_of(report.totals);
    history.insert(history.end(), values.begin(), values.end());
    history.insert(history.end(), report.covered.begin(), report.covered.end());
  }
  auto const totals = counts_of(state.totals);
  std::vector<double> const sums{state.totals.l1, state.totals.l2, state.totals.linf};
  auto const width = static_cast<std::int64_t>(2 + counts + state.coverage.size());
  using Integers = std::vector<std::int64_t>;
  return {
      io::make_column("round", "1", "round being worked on, from 0 over all passes", Integers{state.round}),
      io::make_column("finished", "1", "1 for each micro-batch of the round that is done; empty: none", state.finished),
      io::make_column("coverage", "1", "covered neurons of all models at the start of the round", flat(state.coverage)),
      io::make_column("credited", "1", "the same with what the round has covered so far", flat(state.credited)),
      io::make_column("history", "1", "per round: pass, round, totals, covered neurons per model", history, {width}),
      io::make_column<std::int64_t>(
          "totals", "1", "seeds, already differed, generated, exhausted, valid, sample iterations", std::span(totals)),
      io::make_column("distances", "stored range", "sums of l1, l2 and linf of generated findings", sums),
      io::make_column("complete", "1", "1: nothing is left to do but to assemble", Integers{state.complete}),
      io::make_column("coverage_reached", "1", "1: --until-coverage is reached", Integers{state.coverage_reached}),
  };
}

RunState read_state(io::H5File const& segment, Setup const& setup) {
  RunState state;
  state.round = read<std::int64_t>(segment, "round", 1)[0];
  state.finished = read_flags(segment, "finished", 0);
  state.coverage = read_coverage(segment, "coverage", setup);
  state.credited = read_coverage(segment, "credited", setup);
  state.complete = read<std::int64_t>(segment, "complete", 1)[0] != 0;
  state.coverage_reached = read<std::int64_t>(segment, "coverage_reached", 1)[0] != 0;
  auto const totals = read<std::int64_t>(segment, "totals", counts);
  set_counts(totals.data(), state.totals);
  auto const sums = read<double>(segment, "distances", distances);
  state.totals.l1 = sums[0];
  state.totals.l2 = sums[1];
  state.totals.linf = sums[2];

  std::size_t const width = 2 + counts + setup.models();
  auto const data = segment.dataset("/state/history");
  VALIDATE(data.shape().size() == 2 && data.shape()[1] == static_cast<std::int64_t>(width),
           data.subject() << ": its rows are not of " << width << " numbers (it is damaged).");
  auto const history = data.read<std::int64_t>();
  for (std::size_t at = 0; at < history.size(); at += width) {
    RoundReport& report = state.history.emplace_back();
    report.pass = static_cast<std::uint32_t>(history[at]);
    report.round = history[at + 1];
    set_counts(&history[at + 2], report.totals);
    report.covered.assign(&history[at + 2 + counts], &history[at] + width);
  }
  VALIDATE(state.round == static_cast<std::int64_t>(state.history.size()) && !(state.complete && state.round == 0),
           "file " << segment.path() << ": /state/round and /state/history do not fit each other (it is damaged).");
  return state;
}

}  // namespace sonde::generate
