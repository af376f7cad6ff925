#include "io/h5_parallel.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "comm/mpi_session.hpp"
#include "comm/native.hpp"
#include "io/h5_native.hpp"

namespace sonde::io {
namespace {

using h5::check_write;

/// Creates the file, and opens it on every rank by itself: MPI-IO waits for ever when only some of them can.
void check_reach(comm::Communicator const& comm, std::string const& path) {
  auto const try_to_open = [&](int flags) {
    int const file = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (file < 0) {
      std::string const message = "file " + path + " cannot be created (" + std::strerror(errno) +
                                  "). Check that its folder is there, and is the same for every rank.";
      comm::abort_run(1, message.c_str());
    }
    ::close(file);
  };
  if (comm.is_root()) try_to_open(O_RDWR | O_CREAT | O_TRUNC);
  comm::barrier(comm);
  try_to_open(O_RDWR);
}

H5File create(comm::Communicator const& comm, std::string const& path) {
  if (!comm.native()) return H5File::create(path);
  check_reach(comm, path);
  h5::initialise();
  h5::AbortScope const abort(true);
  std::string const subject = "file " + path;
  H5Handle const access(check_write(H5Pcreate(H5P_FILE_ACCESS), subject, "cannot be created"), &H5Pclose);
  check_write(H5Pset_fapl_mpio(access.get(), comm::native(comm), MPI_INFO_NULL), subject, "cannot be created");
  check_write(H5Pset_all_coll_metadata_ops(access.get(), true), subject, "cannot be created");
  check_write(H5Pset_coll_metadata_write(access.get(), true), subject, "cannot be created");
  H5Handle handle(
      check_write(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), subject, "cannot be created"),
      &H5Fclose);
  return H5File(std::move(handle), path, false);
}

/// Takes the space of a part of a file before ranks write to it. On a full disk MPI-IO may report a collective write as
/// done, and does not say why it failed; this call says both, on file systems that have it.
void take_space(std::string const& subject, std::string const& path, hsize_t start, hsize_t size) {
  int const file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  int const status = ::fallocate(file, 0, static_cast<off_t>(start), static_cast<off_t>(size));
  int const reason = errno;
  ::close(file);
  if (status != 0 && (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)) {
    std::string const message =
        subject + " cannot be written (" + std::strerror(reason) + "). Free space, or choose an --out elsewhere.";
    comm::abort_run(1, message.c_str());
  }
}

void take_space(H5Dataset const& data, std::string const& path) {
  haddr_t const start = H5Dget_offset(data.id());
  if (start != HADDR_UNDEF) take_space(data.subject(), path, start, H5Dget_storage_size(data.id()));
}

/// Rows [first, first + count) of this rank, in one collective call.
void write_rows_together(H5Dataset const& data, std::int64_t first, std::int64_t count, void const* rows) {
  std::string const& subject = data.subject();
  char const* const problem = "cannot be written";
  H5Handle const type(check_write(H5Dget_type(data.id()), subject, problem), &H5Tclose);
  H5Handle const space(check_write(H5Dget_space(data.id()), subject, problem), &H5Sclose);
  auto const elements = static_cast<hsize_t>(count * data.row_elements());
  H5Handle const memory(check_write(H5Screate_simple(1, &elements, nullptr), subject, problem), &H5Sclose);
  if (count == 0) {
    check_write(H5Sselect_none(space.get()), subject, problem);
    check_write(H5Sselect_none(memory.get()), subject, problem);
  } else {
    std::vector<hsize_t> start(data.shape().size(), 0);
    std::vector<hsize_t> extent(data.shape().begin(), data.shape().end());
    start[0] = static_cast<hsize_t>(first);
    extent[0] = static_cast<hsize_t>(count);
    check_write(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr),
                subject, problem);
  }
  H5Handle const transfer(check_write(H5Pcreate(H5P_DATASET_XFER), subject, problem), &H5Pclose);
  check_write(H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_COLLECTIVE), subject, problem);
  check_write(H5Dwrite(data.id(), type.get(), memory.get(), space.get(), transfer.get(), rows), subject, problem);
}

/// Texts may be of different width on each rank: widened with zeros to `width`.
std::vector<std::byte> widened(Column const& column, std::int64_t width) {
  auto const old_width = static_cast<std::size_t>(column.width);
  auto const new_width = static_cast<std::size_t>(width);
  if (old_width == new_width || old_width == 0) return column.bytes;
  std::vector<std::byte> bytes(column.bytes.size() / old_width * new_width);
  for (std::size_t i = 0; i * old_width < column.bytes.size(); ++i) {
    std::memcpy(&bytes[i * new_width], &column.bytes[i * old_width], old_width);
  }
  return bytes;
}

}  // namespace

ParallelFile::ParallelFile(comm::Communicator const& comm, std::string const& path)
    : comm_(comm), file_(create(comm, path)) {}

ParallelFile::~ParallelFile() {
  // Closing is collective: the other ranks may not come here while this one unwinds. The identifier is left to the end
  // of the process, which is near.
  if (comm_.native() && std::uncaught_exceptions() > 0) file_.abandon();
}

void ParallelFile::write(std::string const& name, Column const& column) {
  h5::AbortScope const abort(comm_.native() != nullptr);
  std::int64_t width = column.width;
  std::vector<std::byte> texts;
  std::span<std::byte const> bytes = column.bytes;
  if (column.type == ElementType::text) {
    width = comm::allreduce<std::int64_t>(comm_, comm::Reduction::max, std::max<std::int64_t>(1, width));
    texts = widened(column, width);
    bytes = texts;
  }
  std::int64_t const count = column.rows();
  std::int64_t const first = comm::sum_of_lower_ranks(comm_, count);
  std::int64_t const total = comm::allreduce(comm_, comm::Reduction::sum, count);

  Shape shape = {total};
  shape.insert(shape.end(), column.extents.begin(), column.extents.end());
  H5Dataset data = file_.create_dataset(name, column.type, shape, width);
  if (total > 0 && comm_.native()) {
    if (comm_.is_root()) take_space(data, file_.path());
    write_rows_together(data, first, count, bytes.data());
  } else if (column.type == ElementType::text) {
    data.write_text_rows(0, total, reinterpret_cast<char const*>(bytes.data()));
  } else {
    data.write_rows(0, total, column.type, bytes.data());
  }
  file_.write_attribute(name, "units", column.units);
  file_.write_attribute(name, "description", column.description);
}

H5Dataset ParallelFile::create_dataset(std::string const& name, ElementType type, Shape const& shape) {
  h5::AbortScope const abort(comm_.native() != nullptr);
  H5Dataset data = file_.create_dataset(name, type, shape);
  if (comm_.native() && comm_.is_root()) take_space(data, file_.path());
  return data;
}

void ParallelFile::write_rows(H5Dataset& data, std::int64_t first, std::int64_t count, void const* rows) {
  h5::AbortScope const abort(comm_.native() != nullptr);
  if (comm_.native()) return write_rows_together(data, first, count, rows);
  data.write_rows(first, count, data.type(), rows);
}

void ParallelFile::write_attribute(std::string const& object, std::string const& name, std::string_view text) {
  h5::AbortScope const abort(comm_.native() != nullptr);
  file_.write_attribute(object, name, text);
}

void ParallelFile::write_attribute(std::string const& object, std::string const& name, std::int64_t value) {
  h5::AbortScope const abort(comm_.native() != nullptr);
  file_.write_attribute(object, name, value);
}

void ParallelFile::close() {
  h5::AbortScope const abort(comm_.native() != nullptr);
  file_.flush();
  file_.close();
  try {
    if (comm_.is_root()) {
      // Names, shapes and attributes too can be lost without a word: what is missing is a hole, which is filled here.
      if (comm_.native()) take_space("file " + file_.path(), file_.path(), 0, std::filesystem::file_size(file_.path()));
      sync_to_disk(file_.path());
    }
  } catch (std::exception const& error) {
    if (comm_.native()) comm::abort_run(1, error.what());
    throw;
  }
  comm::barrier(comm_);
}

void sync_to_disk(std::string const& path) {
  int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  int const status = file < 0 ? -1 : ::fsync(file);
  int const reason = errno;
  if (file >= 0) ::close(file);
  // Some file systems cannot do it for folders and say so with EINVAL.
  if (status != 0 && reason != EINVAL) {
    SONDE_FAIL_AS(Error, "file " << path << ": it cannot be brought to the disk (" << std::strerror(reason)
                                 << "). Check the free space and the permissions of its folder.");
  }
}

}  // namespace sonde::io
