#include "io/models/keras/weights.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::io::keras {
namespace {

/// The list of a group's attribute. Keras cuts a list of more than 64 KiB into attributes NAME0, NAME1, ...
std::vector<std::string> list_attribute(H5File const& file, std::string const& group, std::string const& name) {
  if (file.has_attribute(group, name)) return file.text_list_attribute(group, name);
  std::vector<std::string> all;
  for (int part = 0; file.has_attribute(group, name + std::to_string(part)); ++part) {
    for (std::string& text : file.text_list_attribute(group, name + std::to_string(part)))
      all.push_back(std::move(text));
  }
  return all;
}

/// Whether a weight of a nested model belongs to a layer: "outer/conv1/kernel:0" to conv1.
bool belongs_to(std::string const& weight, std::string const& layer) {
  std::size_t const end = weight.rfind('/');
  if (end == std::string::npos) return false;
  std::string const owner = "/" + weight.substr(0, end);
  return owner.ends_with("/" + layer);
}

}  // namespace

WeightFile::WeightFile(std::string const& path)
    : file_(H5File::open(path)), root_(file_.is_group("/model_weights") ? "/model_weights/" : "/") {}

bool WeightFile::has_layers() const {
  return file_.has_attribute(root_, "layer_names") || file_.has_attribute(root_, "layer_names0");
}

std::optional<std::string> WeightFile::attribute(std::string const& name) const {
  for (std::string const& object : {std::string("/"), root_}) {
    if (file_.has_attribute(object, name)) return file_.text_attribute(object, name);
  }
  return std::nullopt;
}

LayerWeights WeightFile::weights_of(std::string const& layer) const {
  LayerWeights weights{root_ + layer, {}};
  if (file_.is_group(weights.group)) weights.names = list_attribute(file_, weights.group, "weight_names");
  return weights;
}

LayerWeights WeightFile::weights_inside(std::string const& outer, std::string const& layer) const {
  LayerWeights weights = weights_of(outer);
  std::erase_if(weights.names, [&](std::string const& name) { return !belongs_to(name, layer); });
  return weights;
}

Shape WeightFile::shape(std::string const& group, std::string const& name, std::string const& where) const {
  std::string const path = group + "/" + name;
  VALIDATE(file_.is_dataset(path),
           where << ": the file names it but has no data set " << path << " (damaged). Copy the file again.");
  return file_.dataset(path).shape();
}

Weights WeightFile::read(std::string const& group, std::string const& name, Shape const& expected,
                         std::string const& where) {
  std::string const path = group + "/" + name;
  VALIDATE(file_.is_dataset(path),
           where << ": the file names it but has no data set " << path << " (damaged). Copy the file again.");
  H5Dataset const data = file_.dataset(path);
  VALIDATE(is_float(data.type()), where << ": it holds " << name_of(data.type())
                                        << " (sonde reads floating point weights). "
                                        << "Save the model with float32 weights.");
  VALIDATE(data.shape() == expected, where << ": it has shape " << to_string(data.shape())
                                           << " in the file where the architecture needs " << to_string(expected)
                                           << " (they do not belong together). Check both.");
  Weights& known = read_[path];
  if (!known) {
    auto tensor = std::make_shared<Tensor>(expected);
    data.read_rows<float>(0, data.rows(), tensor->data.span());
    known = std::move(tensor);
  }
  return known;
}

}  // namespace sonde::io::keras
