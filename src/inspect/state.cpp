#include "inspect/state.hpp"

namespace sonde::inspect {

void StateWriter::text(std::string const& name, std::string const& text) {
  whole(name, std::vector<std::uint8_t>(text.begin(), text.end()));
}

std::string StateReader::text(std::string const& name) const {
  auto const bytes = whole<std::uint8_t>(name);
  return {bytes.begin(), bytes.end()};
}

std::int64_t StateReader::count(std::string const& name, std::int64_t width) const {
  if (width == 0) return 0;
  io::H5Dataset const data = file_.dataset(name + "/rows");
  expect(data.shape().size() == 2 && data.shape()[1] == width, name);
  return data.rows();
}

void StateReader::expect(bool good, std::string const& what) const {
  VALIDATE(good, "checkpoint " << path() << ": '" << what
                               << "' is not what this run would have written (damaged, or of another run). Give "
                                  "--overwrite to start anew.");
}

}  // namespace sonde::inspect
