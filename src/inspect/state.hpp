// The state of a run on its way into a checkpoint and out of it: named arrays that do not know the number of ranks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "comm/communicator.hpp"
#include "io/h5.hpp"
#include "io/table.hpp"

namespace sonde::inspect {

/// Collects what a segment is to hold (io::SegmentWriter::write). Every rank calls the same functions with the same
/// names; names may have parts, "probe0/weights".
class StateWriter {
 public:
  explicit StateWriter(comm::Communicator const& comm) : comm_(comm) {}

  comm::Communicator const& comm() const { return comm_; }

  /// Values that every rank has alike.
  template <class T>
  void whole(std::string const& name, std::span<T const> values) {
    state_.push_back(io::make_column<T>(name, "1", "", values));
  }
  template <class T>
  void whole(std::string const& name, std::vector<T> const& values) {
    whole(name, std::span<T const>(values));
  }
  template <class T>
  void number(std::string const& name, T value) {
    whole(name, std::span<T const>(&value, 1));
  }
  void text(std::string const& name, std::string const& text);

  /// The sum over the ranks of values, element by element. Collective.
  template <class T>
  void sum(std::string const& name, std::vector<T> values) {
    comm::allreduce(comm_, comm::Reduction::sum, std::span(values));
    whole(name, values);
  }

  /// The rows of all ranks in rank order, `width` elements each; any number on each rank.
  template <class T>
  void rows(std::string const& name, std::span<T const> values, std::int64_t width) {
    if (width > 0) tables_.push_back({name, {io::make_column<T>("rows", "1", "", values, {width})}});
  }
  template <class T>
  void rows(std::string const& name, std::vector<T> const& values, std::int64_t width) {
    rows(name, std::span<T const>(values), width);
  }

  std::vector<io::Table> const& tables() const { return tables_; }
  std::vector<io::Column> const& state() const { return state_; }

 private:
  comm::Communicator comm_;
  std::vector<io::Table> tables_;
  std::vector<io::Column> state_;
};

/// A checkpoint, read by each rank for itself. Untrusted: whatever does not have the size that is asked for throws
/// InputError.
class StateReader {
 public:
  explicit StateReader(std::string const& path) : file_(io::H5File::open(path)) {}

  std::string const& path() const { return file_.path(); }
  bool has_rows(std::string const& name) const { return file_.exists(name + "/rows"); }

  template <class T>
  std::vector<T> whole(std::string const& name) const {
    return file_.read<T>("state/" + name);
  }
  template <class T>
  std::vector<T> whole(std::string const& name, std::size_t size) const {
    io::H5Dataset const data = file_.dataset("state/" + name);
    expect(data.shape() == Shape{static_cast<std::int64_t>(size)}, name);
    return data.read<T>();
  }
  /// Of a number in [least, most].
  template <class T>
  T number(std::string const& name, T least, T most) const {
    T const value = whole<T>(name, 1).front();
    expect(value >= least && value <= most, name);
    return value;
  }
  bool flag(std::string const& name) const { return number<std::int64_t>(name, 0, 1) != 0; }

  std::string text(std::string const& name) const;

  /// Rows in the file; 0 of width 0.
  std::int64_t count(std::string const& name, std::int64_t width) const;
  template <class T>
  std::vector<T> rows(std::string const& name, std::int64_t first, std::int64_t count, std::int64_t width) const {
    if (width == 0) return {};
    expect(first >= 0 && count >= 0 && first + count <= this->count(name, width), name);
    std::vector<T> values(static_cast<std::size_t>(count * width));
    file_.dataset(name + "/rows").read_rows<T>(first, count, values);
    return values;
  }

  /// Throws InputError, naming `what`, unless `good`.
  void expect(bool good, std::string const& what) const;

 private:
  io::H5File file_;
};

}  // namespace sonde::inspect
