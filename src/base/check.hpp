// Errors and checks.
//
// A message has the form "PROBLEM (WHY IT IS ONE). SUGGESTION". The rank is put before it where it is printed.
//   VALIDATE  user data, in every build: throws InputError (exit status 2)
//   EXPECT    precondition of a function, debug builds: throws std::logic_error
//   ENSURE    postcondition or invariant, debug builds: throws std::logic_error
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace sonde {

/// A failure at run time: disk full, lost file, library error. Exit status 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Bad usage or bad input: the user can mend it. Exit status 2.
class InputError : public Error {
 public:
  using Error::Error;
};

namespace detail {
[[noreturn]] void broken_contract(char const* kind, char const* text, char const* file, int line);
}

}  // namespace sonde

/// Throws ExceptionType with a message streamed from the following arguments: FAIL_AS(Error, "file " << path << ":
/// ...").
#define SONDE_FAIL_AS(ExceptionType, message) \
  do {                                        \
    std::ostringstream sonde_message;         \
    sonde_message << message; /* NOLINT */    \
    throw ExceptionType(sonde_message.str()); \
  } while (false)

/// Checks user data: VALIDATE(count > 0, "data set " << path << ": it is empty (...). ...").
#define VALIDATE(condition, message)               \
  do {                                             \
    if (!(condition)) {                            \
      SONDE_FAIL_AS(::sonde::InputError, message); \
    }                                              \
  } while (false)

#ifdef NDEBUG
#define EXPECT(condition) static_cast<void>(0)
#define ENSURE(condition) static_cast<void>(0)
#else
#define EXPECT(condition) \
  ((condition) ? static_cast<void>(0) : ::sonde::detail::broken_contract("EXPECT", #condition, __FILE__, __LINE__))
#define ENSURE(condition) \
  ((condition) ? static_cast<void>(0) : ::sonde::detail::broken_contract("ENSURE", #condition, __FILE__, __LINE__))
#endif
