#include "inspect/block_reader.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>

namespace sonde::inspect {

BlockReader::BlockReader(UnitSource& units, HypothesisSet const& hypotheses, DataFacts const& facts,
                         ScanOrder const& order, int threads, bool keys, std::function<bool()> give_up)
    : units_(units),
      hypotheses_(hypotheses),
      facts_(facts),
      order_(order),
      keys_(keys),
      give_up_(std::move(give_up)),
      buffers_(static_cast<std::size_t>(threads)) {}

std::size_t BlockReader::bytes(UnitSource const& units, HypothesisSet const& hypotheses, DataFacts const& facts,
                               std::int64_t records, int threads) {
  auto const columns = units.units().size() + static_cast<std::size_t>(hypotheses.size());
  return static_cast<std::size_t>(records * facts.symbols * threads) * columns * sizeof(float);
}

std::optional<Rows> BlockReader::read(int worker, std::int64_t block, std::vector<std::int64_t> const& wanted,
                                      bool there) {
  Buffers& buffers = buffers_[static_cast<std::size_t>(worker)];
  auto const records = order_.block(block);
  RecordBlock const some{records, facts_};
  auto const rows = static_cast<std::size_t>(some.rows());
  buffers.hypothesis.resize(rows * static_cast<std::size_t>(hypotheses_.size()));
  hypotheses_.evaluate(some, wanted, buffers.hypothesis.data());
  backend::UnitTable* const table = there ? units_.table(worker) : nullptr;
  if (table) {
    if (!units_.fill(worker, records, give_up_)) return std::nullopt;
  } else {
    buffers.unit.resize(rows * units_.units().size());
    if (!units_.read(worker, records, give_up_, buffers.unit.data())) return std::nullopt;
  }
  read_keys(records, buffers);
  find_kept(records, buffers);
  pack(wanted, table == nullptr, buffers);
  if (table && buffers.kept.size() < rows) table->keep(buffers.kept);
  return Rows{static_cast<std::int64_t>(buffers.kept.size()),
              static_cast<std::int64_t>(units_.units().size()),
              static_cast<std::int64_t>(wanted.size()),
              table ? nullptr : buffers.unit.data(),
              buffers.hypothesis.data(),
              buffers.key.data(),
              table};
}

/// A text's symbol stands for itself, whatever its place; other rows for their place in the data.
void BlockReader::read_keys(std::span<std::int64_t const> records, Buffers& buffers) const {
  buffers.key.assign(records.size() * static_cast<std::size_t>(facts_.symbols), 0);
  if (!keys_) return;
  std::int64_t* key = buffers.key.data();
  for (std::int64_t record : records) {
    if (!facts_.text) {
      std::iota(key, key + facts_.symbols, record * facts_.symbols);
    } else {
      io::RecordText const text = facts_.text->record(record);
      for (std::size_t s = 0; s < static_cast<std::size_t>(facts_.symbols); ++s) {
        std::string_view const symbol(text.text.data() + text.first[s], text.first[s + 1] - text.first[s]);
        key[s] = static_cast<std::int64_t>(std::hash<std::string_view>{}(symbol) >> 32);
      }
    }
    key += facts_.symbols;
  }
}

/// Padded symbols have weight 0.
void BlockReader::find_kept(std::span<std::int64_t const> records, Buffers& buffers) const {
  auto const rows = static_cast<std::int32_t>(records.size() * static_cast<std::size_t>(facts_.symbols));
  buffers.weight.assign(static_cast<std::size_t>(rows), 1);
  if (facts_.text) {
    std::uint8_t* weight = buffers.weight.data();
    for (std::int64_t record : records) {
      facts_.text->weights(record, weight);
      weight += facts_.symbols;
    }
  }
  buffers.kept.clear();
  for (std::int32_t row = 0; row < rows; ++row) {
    if (buffers.weight[static_cast<std::size_t>(row)] != 0) buffers.kept.push_back(row);
  }
}

void BlockReader::pack(std::vector<std::int64_t> const& wanted, bool units_here, Buffers& buffers) const {
  auto const units = static_cast<std::int64_t>(units_.units().size());
  std::int64_t const all = hypotheses_.size();
  auto const columns = static_cast<std::int64_t>(wanted.size());
  std::int64_t count = 0;
  for (std::int64_t const row : buffers.kept) {
    if (count != row) {
      if (units_here) std::copy_n(buffers.unit.data() + row * units, units, buffers.unit.data() + count * units);
      buffers.key[static_cast<std::size_t>(count)] = buffers.key[static_cast<std::size_t>(row)];
    }
    float const* const from = buffers.hypothesis.data() + row * all;
    float* const to = buffers.hypothesis.data() + count * columns;
    if (columns == all) {
      if (count != row) std::copy_n(from, all, to);
    } else {
      for (std::int64_t i = 0; i < columns; ++i) to[i] = from[wanted[static_cast<std::size_t>(i)]];
    }
    ++count;
  }
}

}  // namespace sonde::inspect
