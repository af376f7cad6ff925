// What must be the same for a run to go on from a checkpoint: options that decide the result, models, data.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/network.hpp"

namespace sonde::app {

class RunIdentity {
 public:
  /// A fact by name: "backend". Neither holds a line break.
  void add(std::string const& name, std::string const& value);
  /// A file by what it is, "model 1", and its content; where it lies is for messages only.
  void add_file(std::string const& name, std::string const& sha256, std::string const& path);
  /// Model 0, 1, ...
  void add_models(std::vector<std::shared_ptr<nn::Network const>> const& networks);
  /// The options of an ini text, by name: "--lambda1".
  void add_options(std::string const& config);

  /// One "name = value" per line, to be stored in a checkpoint.
  std::string text() const;

  /// Throws InputError that names the first fact in which `stored`, text() of the run that wrote the checkpoint
  /// `where`, differs.
  void check_same(std::string const& stored, std::string const& where) const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
  std::map<std::string, std::string> paths_;  // of files, by name
};

}  // namespace sonde::app
