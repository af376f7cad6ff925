// Results that survive a crash: immutable segment files in OUT.part/, assembled into OUT at the end.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "io/h5.hpp"
#include "io/table.hpp"

namespace sonde::io {

/// What to do with an OUT, or an OUT.part of an earlier run, that is there already. `resume` keeps the segments; an OUT
/// beside them is an older one, that is to be replaced.
enum class Existing { refuse, overwrite, resume };

/// By which columns of a table its rows are put in order, first one first; all of integer type. A table that is not
/// named keeps the order of segments and ranks.
using SortKeys = std::map<std::string, std::vector<std::string>>;

/// Writes OUT.part/000001.h5, 000002.h5, ... and assembles them. All members are collective.
///
/// A segment is written under another name, closed, brought to the disk and renamed: one that has its name is whole.
/// A failure once a segment is begun ends the run with a message (one rank: throws Error).
class SegmentWriter {
 public:
  /// Set-up: every rank throws the same InputError when OUT exists (unless it is to be replaced), when an earlier run
  /// left segments in OUT.part (Existing::refuse), or when its folder cannot be written. Removes temporary files of a
  /// run that was killed.
  SegmentWriter(comm::Communicator const& comm, std::string const& out, Existing existing);
  /// Removes OUT.part when no segment was written.
  ~SegmentWriter();
  SegmentWriter(SegmentWriter const&) = delete;
  SegmentWriter& operator=(SegmentWriter const&) = delete;

  /// Writes this rank's rows of each table, and `state`, whose columns are taken from rank 0 and lie under /state. The
  /// tables of one name have the same columns in every segment and on every rank.
  void write(std::vector<Table> const& tables, std::vector<Column> const& state = {});

  /// Number of the newest segment; 0 when there is none.
  int count() const { return count_; }

  /// Puts the rows of all segments in order into OUT.tmp, lets rank 0 add to it with `finish`, renames it to OUT and
  /// removes OUT.part, at once. Holds at most about `memory` bytes of a column at a time, and the keys of one table.
  /// Returns on every rank when OUT is complete.
  void assemble(SortKeys const& keys, std::function<void(H5File&)> const& finish, std::size_t memory = 64u << 20);

 private:
  comm::Communicator comm_;
  std::string out_;
  std::string folder_;  // OUT.part
  int count_ = 0;
};

/// Path of the newest segment of OUT.part; none when there is none. Not collective.
std::optional<std::string> newest_segment(std::string const& out);

/// Paths of all segments of OUT.part in the order written.
std::vector<std::string> segment_paths(std::string const& out);

/// The assembly behind SegmentWriter::assemble, by this process alone, without renaming: writes all tables of
/// `segments` into `target`.
void assemble_tables(std::vector<std::string> const& segments, H5File& target, SortKeys const& keys,
                     std::size_t memory);

}  // namespace sonde::io
