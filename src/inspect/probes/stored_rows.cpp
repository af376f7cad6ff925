#include "inspect/probes/stored_rows.hpp"

#include "comm/partition.hpp"

namespace sonde::inspect {

void StoredRows::add(Rows const& rows) {
  unit.insert(unit.end(), rows.unit, rows.unit + rows.count * rows.units);
  label.insert(label.end(), rows.hypothesis, rows.hypothesis + rows.count * rows.hypotheses);
  key.insert(key.end(), rows.key, rows.key + rows.count);
  block.push_back(rows.count);
}

void StoredRows::save(StateWriter& state, std::string const& name, std::int64_t units, std::int64_t hypotheses) const {
  state.rows(name + "/block", block, 1);
  state.rows(name + "/unit", unit, units);
  state.rows(name + "/label", label, hypotheses);
  state.rows(name + "/key", key, 1);
}

void StoredRows::load(StateReader const& state, std::string const& name, std::int64_t units, std::int64_t hypotheses,
                      comm::Communicator const& comm) {
  std::int64_t const blocks = state.count(name + "/block", 1), total = state.count(name + "/key", 1);
  auto const sizes = state.rows<std::int64_t>(name + "/block", 0, blocks, 1);
  comm::Block const own = comm::block_of(blocks, comm.rank(), comm.size());
  std::int64_t before = 0, first = 0, count = 0;
  for (std::int64_t b = 0; b < blocks; ++b) {
    std::int64_t const size = sizes[static_cast<std::size_t>(b)];
    state.expect(size >= 0 && size <= total - before, name + "/block");
    if (b < own.first) first += size;
    if (b >= own.first && b < own.first + own.count) count += size;
    before += size;
  }
  state.expect(before == total, name + "/block");
  block.assign(sizes.begin() + own.first, sizes.begin() + own.first + own.count);
  unit = state.rows<float>(name + "/unit", first, count, units);
  label = state.rows<float>(name + "/label", first, count, hypotheses);
  key = state.rows<std::int64_t>(name + "/key", first, count, 1);
}

}  // namespace sonde::inspect
