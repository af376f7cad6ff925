#include "io/h5_native.hpp"

#include <utility>

#include "base/check.hpp"
#include "comm/mpi_session.hpp"

namespace sonde::io {

static_assert(std::is_same_v<hid_t, H5Handle::Id>, "h5.hpp hides hid_t behind this type");

H5Handle& H5Handle::operator=(H5Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(close_, other.close_);
  return *this;
}

int H5Handle::close() {
  if (id_ < 0) return 0;
  return close_(std::exchange(id_, -1));
}

namespace h5 {
namespace {

bool failures_abort = false;

/// "unable to open file: name = 'x', errno = 2, error message = 'No such file or directory', ...": what the system said
/// is enough, as sonde names the file.
std::string shortened(std::string const& text) {
  std::string const marker = "error message = '";
  std::size_t const start = text.find(marker);
  if (start == std::string::npos) return text;
  std::size_t const reason = start + marker.size();
  return text.substr(0, text.find(':')) + ": " + text.substr(reason, text.find('\'', reason) - reason);
}

herr_t keep_first(unsigned, H5E_error2_t const* error, void* text) {
  auto& kept = *static_cast<std::string*>(text);
  if (kept.empty() && error->desc) kept = error->desc;
  return 0;
}

}  // namespace

void initialise() {
  static bool const once = [] {
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5Lunregister(H5L_TYPE_EXTERNAL);
    return true;
  }();
  static_cast<void>(once);
}

std::string innermost_error() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, &keep_first, &text);
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "HDF5 gives no reason" : shortened(text);
}

void fail(std::string const& subject, char const* problem, bool writing) {
  std::string const message = subject + " " + problem + " (" + innermost_error() + "). " +
                              (writing ? "Check the free space and the permissions of its folder."
                                       : "Check that the file is complete and of the expected kind.");
  if (failures_abort) comm::abort_run(1, message.c_str());
  if (writing) throw Error(message);
  throw InputError(message);
}

AbortScope::AbortScope(bool active) : before_(std::exchange(failures_abort, failures_abort || active)) {}

AbortScope::~AbortScope() { failures_abort = before_; }

hid_t memory_type(ElementType type) {
  switch (type) {
    case ElementType::int8:
      return H5T_NATIVE_INT8;
    case ElementType::uint8:
      return H5T_NATIVE_UINT8;
    case ElementType::int16:
      return H5T_NATIVE_INT16;
    case ElementType::uint16:
      return H5T_NATIVE_UINT16;
    case ElementType::int32:
      return H5T_NATIVE_INT32;
    case ElementType::uint32:
      return H5T_NATIVE_UINT32;
    case ElementType::int64:
      return H5T_NATIVE_INT64;
    case ElementType::uint64:
      return H5T_NATIVE_UINT64;
    case ElementType::float32:
      return H5T_NATIVE_FLOAT;
    case ElementType::float64:
      return H5T_NATIVE_DOUBLE;
    case ElementType::text:
      break;
  }
  throw std::logic_error("texts have no fixed type in memory");
}

H5Handle stored_type(ElementType type, std::int64_t width, std::string const& subject) {
  H5Handle copy(check_write(H5Tcopy(type == ElementType::text ? H5T_C_S1 : memory_type(type)), subject, "has no type"),
                &H5Tclose);
  if (type == ElementType::text) {
    check_write(H5Tset_size(copy.get(), static_cast<std::size_t>(width)), subject, "cannot have texts of that length");
    check_write(H5Tset_cset(copy.get(), H5T_CSET_UTF8), subject, "cannot hold UTF-8");
    check_write(H5Tset_strpad(copy.get(), H5T_STR_NULLPAD), subject, "cannot hold padded texts");
  }
  return copy;
}

}  // namespace h5
}  // namespace sonde::io
