#include "base/check.hpp"

namespace sonde::detail {

void broken_contract(char const* kind, char const* text, char const* file, int line) {
  std::ostringstream message;
  message << file << ':' << line << ": " << kind << '(' << text
          << ") does not hold (a defect of sonde). Please report it.";
  throw std::logic_error(message.str());
}

}  // namespace sonde::detail
