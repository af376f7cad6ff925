#include "nn/model_record.hpp"

namespace sonde::nn {

std::string layer_listing(Network const& network) {
  std::string text;
  for (Layer const& layer : network.layers()) {
    text += layer.name + '\t' + sonde::to_string(layer.shape) + '\t' + std::to_string(layer.units) + '\n';
  }
  return text;
}

void write_model(io::H5File& file, std::size_t k, Network const& network, std::string const& backend) {
  std::string const group = "/models/" + std::to_string(k);
  file.create_group(group);
  file.write_text(group + "/path", network.file().path);
  file.write_text(group + "/sha256", network.file().sha256);
  file.write_text(group + "/layers", layer_listing(network));
  file.write_attribute(group, "format", network.file().format);
  file.write_attribute(group, "backend", backend);
  file.write_attribute(group, "task", to_string(network.task()));
  file.write_attribute(group, "outputs", network.outputs());
}

}  // namespace sonde::nn
