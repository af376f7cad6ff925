// HDF5 files that all ranks write together.
#pragma once

#include <string>

#include "comm/communicator.hpp"
#include "io/h5.hpp"
#include "io/table.hpp"

namespace sonde::io {

/// A file under collective construction. Every function is collective: each rank calls it with the same names, types
/// and extents, a rank without rows included. Once the file is open, a failure of any rank prints its message and ends
/// the run (in a run of one rank it throws Error): on a full disk the others would wait for that rank for ever.
class ParallelFile {
 public:
  /// Creates or replaces the file; the ranks share a null communicator's file alone.
  ParallelFile(comm::Communicator const& comm, std::string const& path);
  ~ParallelFile();
  ParallelFile(ParallelFile const&) = delete;
  ParallelFile& operator=(ParallelFile const&) = delete;

  /// Writes a data set of the rows of all ranks in rank order, with its units and description as attributes.
  void write(std::string const& name, Column const& column);
  void write_attribute(std::string const& object, std::string const& name, std::string_view text);
  void write_attribute(std::string const& object, std::string const& name, std::int64_t value);

  /// Makes a data set of `shape` to be filled by write_rows(), and takes its space on the disk.
  H5Dataset create_dataset(std::string const& name, ElementType type, Shape const& shape);
  /// Writes this rank's rows [first, first + count) of it; every rank calls, also one whose count is 0.
  void write_rows(H5Dataset& data, std::int64_t first, std::int64_t count, void const* rows);

  /// For small data that every rank writes alike.
  H5File& file() { return file_; }

  /// Flushes, closes, and returns when the file is on the disk.
  void close();

 private:
  comm::Communicator comm_;
  H5File file_;
};

/// Waits until a file, or the entries of a folder, are on the disk. Throws Error.
void sync_to_disk(std::string const& path);

}  // namespace sonde::io
