// Opens IDX, NPY and NPZ.
#include "base/check.hpp"
#include "comm/agree.hpp"
#include "io/datasets/array_dataset.hpp"
#include "io/datasets/formats.hpp"
#include "io/datasets/once.hpp"
#include "io/datasets/zip.hpp"
#include "io/provenance.hpp"

namespace sonde::io {

namespace {

/// Inflates the whole of a gzip file, which must hold exactly target.size() bytes.
void inflate_file(std::string const& path, std::span<std::byte> target) {
  FileStream stream(path);
  std::size_t const count = stream.read(target);
  VALIDATE(count == target.size(), "file " << path << ": it inflates to " << count << " of the " << target.size()
                                           << " bytes its header names (truncated). Copy it again.");
  std::byte extra[1];
  VALIDATE(stream.read(extra) == 0, "file " << path << ": it holds more than the " << target.size()
                                            << " bytes its header names (the header is wrong). Make the file again.");
}

/// Bytes of the whole file by its header.
std::int64_t named_size(std::string const& subject, ArrayLayout const& layout) {
  try {
    return layout.offset + layout.bytes();
  } catch (InputError const& error) {  // larger than any tensor
    SONDE_FAIL_AS(InputError, subject << ": " << error.what());
  }
}

void check_size(std::string const& subject, std::int64_t present, ArrayLayout const& layout) {
  std::int64_t const needed = named_size(subject, layout);
  VALIDATE(present >= needed, subject << ": it ends after " << present << " of the " << needed
                                      << " bytes its header names (truncated). Copy it again.");
  VALIDATE(present == needed, subject << ": it holds " << present << " bytes but its header names " << needed
                                      << " (the header is wrong). Make the file again.");
}

DatasetInfo info_of(DataSource const& source, comm::Communicator const& comm) {
  DatasetInfo info;
  info.path = source.spec;
  info.sha256 = once(comm, [&] { return sha256_of_file(source.path); });
  return info;
}

std::unique_ptr<Dataset> make_dataset(DatasetInfo info, std::shared_ptr<ByteSource const> bytes,
                                      ArrayLayout const& layout, DataOptions const& options) {
  auto const range = layout.boolean && !options.input_range ? InputRange{0, 1} : options.input_range;
  describe_array(info, layout.type, layout.shape, range);
  return prepared(array_dataset(std::move(info), std::move(bytes), layout), options.preprocess);
}

using LayoutReader = ArrayLayout(std::string const&, std::span<std::byte const>);

std::unique_ptr<Dataset> open_array(DataSource const& source, DataOptions const& options,
                                    comm::Communicator const& comm, LayoutReader* read_layout) {
  std::string const subject = "file " + source.path;
  ArrayLayout layout;
  std::shared_ptr<ByteSource const> bytes;
  comm::agree(comm, [&] {
    layout = read_layout(subject, source.head);
    bytes = open_file(source.path);
    if (source.gzip)
      check_inflated_size(subject, bytes->size(), named_size(subject, layout));
    else
      check_size(subject, bytes->size(), layout);
  });
  if (source.gzip) {
    bytes = once_per_node(comm, layout.offset + layout.bytes(),
                          [&](std::span<std::byte> target) { inflate_file(source.path, target); });
  }
  DatasetInfo info = info_of(source, comm);
  std::unique_ptr<Dataset> dataset;
  comm::agree(comm, [&] { dataset = make_dataset(std::move(info), bytes, layout, options); });
  return dataset;
}

/// A stretch of another source.
class PartOf : public ByteSource {
 public:
  PartOf(std::shared_ptr<ByteSource const> whole, std::int64_t offset, std::int64_t size)
      : whole_(std::move(whole)), offset_(offset), size_(size) {}
  std::int64_t size() const override { return size_; }
  void read(std::int64_t offset, std::span<std::byte> target) const override { whole_->read(offset_ + offset, target); }

 private:
  std::shared_ptr<ByteSource const> whole_;
  std::int64_t offset_, size_;
};

}  // namespace

bool is_idx_source(DataSource const& source) { return !source.folder && is_idx(source.head); }
bool is_npy_source(DataSource const& source) {
  return !source.folder && (is_npy(source.head) || source.suffix == ".npy");
}
bool is_npz_source(DataSource const& source) {
  return !source.folder && (is_zip(source.head) || source.suffix == ".npz");
}

std::unique_ptr<Dataset> open_idx(DataSource const& source, DataOptions const& options,
                                  comm::Communicator const& comm) {
  return open_array(source, options, comm, idx_layout);
}

std::unique_ptr<Dataset> open_npy(DataSource const& source, DataOptions const& options,
                                  comm::Communicator const& comm) {
  return open_array(source, options, comm, npy_layout);
}

std::unique_ptr<Dataset> open_npz(DataSource const& source, DataOptions const& options,
                                  comm::Communicator const& comm) {
  std::string const subject = "file " + source.spec;
  std::shared_ptr<ByteSource const> file;
  ZipMember member;
  comm::agree(comm, [&] {
    VALIDATE(!source.gzip,
             subject << ": it is a gzip file of an NPZ (which is compressed itself). Give the plain NPZ.");
    file = open_file(source.path);
    member = find_zip_member(subject, *file, source.part, ".npy");
    if (member.deflated) check_inflated_size(subject, member.packed_size, member.size);
  });
  std::shared_ptr<ByteSource const> bytes = std::make_shared<PartOf>(file, member.offset, member.size);
  if (member.deflated) {
    bytes = once_per_node(comm, member.size, [&](std::span<std::byte> target) {
      std::vector<std::byte> packed(static_cast<std::size_t>(member.packed_size));
      file->read(member.offset, packed);
      inflate_raw(subject, packed, target);
    });
  }
  DatasetInfo info = info_of(source, comm);
  std::unique_ptr<Dataset> dataset;
  comm::agree(comm, [&] {
    std::vector<std::byte> head(std::min(static_cast<std::size_t>(bytes->size()), longest_array_header));
    bytes->read(0, head);
    ArrayLayout const layout = npy_layout(subject, head);
    check_size(subject, bytes->size(), layout);
    dataset = make_dataset(std::move(info), bytes, layout, options);
  });
  return dataset;
}

}  // namespace sonde::io
