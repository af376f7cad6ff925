// Opens FILE.h5:/DATASET: rows are read by index.
#include "base/check.hpp"
#include "base/registry.hpp"
#include "comm/agree.hpp"
#include "io/datasets/array_dataset.hpp"
#include "io/datasets/formats.hpp"
#include "io/datasets/once.hpp"
#include "io/h5.hpp"
#include "io/provenance.hpp"

namespace sonde::io {

namespace {

class Hdf5Rows : public Dataset {
 public:
  Hdf5Rows(DatasetInfo info, H5File file, H5Dataset rows)
      : Dataset(std::move(info)), file_(std::move(file)), rows_(std::move(rows)) {}

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    std::size_t const count = indices.size() * static_cast<std::size_t>(volume(sample_shape()));
    rows_.read_row_list<float>(indices, std::span(rows, count));
  }

  H5File file_;  // closed after its data set
  H5Dataset rows_;
};

}  // namespace

bool is_hdf5_source(DataSource const& source) { return !source.folder && H5File::has_signature(source.path); }

std::unique_ptr<Dataset> open_hdf5(DataSource const& source, DataOptions const& options,
                                   comm::Communicator const& comm) {
  DatasetInfo info;
  info.path = source.spec;
  info.sha256 = once(comm, [&] { return sha256_of_file(source.path); });
  std::unique_ptr<Dataset> dataset;
  comm::agree(comm, [&] {
    H5File file = H5File::open(source.path);
    VALIDATE(!source.part.empty(), "data set " << source.spec << ": no data set of the file is named (its top holds "
                                               << join(file.children("/")) << "). Give FILE.h5:/DATASET.");
    H5Dataset rows = file.dataset(source.part);
    VALIDATE(rows.type() != ElementType::text,
             "data set " << source.spec << ": it holds text (models take numbers). Give a data set of numbers.");
    describe_array(info, rows.type(), rows.shape(), options.input_range);
    dataset =
        prepared(std::make_unique<Hdf5Rows>(std::move(info), std::move(file), std::move(rows)), options.preprocess);
  });
  return dataset;
}

}  // namespace sonde::io
