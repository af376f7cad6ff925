// Tells the format of a data argument and opens it.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "comm/agree.hpp"
#include "io/datasets/array_layout.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/datasets/formats.hpp"

namespace sonde::io {

namespace {

struct Format {
  char const* name;
  bool (*matches)(DataSource const&);
  OpenFormat* open;
};

constexpr Format formats[] = {
    {"a folder of JPEG and PNG", is_image_folder, open_image_folder},
    {"FILE.h5:/DATASET", is_hdf5_source, open_hdf5},
    {"NPY", is_npy_source, open_npy},
    {"NPZ", is_npz_source, open_npz},
    {"CSV (.csv, .tsv)", is_csv_source, open_csv},
    {"IDX", is_idx_source, open_idx},
};

/// ".csv" for "A/Test.CSV.gz"
std::string suffix_of(std::filesystem::path path) {
  auto const lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  };
  if (lower(path.extension()) == ".gz") path = path.stem();
  return lower(path.extension());
}

DataSource look_at(std::string const& spec) {
  DataSource source;
  source.spec = source.path = spec;
  std::error_code ignored;
  if (!std::filesystem::exists(spec, ignored)) {
    // The part may hold ':' and the path may too: the longest path that exists counts.
    for (auto colon = spec.rfind(':'); colon != std::string::npos && colon > 0; colon = spec.rfind(':', colon - 1)) {
      if (!std::filesystem::exists(spec.substr(0, colon), ignored)) continue;
      source.path = spec.substr(0, colon);
      source.part = spec.substr(colon + 1);
      break;
    }
  }
  VALIDATE(std::filesystem::exists(source.path, ignored),
           "data set " << spec << ": there is no such file or folder (looked for it from "
                       << std::filesystem::current_path(ignored).string() << "). Check the path.");
  source.folder = std::filesystem::is_directory(source.path, ignored);
  if (source.folder) return source;
  source.gzip = is_gzip(source.path);
  source.suffix = suffix_of(source.path);
  source.head = read_head(source.path, longest_array_header);
  VALIDATE(!source.head.empty(),
           "data set " << spec << ": the file is empty (there is no byte in it). Check the file.");
  return source;
}

Format const& format_of(DataSource const& source) {
  std::vector<std::string> names;
  for (Format const& format : formats) {
    if (format.matches(source)) {
      bool const has_parts = format.open == open_npz || format.open == open_hdf5;
      VALIDATE(has_parts || source.part.empty(), "data set " << source.spec << ": ':" << source.part
                                                             << "' names a part (" << format.name
                                                             << " has none). Leave it out.");
      return format;
    }
    names.emplace_back(format.name);
  }
  SONDE_FAIL_AS(InputError,
                "data set " << source.spec
                            << ": its format is not known (neither its name nor its first bytes tell). Give "
                            << join(names) << ".");
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(std::string const& spec, DataOptions const& options,
                                      comm::Communicator const& comm) {
  DataSource source;
  Format const* format = nullptr;
  comm::agree(comm, [&] {
    source = look_at(spec);
    format = &format_of(source);
  });
  return format->open(source, options, comm);
}

Labels read_labels(std::string const& spec, std::string const& label_column, comm::Communicator const& comm) {
  DataOptions options;
  options.columns = label_column;
  auto const dataset = open_dataset(spec, options, comm);
  Labels labels;
  comm::agree(comm, [&] {
    VALIDATE(volume(dataset->sample_shape()) == 1,
             "labels " << spec << ": a record holds " << to_string(dataset->sample_shape())
                       << " values (a label is one number). Give an array of extent (N), or --label-column.");
    std::vector<std::int64_t> indices(static_cast<std::size_t>(dataset->size()));
    std::iota(indices.begin(), indices.end(), std::int64_t{0});
    std::vector<float> values(indices.size());
    dataset->read(indices, values.data());
    labels.values.assign(values.begin(), values.end());
  });
  labels.integer =
      std::all_of(labels.values.begin(), labels.values.end(), [](double value) { return value == std::floor(value); });
  return labels;
}

}  // namespace sonde::io
