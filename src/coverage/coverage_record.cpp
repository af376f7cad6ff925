#include "coverage/coverage_record.hpp"

#include "io/result_file.hpp"

namespace sonde::coverage {

void write_coverage(io::H5File& file, std::string const& group, nn::Network const& network, Criterion const& criterion,
                    std::span<std::uint8_t const> state) {
  std::vector<std::string> names;
  std::vector<std::int64_t> sizes;
  for (nn::Layer const& layer : network.layers()) {
    names.push_back(layer.name);
    sizes.push_back(layer.units);
  }
  std::vector<std::uint8_t> covered;
  for (std::int64_t unit = 0; unit < network.units(); ++unit) covered.push_back(criterion.covers(state, unit));
  file.create_group(group);
  file.write_texts(group + "/layer_names", names);
  file.write(group + "/layer_sizes", sizes);
  io::write_column(file, group + "/covered", covered, "1", "1 for each neuron covered, layer after layer");
  file.write_attribute(group, "criterion", criterion.definition());
}

}  // namespace sonde::coverage
