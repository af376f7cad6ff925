// What the HDF5 files of sonde_io share; only they include it.
#pragma once

#include <hdf5.h>

#include <string>

#include "io/element_type.hpp"
#include "io/h5.hpp"

namespace sonde::io::h5 {

/// Sets the library up once: no error stack on the terminal, no links into other files.
void initialise();

/// The library's innermost description of the last failure.
std::string innermost_error();

/// Throws InputError (reading) or Error (writing): "SUBJECT PROBLEM (innermost description). SUGGESTION". While an
/// AbortScope lives it ends the whole run instead.
[[noreturn]] void fail(std::string const& subject, char const* problem, bool writing);

/// Passes `result` on; a negative one is a failure.
template <class Result>
Result check_read(Result result, std::string const& subject, char const* problem) {
  if (result < 0) fail(subject, problem, false);
  return result;
}
template <class Result>
Result check_write(Result result, std::string const& subject, char const* problem) {
  if (result < 0) fail(subject, problem, true);
  return result;
}

/// While it lives, failures of HDF5 end the run at the check: on a file that several ranks have open, unwinding would
/// lead into a collective close that the other ranks never reach.
class AbortScope {
 public:
  explicit AbortScope(bool active);
  ~AbortScope();
  AbortScope(AbortScope const&) = delete;
  AbortScope& operator=(AbortScope const&) = delete;

 private:
  bool before_;
};

/// The type of `elements` in memory; not to be closed. Numbers only.
hid_t memory_type(ElementType type);
/// The type of a stored column; texts are `width` bytes of zero-padded UTF-8.
H5Handle stored_type(ElementType type, std::int64_t width, std::string const& subject);

}  // namespace sonde::io::h5
