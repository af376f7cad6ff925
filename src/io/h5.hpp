// HDF5 files: handles that close themselves, calls that are checked once, errors in prose.
//
// Files that are opened are untrusted: sizes are checked before they are believed, and links, external storage and
// virtual data sets that lead into other files are refused. A failure to read throws InputError, a failure to write
// Error; either says file, object and the library's innermost reason. Only one thread of a process may use HDF5 at a
// time (Debian's parallel build is not thread-safe): see h5_mutex().
#pragma once

#include <concepts>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/shape.hpp"
#include "io/element_type.hpp"

namespace sonde::io {

/// Held by whoever uses HDF5 while other threads may do so, too: segments are written while workers read data.
std::recursive_mutex& h5_mutex();

/// An HDF5 identifier with the function that closes it. Move-only.
class H5Handle {
 public:
  using Id = std::int64_t;  // hid_t
  using Close = int (*)(Id);

  H5Handle() = default;
  H5Handle(Id id, Close closer) : id_(id), close_(closer) {}
  H5Handle(H5Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  H5Handle& operator=(H5Handle&& other) noexcept;
  ~H5Handle() { close(); }

  Id get() const { return id_; }
  /// Closes now; negative when the library reports a failure.
  int close();
  /// Forgets the identifier without closing it.
  void release() { id_ = -1; }

 private:
  Id id_ = -1;
  Close close_ = nullptr;
};

/// A data set of an open file. Rows run along the first extent; a scalar is one row.
class H5Dataset {
 public:
  H5Dataset(H5Handle handle, std::string subject, bool untrusted);

  /// The type nearest to the stored one: half floats read as float32, booleans and enumerations as their integers.
  ElementType type() const { return type_; }
  /// Bytes per element of a fixed-length text; 0 for other types and for texts of variable length.
  std::int64_t text_width() const { return text_width_; }
  Shape const& shape() const { return shape_; }
  std::int64_t rows() const { return shape_.empty() ? 1 : shape_.front(); }
  /// Elements of one row.
  std::int64_t row_elements() const;

  /// Rows [first, first + count) into `out`, converted to `type`; out holds count * row_elements() elements. Numbers
  /// only.
  void read_rows(std::int64_t first, std::int64_t count, ElementType type, void* out) const;
  void write_rows(std::int64_t first, std::int64_t count, ElementType type, void const* in);

  template <class T>
  void read_rows(std::int64_t first, std::int64_t count, std::span<T> out) const {
    check_size(count, out.size());
    read_rows(first, count, element_type<T>(), out.data());
  }

  /// out[i] = row rows[i]; consecutive rows are read at once.
  template <class T>
  void read_row_list(std::span<std::int64_t const> rows, std::span<T> out) const {
    check_size(static_cast<std::int64_t>(rows.size()), out.size());
    read_row_list(rows, element_type<T>(), out.data());
  }
  void read_row_list(std::span<std::int64_t const> rows, ElementType type, void* out) const;

  /// Everything, row-major.
  template <class T>
  std::vector<T> read() const {
    std::vector<T> values(static_cast<std::size_t>(rows() * row_elements()));
    read_rows<T>(0, rows(), values);
    return values;
  }
  /// All texts, of fixed or variable length; padding is dropped.
  std::vector<std::string> read_text() const;

  /// Texts as they are stored, text_width() bytes each.
  void read_text_rows(std::int64_t first, std::int64_t count, char* out) const;
  void write_text_rows(std::int64_t first, std::int64_t count, char const* in);

  H5Handle::Id id() const { return handle_.get(); }
  std::string const& subject() const { return subject_; }

 private:
  void check_size(std::int64_t row_count, std::size_t elements) const;
  void transfer(bool write, std::int64_t first, std::int64_t count, H5Handle::Id type, void* memory) const;

  H5Handle handle_;
  std::string subject_;  // "file F: data set D", for messages
  ElementType type_ = ElementType::int8;
  std::int64_t text_width_ = 0;
  Shape shape_;
};

/// An open file. Objects are named by their path in it: "/model_weights/dense_1/kernel:0".
class H5File {
 public:
  /// Opens for reading.
  static H5File open(std::string const& path);
  /// Creates for writing by this process alone; an existing file is replaced.
  static H5File create(std::string const& path);
  /// Takes over an identifier made by h5_parallel.
  H5File(H5Handle handle, std::string path, bool untrusted);

  std::string const& path() const { return path_; }

  /// Whether the file starts with the HDF5 signature; false when it cannot be read.
  static bool has_signature(std::string const& path);

  bool exists(std::string const& name) const;
  bool is_dataset(std::string const& name) const;
  bool is_group(std::string const& name) const;
  /// Names of the members of a group in alphabetical order, without its path.
  std::vector<std::string> children(std::string const& group) const;

  H5Dataset dataset(std::string const& name) const;
  template <class T>
  std::vector<T> read(std::string const& name) const {
    return dataset(name).read<T>();
  }
  std::vector<std::string> read_text(std::string const& name) const { return dataset(name).read_text(); }

  bool has_attribute(std::string const& object, std::string const& name) const;
  /// A text of fixed or variable length.
  std::string text_attribute(std::string const& object, std::string const& name) const;
  /// An array of texts; empty for an empty array of any type (h5py writes an empty list as numbers).
  std::vector<std::string> text_list_attribute(std::string const& object, std::string const& name) const;
  double number_attribute(std::string const& object, std::string const& name) const;

  /// Groups on the way are made.
  void create_group(std::string const& name);
  /// `width` is the number of bytes of a text element.
  H5Dataset create_dataset(std::string const& name, ElementType type, Shape const& shape, std::int64_t width = 0);
  template <class T>
  void write(std::string const& name, std::span<T const> values, Shape const& shape) {
    H5Dataset target = create_dataset(name, element_type<T>(), shape);
    target.write_rows(0, target.rows(), element_type<T>(), values.data());
  }
  template <class T>
  void write(std::string const& name, std::vector<T> const& values) {
    write<T>(name, std::span<T const>(values), {static_cast<std::int64_t>(values.size())});
  }
  /// One text, or a column of texts, of fixed length in UTF-8.
  void write_text(std::string const& name, std::string_view text);
  void write_texts(std::string const& name, std::vector<std::string> const& texts);

  /// Attributes are for short texts and numbers: longer texts than 32 KiB fail in HDF5 and are refused; write them as
  /// data sets.
  void write_attribute(std::string const& object, std::string const& name, std::string_view text);
  void write_attribute(std::string const& object, std::string const& name, char const* text) {
    write_attribute(object, name, std::string_view(text));
  }
  void write_attribute(std::string const& object, std::string const& name, double value);
  void write_attribute(std::string const& object, std::string const& name, std::integral auto value) {
    write_integer(object, name, static_cast<std::int64_t>(value));
  }

  /// Writes what the library still holds; throws Error.
  void flush();
  /// Closes, throwing Error when the library could not write everything; the destructor ignores that.
  void close();
  /// Forgets the file without closing it.
  void abandon() { handle_.release(); }

 private:
  void write_integer(std::string const& object, std::string const& name, std::int64_t value);
  H5Handle open_object(std::string const& name) const;
  std::string subject(char const* kind, std::string const& name) const;

  H5Handle handle_;
  std::string path_;
  bool untrusted_;
};

/// The bytes of equally long texts, zero-padded to the longest (at least 1); returns that width.
std::int64_t pack_texts(std::vector<std::string> const& texts, std::vector<char>& bytes);

}  // namespace sonde::io
