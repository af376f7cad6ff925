// What the passes of a run share.
#pragma once

#include <functional>
#include <numeric>
#include <vector>

#include "inspect/block_reader.hpp"
#include "inspect/block_rounds.hpp"
#include "inspect/run.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

struct PassContext {
  Config const& config;
  comm::Communicator const& comm;
  ScanOrder const& order;
  std::int64_t hypotheses, total_rows;
  BlockReader& reader;
  BlockRounds& rounds;
  RunControl& control;
  Status& status;
  /// So many blocks more have been read.
  std::function<void(std::int64_t)> tell;
  /// Between two rounds: writes a checkpoint, with what the argument adds to it, when one is due. False: the run is to
  /// stop. Collective.
  std::function<bool(std::function<void(StateWriter&)> const&)> go_on;
};

/// Where a pass is inside of a turn, in a checkpoint.
enum Stage : std::int64_t { stage_begin, stage_order, stage_count };

/// Which blocks a pass has read: those before `position` but those left.
struct Reading {
  std::int64_t position = 0;
  std::vector<std::int64_t> left;  // ascending

  void go_to(std::int64_t next) {
    left.resize(static_cast<std::size_t>(next - position));
    std::iota(left.begin(), left.end(), position);
    position = next;
  }
  void save(StateWriter& state) const {
    state.number("position", position);
    state.whole("left", left);
  }
  void load(StateReader const& state, std::int64_t blocks) {
    position = state.number<std::int64_t>("position", 0, blocks);
    left = state.whole<std::int64_t>("left");
    for (std::size_t i = 0; i < left.size(); ++i)
      state.expect(left[i] >= 0 && left[i] < position && (i == 0 || left[i] > left[i - 1]), "left");
  }
};

}  // namespace sonde::inspect
