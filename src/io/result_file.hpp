// What all result files have alike: facts about the run, described columns.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/datasets/dataset.hpp"
#include "io/h5.hpp"

namespace sonde::io {

/// What a result says about the run that made it.
struct Provenance {
  std::string config, command;  // effective options that decide the result; the command line
  std::string version, git;
  std::string created;  // iso_time()
  int ranks = 1, threads = 1;
};

/// Root attributes, /config and /command. `schema` is "sonde-" and the subcommand.
void write_provenance(H5File& file, std::string const& schema, std::string const& backends,
                      Provenance const& provenance);

/// The group /data: path, sha256, size and the stored domain as attributes.
void write_data_facts(H5File& file, Dataset const& data);

/// A column with its attributes; `units` is "1" for none.
template <class T>
void write_column(H5File& file, std::string const& name, std::span<T const> values, std::string const& units,
                  std::string const& description) {
  file.write(name, values, {static_cast<std::int64_t>(values.size())});
  file.write_attribute(name, "units", units);
  file.write_attribute(name, "description", description);
}
template <class T>
void write_column(H5File& file, std::string const& name, std::vector<T> const& values, std::string const& units,
                  std::string const& description) {
  write_column<T>(file, name, std::span<T const>(values), units, description);
}

/// The name a result has until it is whole: OUT.tmp.
std::string unfinished_name(std::string const& out);
/// Brings OUT.tmp to the disk and renames it to OUT. Throws Error.
void finish_file(std::string const& out);

}  // namespace sonde::io
