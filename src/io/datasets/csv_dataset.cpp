// Opens CSV and TSV: parsed once per node, then read by row.
#include <nlohmann/json.hpp>

#include <cstring>

#include "base/check.hpp"
#include "comm/agree.hpp"
#include "io/datasets/array_dataset.hpp"
#include "io/datasets/csv.hpp"
#include "io/datasets/formats.hpp"
#include "io/datasets/once.hpp"
#include "io/provenance.hpp"

namespace sonde::io {

bool is_csv_source(DataSource const& source) {
  return !source.folder && (source.suffix == ".csv" || source.suffix == ".tsv");
}

std::unique_ptr<Dataset> open_csv(DataSource const& source, DataOptions const& options,
                                  comm::Communicator const& comm) {
  char const separator = source.suffix == ".tsv" ? '\t' : ',';
  CsvColumns const chosen{options.columns, options.label_column, options.header};
  CsvTable table;  // of rank 0; the first rank of another node parses for itself
  auto const described = nlohmann::json::parse(once(comm, [&] {
    table = read_csv(source.path, separator, chosen);
    // Names may hold any bytes; those that are no UTF-8 are replaced.
    return nlohmann::json{{"rows", table.rows},
                          {"columns", table.columns},
                          {"integer", table.integer},
                          {"names", table.names},
                          {"sha256", sha256_of_file(source.path)}}
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }));

  ArrayLayout layout;
  layout.type = ElementType::float32;  // as held here; what the file holds is said by the domain
  layout.shape = {described.at("rows"), described.at("columns")};
  auto const bytes = once_per_node(comm, layout.bytes(), [&](std::span<std::byte> target) {
    if (table.values.empty()) table = read_csv(source.path, separator, chosen);
    VALIDATE(table.values.size() * sizeof(float) == target.size(),
             "file " << source.path << ": it changed while being read (another rank saw " << layout.shape[0]
                     << " records). Leave data files alone during a run.");
    std::memcpy(target.data(), table.values.data(), target.size());
  });

  std::unique_ptr<Dataset> dataset;
  comm::agree(comm, [&] {
    DatasetInfo info;
    info.path = source.spec;
    info.sha256 = described.at("sha256");
    info.feature_names = described.at("names").get<std::vector<std::string>>();
    bool const integer = described.at("integer");
    describe_array(info, integer ? ElementType::int64 : ElementType::float64, layout.shape, options.input_range);
    dataset = prepared(array_dataset(std::move(info), bytes, layout), options.preprocess);
  });
  return dataset;
}

}  // namespace sonde::io
