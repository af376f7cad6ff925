// A model as the algorithms see it: layers of counted units, a logit node, a task.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/models/model_file.hpp"

namespace sonde::nn {

/// What a model's output means.
enum class Task {
  classes,    // K >= 2 outputs: the label is the index of the largest
  binary,     // one sigmoid output: the label is 1 when it exceeds 1/2
  regression  // one or more real outputs
};

std::string to_string(Task task);

/// A counted layer: a range of the model's neurons.
struct Layer {
  std::string name;
  int node = 0;
  Shape shape;                  // of the node's output, per sample
  std::int64_t units = 0;       // last extent
  std::int64_t positions = 0;   // volume / units
  std::int64_t first_unit = 0;  // offset of its units among all of the model
};

class Network {
 public:
  /// `regression` says that several outputs are numbers, not classes. Throws InputError for a model without output
  /// units.
  explicit Network(io::ModelFile file, bool regression = false);

  io::ModelFile const& file() const { return file_; }
  Shape const& input_shape() const { return file_.input_shape(); }
  std::vector<Layer> const& layers() const { return layers_; }
  /// Whether it can be given samples of that shape: of as many numbers and channels as its input, or images of one
  /// channel for an input without a channel axis (rows of an image as the steps of a sequence).
  bool takes(Shape const& sample) const;
  /// Number of ids a model of symbols takes, 0 for one that takes numbers: see io::ModelFile.
  std::int64_t vocabulary() const { return file_.vocabulary(); }
  /// Counted neurons over all layers.
  std::int64_t units() const { return units_; }
  Task task() const { return task_; }
  /// Number of outputs K.
  std::int64_t outputs() const { return outputs_; }
  /// The node whose value is differentiated: before a closing softmax, sigmoid, tanh or arctangent, which would make
  /// its gradient vanish; the output itself otherwise.
  int logit_node() const { return logit_node_; }
  /// The input's shape in the file's own order, "3x224x224" for channels first.
  std::string shown_input_shape() const;

 private:
  io::ModelFile file_;
  std::vector<Layer> layers_;
  std::int64_t units_ = 0;
  std::int64_t outputs_ = 0;
  int logit_node_ = 0;
  Task task_ = Task::classes;
};

}  // namespace sonde::nn
