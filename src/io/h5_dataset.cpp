// Data sets: what they are, and their rows.
#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "io/h5_native.hpp"

namespace sonde::io {
namespace {

using h5::check_read;
using h5::check_write;

/// No data set of sonde is larger; products of extents stay far below overflow.
constexpr std::int64_t most_bytes = std::int64_t{1} << 42;
/// Deflate shrinks at most 1032 times.
constexpr std::int64_t most_compression = 1040;
constexpr std::int64_t most_chunk_bytes = std::int64_t{1} << 30;

ElementType integer_type(std::size_t size, bool is_signed) {
  int const log2 = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
  return static_cast<ElementType>(2 * log2 + (is_signed ? 0 : 1));
}

/// The ElementType of a stored type. Throws InputError for those that are neither numbers nor texts.
ElementType nearest_type(hid_t type, std::string const& subject) {
  std::size_t const size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return ElementType::text;
    case H5T_FLOAT:
      return size <= 4 ? ElementType::float32 : ElementType::float64;
    case H5T_INTEGER:
      VALIDATE(size == 1 || size == 2 || size == 4 || size == 8,
               subject << ": its integers have " << size << " bytes (1, 2, 4 or 8 are supported). Convert it.");
      return integer_type(size, H5Tget_sign(type) == H5T_SGN_2);
    case H5T_ENUM: {
      H5Handle const base(check_read(H5Tget_super(type), subject, "has an unreadable type"), &H5Tclose);
      return nearest_type(base.get(), subject);
    }
    default:
      SONDE_FAIL_AS(InputError,
                    subject << ": its elements are neither numbers nor texts (compound, opaque, reference or array). "
                               "Store plain numbers.");
  }
}

Shape extents_of(hid_t space, std::string const& subject) {
  VALIDATE(H5Sget_simple_extent_type(space) != H5S_NULL,
           subject << ": it is empty (a null data space). Store values in it.");
  int const rank = check_read(H5Sget_simple_extent_ndims(space), subject, "has an unreadable shape");
  std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
  check_read(H5Sget_simple_extent_dims(space, extents.data(), nullptr), subject, "has an unreadable shape");
  Shape shape;
  for (hsize_t const extent : extents) {
    VALIDATE(extent <= most_bytes,
             subject << ": it claims an extent of " << extent << " (no data set is that large). The file is damaged.");
    shape.push_back(static_cast<std::int64_t>(extent));
  }
  return shape;
}

/// Bytes of all elements; throws when that is beyond any data set.
std::int64_t total_bytes(Shape const& shape, std::int64_t element_bytes, std::string const& subject) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t bytes = element_bytes;
  for (std::int64_t const extent : shape) {
    VALIDATE(bytes <= most_bytes / extent,
             subject << ": it claims a shape of " << to_string(shape) << " (more than 4 TiB). The file is damaged.");
    bytes *= extent;
  }
  return bytes;
}

/// Refuses what a file can claim without holding it, and data that lie in other files.
void check_storage(hid_t id, std::int64_t bytes, std::int64_t element_bytes, std::string const& subject) {
  H5Handle const plan(check_read(H5Dget_create_plist(id), subject, "has no creation properties"), &H5Pclose);
  H5D_layout_t const layout = check_read(H5Pget_layout(plan.get()), subject, "has an unreadable layout");
  bool const elsewhere = layout == H5D_VIRTUAL || (layout == H5D_CONTIGUOUS && H5Pget_external_count(plan.get()) > 0);
  VALIDATE(
      !elsewhere,
      subject
          << ": its values lie in other files (virtual or external storage is not read). Copy them into this file.");
  if (layout == H5D_CHUNKED) {
    hsize_t chunk[H5S_MAX_RANK];
    int const rank = check_read(H5Pget_chunk(plan.get(), H5S_MAX_RANK, chunk), subject, "has unreadable chunks");
    Shape const extents(chunk, chunk + rank);
    VALIDATE(total_bytes(extents, element_bytes, subject) <= most_chunk_bytes,
             subject << ": its chunks have more than 1 GiB (they are read whole). Store it in smaller chunks.");
  }
  H5Handle const file(check_read(H5Iget_file_id(id), subject, "has no file"), &H5Fclose);
  hsize_t file_bytes = 0;
  check_read(H5Fget_filesize(file.get(), &file_bytes), subject, "has a file of unknown size");
  // Of contiguous storage the first is but a claim, too.
  auto const stored = static_cast<std::int64_t>(std::min(H5Dget_storage_size(id), file_bytes));
  VALIDATE(bytes <= stored * most_compression + (1 << 20), subject << ": it claims " << bytes
                                                                   << " bytes but the file holds " << stored
                                                                   << " (no compression shrinks that far). "
                                                                      "The file is damaged or was never filled.");
}

}  // namespace

H5Dataset::H5Dataset(H5Handle handle, std::string subject, bool untrusted)
    : handle_(std::move(handle)), subject_(std::move(subject)) {
  H5Handle const type(check_read(H5Dget_type(id()), subject_, "has an unreadable type"), &H5Tclose);
  H5Handle const space(check_read(H5Dget_space(id()), subject_, "has an unreadable shape"), &H5Sclose);
  type_ = nearest_type(type.get(), subject_);
  shape_ = extents_of(space.get(), subject_);
  auto const element_bytes = static_cast<std::int64_t>(std::max(H5Tget_size(type.get()), size_of(type_)));
  if (type_ == ElementType::text && H5Tis_variable_str(type.get()) == 0) text_width_ = element_bytes;
  std::int64_t const bytes = total_bytes(shape_, element_bytes, subject_);
  if (untrusted) check_storage(id(), bytes, element_bytes, subject_);
}

std::int64_t H5Dataset::row_elements() const {
  return shape_.empty() ? 1 : volume(Shape(shape_.begin() + 1, shape_.end()));
}

void H5Dataset::check_size(std::int64_t row_count, std::size_t elements) const {
  if (static_cast<std::int64_t>(elements) != row_count * row_elements()) {
    throw std::logic_error(subject_ + ": " + std::to_string(elements) + " elements given for " +
                           std::to_string(row_count) + " rows");
  }
}

void H5Dataset::transfer(bool write, std::int64_t first, std::int64_t count, H5Handle::Id type, void* memory) const {
  char const* const problem = write ? "cannot be written" : "cannot be read";
  auto const check = [&](auto result) {
    return write ? check_write(result, subject_, problem) : check_read(result, subject_, problem);
  };
  if (first < 0 || count < 0 || first > rows() - count) {
    throw std::logic_error(subject_ + ": rows " + std::to_string(first) + " and " + std::to_string(count) +
                           " more do not exist");
  }
  if (count == 0 || row_elements() == 0) return;

  H5Handle const space(check(H5Dget_space(id())), &H5Sclose);
  auto const elements = static_cast<hsize_t>(count * row_elements());
  H5Handle const memory_space(check(H5Screate_simple(1, &elements, nullptr)), &H5Sclose);
  if (!shape_.empty()) {
    std::vector<hsize_t> start(shape_.size(), 0);
    std::vector<hsize_t> extent(shape_.begin(), shape_.end());
    start[0] = static_cast<hsize_t>(first);
    extent[0] = static_cast<hsize_t>(count);
    check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr));
  }
  if (write) {
    check(H5Dwrite(id(), type, memory_space.get(), space.get(), H5P_DEFAULT, memory));
  } else {
    check(H5Dread(id(), type, memory_space.get(), space.get(), H5P_DEFAULT, memory));
  }
}

void H5Dataset::read_rows(std::int64_t first, std::int64_t count, ElementType type, void* out) const {
  VALIDATE(type_ != ElementType::text, subject_ << ": it holds texts (numbers are needed). Name another data set.");
  transfer(false, first, count, h5::memory_type(type), out);
}

void H5Dataset::write_rows(std::int64_t first, std::int64_t count, ElementType type, void const* in) {
  transfer(true, first, count, h5::memory_type(type), const_cast<void*>(in));  // H5Dwrite does not change it
}

void H5Dataset::read_row_list(std::span<std::int64_t const> list, ElementType type, void* out) const {
  auto* target = static_cast<std::byte*>(out);
  std::size_t const row_bytes = static_cast<std::size_t>(row_elements()) * size_of(type);
  for (std::size_t i = 0; i < list.size();) {
    std::size_t run = 1;
    while (i + run < list.size() && list[i + run] == list[i] + static_cast<std::int64_t>(run)) ++run;
    read_rows(list[i], static_cast<std::int64_t>(run), type, target + i * row_bytes);
    i += run;
  }
}

void H5Dataset::read_text_rows(std::int64_t first, std::int64_t count, char* out) const {
  if (text_width_ == 0) throw std::logic_error(subject_ + ": it holds no texts of fixed length");
  H5Handle const type(check_read(H5Dget_type(id()), subject_, "has an unreadable type"), &H5Tclose);
  transfer(false, first, count, type.get(), out);
}

void H5Dataset::write_text_rows(std::int64_t first, std::int64_t count, char const* in) {
  H5Handle const type(check_write(H5Dget_type(id()), subject_, "has an unreadable type"), &H5Tclose);
  transfer(true, first, count, type.get(), const_cast<char*>(in));
}

std::vector<std::string> H5Dataset::read_text() const {
  VALIDATE(type_ == ElementType::text, subject_ << ": it holds numbers (texts are needed). Name another data set.");
  auto const count = static_cast<std::size_t>(rows() * row_elements());
  std::vector<std::string> texts;
  if (count == 0) return texts;
  if (text_width_ > 0) {
    auto const width = static_cast<std::size_t>(text_width_);
    std::vector<char> bytes(count * width);
    read_text_rows(0, rows(), bytes.data());
    for (std::size_t i = 0; i < count; ++i) texts.emplace_back(&bytes[i * width], strnlen(&bytes[i * width], width));
    return texts;
  }
  H5Handle const type(check_read(H5Dget_type(id()), subject_, "has an unreadable type"), &H5Tclose);
  H5Handle const space(check_read(H5Dget_space(id()), subject_, "has an unreadable shape"), &H5Sclose);
  std::vector<char*> pointers(count, nullptr);
  check_read(H5Dread(id(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()), subject_, "cannot be read");
  for (char const* text : pointers) texts.emplace_back(text ? text : "");
  H5Dvlen_reclaim(type.get(), space.get(), H5P_DEFAULT, pointers.data());
  return texts;
}

}  // namespace sonde::io
