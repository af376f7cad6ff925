// sonde describe: what sonde sees in a model file.
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/isolate.hpp"
#include "backend/backend.hpp"
#include "base/check.hpp"
#include "base/registry.hpp"
#include "comm/agree.hpp"

namespace sonde::app {
namespace {

using Json = nlohmann::ordered_json;

CommandLine make_describe_line() {
  CommandLine line(
      "sonde describe MODEL [MODEL ...] [--json] | --ops [--json]",
      "Prints format, shapes, layers, counted neurons and backend of model files, or what sonde supports.");
  add_model_options(line);
  line.positional("model", -1);
  auto* const group = line.group("Describe");
  group->add_options()("ops", po::bool_switch(),
                       "list the Keras layers and ONNX operators that sonde reads; needs no model")(
      "json", po::bool_switch(), "print JSON instead of text")(
      "backend", po::value<std::string>()->default_value("auto"),
      "the choice to be explained: auto, cpu, reference or cuda");
  add_isolate_options(group);
  return line;
}

char const* counting_rule(std::string const& format) {
  return format == "keras"
             ? "every Keras layer counts but inputs and those that only rearrange (Flatten, Reshape, Permute); a "
               "neuron "
               "is a channel or unit, the last axis of the layer's output, and its value the mean over the positions"
             : "every ONNX operator counts but those that rearrange, pad, or compute with constants, and a product "
               "(Conv, Gemm, MatMul) is one layer with the bias, normalisation and activation that follow it; a neuron "
               "is a channel or unit, and its value the mean over the positions";
}

/// The backend --backend would choose, or why there is none.
std::string backend_name(std::string const& kind, io::ModelFile const& file) {
  try {
    return backend::make_backend(kind, file)->name();
  } catch (InputError const& error) {
    return std::string("none: ") + error.what();
  }
}

Json node_facts(nn::Network const& network, std::size_t index) {
  io::Node const& node = network.file().nodes[index];
  Json facts{{"node", index}, {"name", node.name}, {"op", io::op_name(node.op)}, {"shape", node.shape}};
  if (auto const* activation = std::get_if<io::Activation>(&node.op)) facts["op"] = io::to_string(activation->function);
  facts["inputs"] = node.inputs;
  facts["counted_as"] = Json::array();
  for (nn::Layer const& layer : network.layers()) {
    if (layer.node == static_cast<int>(index))
      facts["counted_as"].push_back({{"layer", layer.name}, {"units", layer.units}});
  }
  return facts;
}

Json model_facts(nn::Network const& network, std::string const& kind) {
  io::ModelFile const& file = network.file();
  Json facts;
  facts["path"] = file.path;
  facts["format"] = file.format;
  facts["sha256"] = file.sha256;
  facts["input_shape"] = network.shown_input_shape();
  facts["task"] = nn::to_string(network.task());
  facts["outputs"] = network.outputs();
  facts["parameters"] = file.parameters();
  facts["backend"] = backend_name(kind, file);
  for (std::size_t i = 0; i < file.nodes.size(); ++i) facts["nodes"].push_back(node_facts(network, i));
  facts["counted_layers"] = network.layers().size();
  facts["counted_units"] = network.units();
  facts["counting_rule"] = counting_rule(file.format);
  return facts;
}

std::string counted_text(Json const& counted) {
  std::string text;
  for (Json const& layer : counted) {
    if (!text.empty()) text += ", ";
    text += std::to_string(layer["units"].get<std::int64_t>()) + " as " + layer["layer"].get<std::string>();
  }
  return text;
}

std::string model_text(Json const& facts) {
  std::ostringstream text;
  text << facts["path"].get<std::string>() << '\n' << std::left;
  auto const line = [&](char const* name, std::string const& value) {
    text << "  " << std::setw(12) << name << value << '\n';
  };
  line("format", facts["format"]);
  line("sha256", facts["sha256"]);
  line("input", facts["input_shape"]);
  line("task", facts["task"]);
  line("outputs", std::to_string(facts["outputs"].get<std::int64_t>()));
  line("parameters", std::to_string(facts["parameters"].get<std::int64_t>()));
  line("backend", facts["backend"]);
  std::size_t name_width = 4, op_width = 2, shape_width = 5;
  for (Json const& node : facts["nodes"]) {
    name_width = std::max(name_width, node["name"].get_ref<std::string const&>().size());
    op_width = std::max(op_width, node["op"].get_ref<std::string const&>().size());
    shape_width = std::max(shape_width, to_string(node["shape"].get<Shape>()).size());
  }
  auto const row = [&](std::string const& name, std::string const& op, std::string const& shape,
                       std::string const& counted) {
    text << "  " << std::setw(static_cast<int>(name_width) + 2) << name << std::setw(static_cast<int>(op_width) + 2)
         << op;
    if (counted.empty()) {
      text << shape << '\n';
    } else {
      text << std::setw(static_cast<int>(shape_width) + 2) << shape << counted << '\n';
    }
  };
  text << '\n';
  row("node", "op", "shape", "counted units");
  for (Json const& node : facts["nodes"]) {
    row(node["name"], node["op"], to_string(node["shape"].get<Shape>()), counted_text(node["counted_as"]));
  }
  text << "\n  " << facts["counted_units"] << " neurons in " << facts["counted_layers"]
       << " layers: " << facts["counting_rule"].get<std::string>() << ".\n";
  return text.str();
}

std::string wrapped(std::vector<std::string> const& names) {
  constexpr std::size_t columns = 100;
  std::string text, row = " ";
  for (std::string const& name : names) {
    if (row.size() + name.size() > columns) {
      text += row + '\n';
      row = " ";
    }
    row += ' ' + name;
  }
  return text + row + '\n';
}

void print_ops(bool json) {
  if (json) {
    std::cout << Json{{"keras", io::keras_layer_names()}, {"onnx", io::onnx_op_names()}}.dump(2) << '\n';
    return;
  }
  std::cout << "Keras layers\n"
            << wrapped(io::keras_layer_names()) << "ONNX operators\n"
            << wrapped(io::onnx_op_names());
}

void describe(CommandLine const& line) {
  if (line.flag("ops")) return print_ops(line.flag("json"));
  VALIDATE(line.given("model"), "describe: no model is named. Write sonde describe MODEL, or --ops.");
  open_isolated(line, comm::Communicator());
  Json all = Json::array();
  for (auto const& network : read_networks(line, line.flag("regression"))) {
    all.push_back(model_facts(*network, line.text("backend")));
  }
  if (line.flag("json")) {
    // Names in a model file may be any bytes.
    std::cout << all.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return;
  }
  for (std::size_t k = 0; k < all.size(); ++k) std::cout << (k ? "\n" : "") << model_text(all[k]);
}

}  // namespace

int run_describe(std::vector<std::string> const& words, comm::Communicator const& comm) {
  CommandLine line = make_describe_line();
  comm::agree(comm, [&] {
    // One rank sees all there is to see.
    if (comm.is_root() && line.parse(words, true) == CommandLine::Result::run) describe(line);
  });
  return exit_done;
}

}  // namespace sonde::app
