// The ONNX project's own operator cases (Debian: libonnx-testdata): each either runs on the reference backend and
// agrees with the stored output, or is refused; onnx_node_cases.txt, beside this file, says which, in which ways
// (onnx_cases.hpp), and why not. With SONDE_WRITE_CASES=FILE the list is written as well as checked.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "nn/runner.hpp"
#include "onnx_cases.hpp"

namespace {

namespace fs = std::filesystem;
using namespace sonde;
using namespace sonde::test;

fs::path const cases_folder = "/usr/share/libonnx-testdata/data";
std::vector<std::string> const suites{"node", "pytorch-converted", "pytorch-operator", "simple"};
std::string const list_path = SONDE_SOURCE_DIR "/tests/nn/onnx_node_cases.txt";

struct Outcome {
  std::string verdict;  // "pass", "refused", "wrong"
  std::string detail;   // the ways that pass; the reader's message
};

/// The reader's message without path and without the list of operators.
std::string reason_of(std::string message, std::string const& path) {
  std::string const start = "model " + path;
  EXPECT_TRUE(message.starts_with(start)) << message;
  message = message.substr(start.size() + 2);
  return message.substr(0, message.find(" The supported operators"));
}

/// The model's output in the file's order. In sequences the batch is another axis than 0: that without which the shapes
/// are those of a sample. `wanted` is the output's shape in the file, `output` becomes that of the result.
Floats run(io::ModelFile file, onnx::TensorProto const& input, Shape const& wanted, Shape& output) {
  bool const image = input.dims_size() == 4 && file.channels_first;
  std::size_t const axis = image ? 0 : batch_axis(shape_of(input), file.input_shape()).value_or(0);
  std::int64_t const batch = input.dims(static_cast<int>(axis));
  Floats const rows =
      image ? turned(floats(input), shape_of(input), false) : axis_first(floats(input), shape_of(input), axis, false);
  Shape const sample = file.output_shape();
  std::size_t const output_axis = batch_axis(wanted, sample).value_or(0);
  output = sample;
  output.insert(output.begin() + static_cast<std::ptrdiff_t>(output_axis), batch);
  bool const output_image = output.size() == 4 && output_axis == 0;
  if (output_image) output = {batch, output[3], output[1], output[2]};
  if (file.layers.empty()) file.layers.push_back({"output", file.output});  // a network has neurons
  auto network = std::make_shared<nn::Network const>(std::move(file));
  std::shared_ptr<backend::Backend const> reference = backend::make_backend("reference", network->file());
  nn::Runner runner(network, reference, {{batch}, false});
  runner.forward(batch, rows.data());
  Floats result(static_cast<std::size_t>(volume(output)));
  runner.outputs(batch, result.data());
  return output_image ? turned(result, output, true) : axis_first(result, output, output_axis, true);
}

Outcome compare(OnnxCase const& item, io::ModelFile file, onnx::TensorProto const& expected) {
  Shape wanted_shape = shape_of(expected);
  if (item.lifted) wanted_shape.insert(wanted_shape.begin(), 1);
  Shape output;
  Floats const result = run(std::move(file), item.input, wanted_shape, output);
  if (output != wanted_shape) return {"wrong", "shape " + to_string(output) + " instead of " + to_string(wanted_shape)};
  Floats const wanted = floats(expected);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    // The tolerances of ONNX's own runner.
    bool const same = std::abs(result[i] - wanted[i]) <= 1e-7F + 1e-3F * std::abs(wanted[i]) ||
                      (std::isnan(result[i]) && std::isnan(wanted[i])) || result[i] == wanted[i];
    if (!same)
      return {"wrong",
              "element " + std::to_string(i) + ": " + std::to_string(result[i]) + " != " + std::to_string(wanted[i])};
  }
  return {"pass", item.way};
}

Outcome run_way(OnnxCase const& item, fs::path const& expected, std::string const& path) {
  {
    std::ofstream out(path, std::ios::binary);
    item.model.SerializeToOstream(&out);
  }
  try {
    return compare(item, io::read_onnx(path, {}), load_tensor(expected));
  } catch (InputError const& error) {
    return {"refused", reason_of(error.what(), path)};
  }
}

/// One output of a case: wrong when it is in any way, passed when it is in any way.
Outcome run_output(fs::path const& folder, int output, std::string const& path) {
  Outcome best;
  for (OnnxCase const& item : cases_of(folder, output)) {
    Outcome const outcome =
        run_way(item, folder / "test_data_set_0" / ("output_" + std::to_string(output) + ".pb"), path);
    if (outcome.verdict == "wrong") return outcome;
    bool const also = outcome.verdict == "pass" && best.verdict == "pass";
    if (also) best.detail += " " + outcome.detail;
    if (!also && best.verdict != "pass" && (best.verdict.empty() || outcome.verdict == "pass")) best = outcome;
  }
  return best;
}

/// A case passes when each of its outputs does.
Outcome run_case(fs::path const& folder, std::string const& path) {
  Outcome all{"pass", ""};
  int outputs = 0;
  while (fs::exists(folder / "test_data_set_0" / ("output_" + std::to_string(outputs) + ".pb"))) ++outputs;
  EXPECT_GT(outputs, 0) << folder;
  for (int output = 0; output < outputs; ++output) {
    Outcome const outcome = run_output(folder, output, path);
    if (outcome.verdict != "pass") return outcome;
    all = outcome;
  }
  return all;
}

std::map<std::string, Outcome> run_all() {
  std::map<std::string, Outcome> outcomes;
  fs::path const scratch = scratch_path("onnx_node_cases");
  fs::create_directories(scratch);
  for (std::string const& suite : suites) {
    for (auto const& entry : fs::directory_iterator(cases_folder / suite)) {
      outcomes[suite + "/" + entry.path().filename().string()] =
          run_case(entry.path(), (scratch / "case.onnx").string());
    }
  }
  fs::remove_all(scratch);
  return outcomes;
}

std::map<std::string, Outcome> read_list() {
  std::map<std::string, Outcome> listed;
  std::ifstream in(list_path);
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string name, verdict, detail;
    words >> name >> verdict >> std::ws;
    std::getline(words, detail);
    listed[name] = {verdict, detail};
  }
  return listed;
}

void write_list(std::string const& path, std::map<std::string, Outcome> const& outcomes) {
  std::ofstream out(path);
  out << "# Cases of libonnx-testdata 1.12 (Debian 12): pass and in which ways, or refused and the reader's message.\n"
      << "# Written by test_onnx_models with SONDE_WRITE_CASES=FILE; checked by the same test.\n";
  for (auto const& [name, outcome] : outcomes) out << name << ' ' << outcome.verdict << ' ' << outcome.detail << '\n';
}

TEST(OnnxNodeCases, RecurrentNetworksOfPyTorchPass) {
  fs::path const scratch = scratch_path("onnx_pytorch_cases");
  std::string const script = SONDE_SOURCE_DIR "/tests/nn/export_recurrent.py";
  int const status = std::system((SONDE_PYTHON " " + script + " " + scratch.string() + " >/dev/null 2>&1").c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no PyTorch (Debian: python3-torch)";
  ASSERT_EQ(status, 0) << script;
  int cases = 0;
  for (auto const& entry : fs::directory_iterator(scratch)) {
    Outcome const outcome = run_case(entry.path(), (entry.path() / "case.onnx").string());
    EXPECT_EQ(outcome.verdict, "pass") << entry.path().filename() << ": " << outcome.detail;
    ++cases;
  }
  EXPECT_EQ(cases, 15);
  fs::remove_all(scratch);
}

TEST(OnnxNodeCases, PassOrAreRefusedAsListed) {
  if (!fs::exists(cases_folder)) GTEST_SKIP() << "no " << cases_folder << " (Debian: libonnx-testdata)";
  auto const outcomes = run_all();
  if (char const* target = std::getenv("SONDE_WRITE_CASES")) write_list(target, outcomes);
  auto const listed = read_list();
  for (auto const& [name, outcome] : outcomes) {
    EXPECT_NE(outcome.verdict, "wrong") << name << ": " << outcome.detail;
    if (!listed.contains(name)) {
      ADD_FAILURE() << name << " is not listed: " << outcome.verdict << " " << outcome.detail;
      continue;
    }
    EXPECT_EQ(outcome.verdict, listed.at(name).verdict) << name << ": " << outcome.detail;
    EXPECT_EQ(outcome.detail, listed.at(name).detail) << name;
  }
  for (auto const& entry : listed)
    EXPECT_TRUE(outcomes.contains(entry.first)) << entry.first << " is listed but is no case";
}

}  // namespace
