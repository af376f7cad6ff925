// A Keras HDF5 file: its attributes and the weights of its layers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/h5.hpp"
#include "io/models/ops.hpp"

namespace sonde::io::keras {

/// Where the weights of a layer stand: names of data sets inside a group.
struct LayerWeights {
  std::string group;
  std::vector<std::string> names;  // in the order the layer made them
};

class WeightFile {
 public:
  /// Throws InputError when the file is missing or damaged.
  explicit WeightFile(std::string const& path);

  /// Whether it lists layers, as every file of Keras does.
  bool has_layers() const;

  /// A text attribute of the file ("model_config", "backend", "keras_version").
  std::optional<std::string> attribute(std::string const& name) const;

  /// The weights of a layer; none when it has none.
  LayerWeights weights_of(std::string const& layer) const;

  /// The weights of a layer inside a nested model: the file keeps them with the outermost nested model, `outer`, under
  /// names that say which layer they belong to.
  LayerWeights weights_inside(std::string const& outer, std::string const& layer) const;

  /// Shape of a weight as stored. Throws InputError, naming `where`, when it is missing.
  Shape shape(std::string const& group, std::string const& name, std::string const& where) const;

  /// Reads one weight, whatever its floating point type. Throws InputError, naming `where`, when it is missing, is no
  /// floating point array of shape `expected`, or is longer than the file. A weight that is read again is shared.
  Weights read(std::string const& group, std::string const& name, Shape const& expected, std::string const& where);

 private:
  H5File file_;
  std::string root_;  // the group the layers stand in
  std::map<std::string, Weights> read_;
};

}  // namespace sonde::io::keras
