#include "inspect/run.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "inspect/block_reader.hpp"

namespace sonde::inspect {

Inspection::Inspection(Config const& config, UnitSource& units, HypothesisSet const& hypotheses, DataFacts const& facts,
                       comm::Communicator const& comm)
    : config_(config),
      units_(units),
      hypotheses_(hypotheses),
      facts_(facts),
      comm_(comm),
      order_(units.records(), config.order) {
  for (std::string const& text : config_.measures) (is_probe(text) ? probes_ : measures_).push_back(text);
  count_rows();
  choose_tile();
}

/// Padded symbols are no rows.
void Inspection::count_rows() {
  std::array<std::int64_t, 2> counts{0, 0};  // training, held out
  comm::Block const share = comm::block_of(order_.blocks(), comm_.rank(), comm_.size());
  std::vector<std::uint8_t> weights(static_cast<std::size_t>(facts_.symbols), 1);
  for (std::int64_t block = share.first; block < share.first + share.count; ++block) {
    std::int64_t& count = counts[block < order_.training_blocks() ? 0 : 1];
    for (std::int64_t record : order_.block(block)) {
      if (facts_.text) facts_.text->weights(record, weights.data());
      count += std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    }
  }
  comm::allreduce(comm_, comm::Reduction::sum, std::span<std::int64_t>(counts));
  training_rows_ = counts[0];
  total_rows_ = counts[0] + counts[1];
}

MeasureContext Inspection::context(std::int64_t columns) const {
  return {static_cast<std::int64_t>(units_.units().size()), columns, hypotheses_.partial(), total_rows_};
}

std::size_t Inspection::sums_bytes(std::int64_t columns) const {
  auto const units = units_.units().size();
  std::vector<float> const zeros(units + static_cast<std::size_t>(columns));
  MeasureSet const measures(measures_, context(columns));
  std::shared_ptr<Order> order;
  Rows const none{0, static_cast<std::int64_t>(units), columns, zeros.data(), zeros.data() + units, nullptr, nullptr};
  if (measures.needs_order()) {
    order = measures.make_order(none, 0);
    order->finish();
  }
  Pilot const pilot{std::vector<double>(units), std::vector<double>(static_cast<std::size_t>(columns))};
  Statistics statistics = measures.make_statistics(pilot, order);
  std::size_t bytes = 0;
  for (Sums const& sums : statistics.sums()) bytes += sums.values.size_bytes();
  return bytes * (static_cast<std::size_t>(config_.threads) + 1);  // workers, and what they are reduced into
}

std::size_t Inspection::block_bytes() const {
  return BlockReader::bytes(units_, hypotheses_, facts_, config_.order.block, config_.threads);
}

/// As many hypotheses at a time as the memory holds sums of.
void Inspection::choose_tile() {
  VALIDATE(block_bytes() < config_.memory,
           "--memory: one block of " << config_.order.block << " record(s) takes "
                                     << static_cast<double>(block_bytes()) / 1e9 << " GB in " << config_.threads
                                     << " worker(s) but " << static_cast<double>(config_.memory) / 1e9
                                     << " GB are allowed. Raise --memory, or lower --block or --threads.");
  std::size_t const room = config_.memory - block_bytes();
  tile_columns_ = hypotheses_.size();
  while (!measures_.empty() && tile_columns_ > 1 && sums_bytes(tile_columns_) > room) {
    tile_columns_ = (tile_columns_ + 1) / 2;
  }
  std::size_t const needed = measures_.empty() ? 0 : sums_bytes(tile_columns_);
  VALIDATE(needed <= room, "--memory: the sums of one hypothesis take "
                               << static_cast<double>(needed) / 1e9 << " GB beside "
                               << static_cast<double>(block_bytes()) / 1e9 << " GB for a block but "
                               << static_cast<double>(config_.memory) / 1e9
                               << " GB are allowed. Raise --memory, or name fewer units.");
}

bool Inspection::order_pass() const {
  return !measures_.empty() && MeasureSet(measures_, context(hypotheses_.size())).needs_order();
}

std::size_t Inspection::bytes() const { return block_bytes() + (measures_.empty() ? 0 : sums_bytes(tile_columns_)); }

}  // namespace sonde::inspect
