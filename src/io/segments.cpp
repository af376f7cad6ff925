#include "io/segments.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>

#include "base/check.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "comm/mpi_session.hpp"
#include "io/h5_parallel.hpp"

namespace sonde::io {
namespace {

namespace fs = std::filesystem;

std::string part_folder(std::string const& out) { return out + ".part"; }
std::string spent_folder(std::string const& out) { return out + ".part.done"; }  // on its way to being removed

std::string segment_name(int number) {
  char name[32];
  std::snprintf(name, sizeof name, "%06d.h5", number);
  return name;
}

/// The number in "000012.h5"; 0 for other names.
int segment_number(std::string const& name) {
  bool const fits = name.size() == 9 && name.ends_with(".h5") &&
                    std::all_of(name.begin(), name.begin() + 6, [](char c) { return c >= '0' && c <= '9'; });
  return fits ? std::stoi(name) : 0;
}

/// Folder that holds `path`.
std::string folder_of(std::string const& path) {
  fs::path const parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// Runs `work` on rank 0; a failure ends the run, or is thrown when there is no other rank.
void on_root(comm::Communicator const& comm, std::function<void()> const& work) {
  try {
    if (comm.is_root()) work();
  } catch (std::exception const& error) {
    if (comm.native()) comm::abort_run(1, error.what());
    throw;
  }
  comm::barrier(comm);
}

void rename_file(std::string const& from, std::string const& to) {
  std::error_code failed;
  fs::rename(from, to, failed);
  if (failed)
    SONDE_FAIL_AS(Error, "file " << from << ": it cannot be renamed to " << to << " (" << failed.message()
                                 << "). Check the permissions of its folder.");
  sync_to_disk(folder_of(to));
}

/// Removes what a run that was killed may have left half done.
void remove_unfinished(std::string const& out) {
  std::error_code ignored;
  fs::remove(part_folder(out) + "/writing.tmp", ignored);
  fs::remove(out + ".tmp", ignored);
  fs::remove_all(spent_folder(out), ignored);
}

/// Makes the folder for segments; removes or keeps what an earlier run left. Returns the number of segments kept.
int prepare(std::string const& out, Existing existing) {
  std::string const folder = part_folder(out);
  std::optional<std::string> const newest = newest_segment(out);
  bool const resumes = existing == Existing::resume && newest;
  VALIDATE(!fs::is_directory(out), "file " << out << ": it is a folder (results are one file). Name a file.");
  VALIDATE(
      resumes || existing == Existing::overwrite || !fs::exists(out),
      "file "
          << out
          << ": it exists already (results are not overwritten unasked). Choose another --out, or give --overwrite.");
  VALIDATE(existing != Existing::refuse || !newest,
           "folder " << folder << ": it exists already (an earlier run was not finished). Give --resume to go on with "
                     << "it, or --overwrite to remove it.");
  remove_unfinished(out);
  std::error_code failed;
  if (!resumes) fs::remove_all(folder, failed);
  if (!failed) fs::create_directory(folder, failed);
  VALIDATE(!failed, "folder " << folder << ": it cannot be made (" << failed.message()
                              << "). Choose an --out in a folder that you may write to.");
  sync_to_disk(folder_of(folder));
  return resumes ? segment_number(fs::path(*newest).filename()) : 0;
}

/// Removes the segments once they are assembled. Renamed first: OUT.part is whole or not there.
void remove_segments(std::string const& out) {
  std::error_code ignored;  // OUT is complete: a folder that cannot be removed is no failure
  fs::rename(part_folder(out), spent_folder(out), ignored);
  fs::remove_all(spent_folder(out), ignored);
}

}  // namespace

std::vector<std::string> segment_paths(std::string const& out) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (auto const& entry : fs::directory_iterator(part_folder(out), failed)) {
    if (segment_number(entry.path().filename()) > 0) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::optional<std::string> newest_segment(std::string const& out) {
  std::vector<std::string> const paths = segment_paths(out);
  if (paths.empty()) return std::nullopt;
  return paths.back();
}

SegmentWriter::SegmentWriter(comm::Communicator const& comm, std::string const& out, Existing existing)
    : comm_(comm.duplicate()), out_(out), folder_(part_folder(out)) {
  comm::agree(comm_, [&] {
    if (comm_.is_root()) count_ = prepare(out_, existing);
  });
  comm::broadcast(comm_, std::span(&count_, 1));
}

SegmentWriter::~SegmentWriter() {
  std::error_code ignored;
  if (!comm_.is_root()) return;
  fs::remove(folder_ + "/writing.tmp", ignored);  // of a write that failed
  if (count_ == 0) fs::remove_all(folder_, ignored);
}

void SegmentWriter::write(std::vector<Table> const& tables, std::vector<Column> const& state) {
  std::scoped_lock const lock(h5_mutex());
  std::string const temporary = folder_ + "/writing.tmp";
  ParallelFile file(comm_, temporary);
  std::string names;
  for (Table const& table : tables) {
    for (Column const& column : table.columns) file.write(table.name + "/" + column.name, column);
    names += table.name + "\n";
  }
  for (Column column : state) {
    if (!comm_.is_root()) column.bytes.clear();
    file.write("state/" + column.name, column);
  }
  file.write_attribute("/", "schema", "sonde segment");
  file.write_attribute("/", "tables", names);
  file.close();

  ++count_;
  on_root(comm_, [&] { rename_file(temporary, folder_ + "/" + segment_name(count_)); });
}

void SegmentWriter::assemble(SortKeys const& keys, std::function<void(H5File&)> const& finish, std::size_t memory) {
  on_root(comm_, [&] {
    std::string const temporary = out_ + ".tmp";
    try {
      H5File target = H5File::create(temporary);
      assemble_tables(segment_paths(out_), target, keys, memory);
      finish(target);
      target.close();
      sync_to_disk(temporary);
      rename_file(temporary, out_);
    } catch (...) {
      std::error_code ignored;
      fs::remove(temporary, ignored);
      throw;
    }
    remove_segments(out_);
  });
}

}  // namespace sonde::io
