#include "io/models/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/check.hpp"

namespace sonde::io {
namespace {

/// Every weight tensor of an op that is present.
std::vector<Weights> weights_of(Op const& op) {
  std::vector<Weights> all;
  if (auto const* conv = std::get_if<Conv2d>(&op)) all = {conv->weights, conv->bias};
  if (auto const* dense = std::get_if<Dense>(&op)) all = {dense->weights, dense->bias};
  if (auto const* affine = std::get_if<ScaleShift>(&op)) all = {affine->scale, affine->shift};
  if (auto const* prelu = std::get_if<PRelu>(&op)) all = {prelu->slope};
  if (auto const* binary = std::get_if<Binary>(&op)) all = {binary->constant};
  if (auto const* embedding = std::get_if<Embedding>(&op)) all = {embedding->table};
  if (auto const* recurrent = std::get_if<Recurrent>(&op)) all = {recurrent->weights, recurrent->bias};
  std::erase(all, nullptr);
  return all;
}

}  // namespace

std::int64_t ModelFile::parameters() const {
  std::int64_t total = 0;
  std::set<Tensor const*> counted;  // nodes share weights: the states, gates and cell of a layer do
  for (Node const& node : nodes) {
    for (Weights const& weights : weights_of(node.op)) {
      if (counted.insert(weights.get()).second) total += volume(weights->shape);
    }
  }
  return total;
}

std::int64_t ModelFile::units() const {
  std::int64_t total = 0;
  for (CountedLayer const& layer : layers) total += unit_count(nodes[static_cast<std::size_t>(layer.node)].shape);
  return total;
}

std::int64_t ModelFile::vocabulary() const {
  std::int64_t ids = 0;
  for (Node const& node : nodes) {
    auto const* embedding = std::get_if<Embedding>(&node.op);
    if (embedding && (ids == 0 || embedding->table->shape[0] < ids)) ids = embedding->table->shape[0];
  }
  return ids;
}

std::int64_t open_length(std::string const& path, ModelOptions const& options) {
  constexpr std::int64_t longest = 1 << 24;
  VALIDATE(options.sequence_length > 0,
           "model " << path << ": it takes sequences of any length (records of one length are needed). "
                    << "Say how many symbols or steps a record has, for example with --record.");
  VALIDATE(options.sequence_length <= longest, "model " << path << ": records of " << options.sequence_length
                                                        << " steps are too long (" << longest
                                                        << " at most). Cut the records.");
  return options.sequence_length;
}

ModelBuilder::ModelBuilder(std::string path, std::string format, Shape input_shape, std::string input_name) {
  file_.path = std::move(path);
  file_.format = std::move(format);
  VALIDATE(std::ranges::all_of(input_shape, [](auto extent) { return extent > 0; }) && volume(input_shape) > 0,
           "model " << file_.path << ": its input shape " << to_string(input_shape)
                    << " is not fully known (every extent but the batch must be a positive number). Export it with a "
                       "fixed input size.");
  uses_[input_name] = 1;
  file_.nodes.push_back({std::move(input_name), Input{}, {}, std::move(input_shape)});
}

int ModelBuilder::add(std::string name, Op op, std::vector<int> inputs) {
  std::string const where = "model " + file_.path + ", layer " + name;
  std::vector<Shape> shapes;
  for (int input : inputs) {
    EXPECT(input >= 0 && input < static_cast<int>(file_.nodes.size()));
    shapes.push_back(shape(input));
  }
  for (Weights const& weights : weights_of(op)) {
    VALIDATE(std::ranges::all_of(weights->data.span(), [](float w) { return std::isfinite(w); }),
             where << ": a weight is NaN or infinite (every result would be). Retrain or repair the model.");
  }
  Shape output = infer_shape(op, shapes, where);
  int const uses = ++uses_[name];
  if (uses > 1) name += "_" + std::to_string(uses);
  file_.nodes.push_back({std::move(name), std::move(op), std::move(inputs), std::move(output)});
  return static_cast<int>(file_.nodes.size()) - 1;
}

void ModelBuilder::count(std::string name, int node) { file_.layers.push_back({std::move(name), node}); }

Shape const& ModelBuilder::shape(int node) const { return file_.nodes[static_cast<std::size_t>(node)].shape; }

ModelFile ModelBuilder::finish(int output) && {
  file_.output = output;
  return std::move(file_);
}

}  // namespace sonde::io
