#include "io/result_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/check.hpp"
#include "io/h5_parallel.hpp"

namespace sonde::io {

void write_provenance(H5File& file, std::string const& schema, std::string const& backends,
                      Provenance const& provenance) {
  file.write_attribute("/", "schema", schema);
  file.write_attribute("/", "schema_version", 1);
  file.write_attribute("/", "sonde_version", provenance.version);
  file.write_attribute("/", "git", provenance.git);
  file.write_attribute("/", "backend", backends);
  file.write_attribute("/", "ranks", provenance.ranks);
  file.write_attribute("/", "threads", provenance.threads);
  file.write_attribute("/", "created", provenance.created);
  file.write_attribute("/", "complete", 1);
  file.write_text("/config", provenance.config);
  file.write_text("/command", provenance.command);
}

void write_data_facts(H5File& file, Dataset const& data) {
  std::string const group = "/data";
  file.create_group(group);
  file.write_attribute(group, "path", data.path());
  file.write_attribute(group, "sha256", data.sha256());
  file.write_attribute(group, "size", data.size());
  file.write_attribute(group, "sample_shape", to_string(data.sample_shape()));
  file.write_attribute(group, "type", name_of(data.domain().type));
  file.write_attribute(group, "range_known", data.domain().known ? 1 : 0);
  file.write_attribute(group, "lo", data.domain().lo);
  file.write_attribute(group, "hi", data.domain().hi);
}

std::string unfinished_name(std::string const& out) { return out + ".tmp"; }

void finish_file(std::string const& out) {
  std::string const unfinished = unfinished_name(out);
  sync_to_disk(unfinished);
  if (std::rename(unfinished.c_str(), out.c_str()) != 0) {
    SONDE_FAIL_AS(Error, "file " << unfinished << ": it cannot be renamed to " << out << " (" << std::strerror(errno)
                                 << "). The results are complete in it: rename it yourself.");
  }
  auto const folder = std::filesystem::path(out).parent_path();
  sync_to_disk(folder.empty() ? "." : folder.string());
}

}  // namespace sonde::io
