#include "inspect/state.hpp"

namespace sonde::inspect {

void StateWriter::text(std::string const& name, std::string const& text) {
  state_.push_back(io::text_column(name, "", text));
}

std::string StateReader::text(std::string const& name) const {
  auto const texts = file_.read_text("state/" + name);
  expect(texts.size() == 1, name);
  return texts.front();
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
