#include "app/common_options.hpp"

#include <unistd.h>

#include <filesystem>

#include "app/isolate.hpp"
#include "base/check.hpp"
#include "base/log.hpp"
#include "base/parameters.hpp"
#include "base/registry.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "device/device.hpp"

namespace sonde::app {
namespace {

using Texts = std::vector<std::string>;

}  // namespace

void add_model_options(CommandLine& line) {
  line.group("Models")->add_options()(
      "model", po::value<Texts>()->value_name("FILE"),
      "Keras HDF5 (.h5, architecture inside or in a .json beside it) or ONNX; repeatable")(
      "lambda", po::value<Texts>()->value_name("NAME=S,O"),
      "what the Keras Lambda layer NAME computes: S x + O; its own code is never run; repeatable")(
      "regression", po::bool_switch(),
      "the outputs are numbers, not classes (a single output without sigmoid always is)");
}

void add_data_options(CommandLine& line, std::string const& name) {
  line.group("Data")->add_options()(
      name.c_str(), po::value<std::string>()->value_name("DATA"),
      "IDX, NPY, NPZ:NAME, CSV (each also .gz), FILE.h5:/DATASET, or a folder of JPEG and PNG")(
      "preprocess", po::value<Texts>()->value_name("KEY=VALUE,.."),
      "stored part: resize= crop= blur= color= shape= layout=; model part: scale= mean= std= channels=; see below; "
      "repeatable")("input-range", po::value<std::string>()->value_name("LO,HI"),
                    "range of the stored values; integers of 8 and 16 bits imply theirs")(
      "columns", po::value<std::string>()->default_value("")->value_name("LIST"),
      "CSV: feature columns by name or number from 0, ranges with '-' (default: all but the label)")(
      "label-column", po::value<std::string>()->default_value("")->value_name("COLUMN"), "CSV: the column of labels");
}

void add_text_options(CommandLine& line) {
  line.group("Text")->add_options()(
      "vocab", po::value<std::string>()->value_name("FILE.json"),
      "the data are text: {\"symbol\": id, ...}, symbols of one or more characters, the longest that fits first")(
      "record", po::value<std::string>()->value_name("line|window:N"),
      "line: one record a line (of a .csv or .tsv with --columns: a field); window:N: N symbols after each other "
      "(default: line)")("length", po::value<std::int64_t>()->value_name("N"),
                         "symbols of a record, start symbol included; longer lines are cut after it (default: the "
                         "longest line, or the window) [symbols]")(
      "pad", po::value<std::string>()->value_name("left|right,ID"), "where and with which id short records are filled")(
      "start", po::value<std::int64_t>()->value_name("ID"), "id put before the first symbol of every record")(
      "unknown", po::value<std::int64_t>()->value_name("ID"),
      "id of characters that are not in the vocabulary (default: that of \"<unk>\"; without one they are refused)");
}

std::optional<io::TextOptions> text_options(CommandLine const& line) {
  if (!line.given("vocab")) {
    for (std::string const name : {"record", "length", "pad", "start", "unknown"}) {
      VALIDATE(!line.given(name), "--" << name << ": it is for text (a vocabulary makes data text). Give --vocab too.");
    }
    return std::nullopt;
  }
  for (std::string const name : {"preprocess", "input-range"}) {
    VALIDATE(!line.given(name),
             "--" << name << ": it is for numbers and images (--vocab says that the data are text). Leave one out.");
  }
  io::TextOptions options;
  options.vocabulary = line.text("vocab");
  if (line.given("record")) options.record = line.text("record");
  if (line.given("length")) options.length = line.integer("length");
  if (line.given("pad")) options.pad = line.text("pad");
  if (line.given("start")) options.start = line.integer("start");
  if (line.given("unknown")) options.unknown = line.integer("unknown");
  options.column = line.text("columns");
  return options;
}

void add_execution_options(CommandLine& line) {
  auto* const group = line.group("Execution");
  group->add_options()("backend", po::value<std::string>()->default_value("auto"), "auto, cpu, reference or cuda")(
      "precision", po::value<std::string>()->default_value("fp32"),
      "of products on a GPU: fp32, or tf32, which is faster and rounds factors to 10 bits")(
      "threads", po::value<std::int64_t>()->default_value(1), "workers in each rank, each on its own micro-batch")(
      "log-level", po::value<std::string>()->default_value("info"), "debug, info, warning or error");
  add_isolate_options(group);
}

backend::BackendMaker backend_maker(CommandLine const& line) {
  return backend::backend_maker(line.text("backend"), {backend::precision_of(line.text("precision"))});
}

void check_same_backends(std::vector<std::string> const& own, comm::Communicator const& comm) {
  bool const on_device = own.front().starts_with("cuda");
  std::string const text = join(own) + (on_device ? " on " + device::chosen().name : "");
  std::string first = text;
  comm::broadcast(comm, first, 0);
  comm::agree(comm, [&] {
    if (text == first) return;
    std::string const why = on_device || !device::built_in() ? "" : "; it has no GPU: " + device::why_none();
    SONDE_FAIL_AS(InputError, "--backend: this rank computes by " << text << " but rank 0 by " << first
                                                                  << " (results would depend on who did what" << why
                                                                  << "). Give --backend cpu, or ranks that are alike.");
  });
}

void add_output_options(CommandLine& line, bool required) {
  line.group("Output")->add_options()("out", po::value<std::string>()->value_name("F.h5"),
                                      required ? "result file (required)" : "result file")(
      "overwrite", po::bool_switch(), "replace OUT, and the segments of an unfinished run, if they exist");
}

io::ModelOptions model_options(CommandLine const& line) {
  io::ModelOptions options;
  for (std::string const& text : line.texts("lambda")) {
    auto const equals = text.find('='), comma = text.find(',', equals == std::string::npos ? 0 : equals);
    VALIDATE(equals != std::string::npos && comma != std::string::npos,
             "--lambda '" << text << "' is not of the form NAME=scale,offset. Write e.g. lambda_1=0.00784,-1.");
    std::string const name = text.substr(0, equals);
    options.lambdas[name] = {
        static_cast<float>(parse_number(text.substr(equals + 1, comma - equals - 1), "--lambda " + name)),
        static_cast<float>(parse_number(text.substr(comma + 1), "--lambda " + name))};
  }
  return options;
}

std::vector<std::shared_ptr<nn::Network const>> read_networks(CommandLine const& line, bool regression,
                                                              std::int64_t sequence_length) {
  VALIDATE(line.given("model"), "--model: no model is given. Give --model FILE.");
  io::ModelOptions options = model_options(line);
  options.sequence_length = sequence_length;
  std::vector<std::shared_ptr<nn::Network const>> networks;
  for (std::string const& path : line.texts("model")) {
    networks.push_back(std::make_shared<nn::Network const>(io::read_model(path, options), regression));
  }
  return networks;
}

Data open_data(CommandLine const& line, std::string const& name, comm::Communicator const& comm) {
  Data data;
  io::DataOptions options;
  std::optional<io::TextOptions> text;
  comm::agree(comm, [&] {
    VALIDATE(line.given(name), "--" << name << ": no data are given. Give --" << name << " DATA.");
    text = text_options(line);
    data.preprocess = io::parse_preprocess(line.texts("preprocess"));
    options.preprocess = data.preprocess;
    options.columns = line.text("columns");
    options.label_column = line.text("label-column");
    if (line.given("input-range")) options.input_range = io::parse_input_range(line.text("input-range"));
  });
  if (text) {
    data.records = data.text = io::open_text(line.text(name), *text, comm);
  } else {
    data.records = io::open_dataset(line.text(name), options, comm);
  }
  return data;
}

void check_vocabulary(std::vector<std::shared_ptr<nn::Network const>> const& networks, Data const& data) {
  for (auto const& network : networks) {
    if (!data.text || network->vocabulary() == 0) continue;
    VALIDATE(data.text->ids() <= network->vocabulary(),
             "model " << network->file().path << ": it knows the ids 0 to " << network->vocabulary() - 1
                      << " but the text has ids up to " << data.text->ids() - 1
                      << " (they are of another vocabulary). Give the --vocab, --pad and --start of the model.");
  }
}

void warn_about_scale(CommandLine const& line, io::Dataset const& data) {
  bool const bytes = data.domain().type == io::ElementType::uint8 && data.sample_shape().size() == 3;
  bool declared = false;
  for (std::string const& text : line.texts("preprocess")) {
    declared |= text.find("scale=") != std::string::npos || text.find("mean=") != std::string::npos ||
                text.find("std=") != std::string::npos;
  }
  if (bytes && !declared) {
    SONDE_LOG(
        warning,
        "the models see pixels as 0..255 (no model domain is declared). If they were trained on 0..1 add --preprocess "
        "scale=1/255; --preprocess scale=1 silences this.");
  }
}

void check_output(CommandLine const& line) {
  namespace fs = std::filesystem;
  VALIDATE(!line.text("out").empty(), "--out: no result file is named. Give --out F.h5.");
  fs::path const out = line.text("out");
  VALIDATE(!fs::is_directory(out), "--out " << out.string() << ": it is a folder (results are one file). Name a file.");
  VALIDATE(
      line.flag("overwrite") || !fs::exists(out),
      "--out " << out.string()
               << ": it exists already (results are not replaced unasked). Add --overwrite, or name another file.");
  check_folder("--out", out.string());
}

void check_folder(std::string const& option, std::string const& file) {
  namespace fs = std::filesystem;
  fs::path const folder = fs::path(file).has_parent_path() ? fs::path(file).parent_path() : ".";
  VALIDATE(fs::is_directory(folder), option << " " << file << ": there is no folder " << folder.string()
                                            << " (a file needs one). Make it first.");
  VALIDATE(::access(folder.c_str(), W_OK) == 0,
           option << " " << file << ": the folder " << folder.string()
                  << " cannot be written to (no permission, or read-only). Choose another.");
}

}  // namespace sonde::app
