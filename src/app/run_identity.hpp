// What must be the same for a run to go on from a checkpoint: options that decide the result, models, data.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace sonde::app {

class RunIdentity {
 public:
  /// A fact by name: "model 1 (a.h5)" and its sha256. Neither holds a line break.
  void add(std::string const& name, std::string const& value);
  /// The options of an ini text, by name: "--lambda1".
  void add_options(std::string const& config);

  /// One "name = value" per line, to be stored in a checkpoint.
  std::string text() const;

  /// Throws InputError that names the first fact in which `stored`, text() of the run that wrote the checkpoint
  /// `where`, differs.
  void check_same(std::string const& stored, std::string const& where) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

}  // namespace sonde::app
