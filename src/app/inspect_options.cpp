#include "app/inspect_options.hpp"

#include <algorithm>

#include "app/checkpoint_options.hpp"
#include "app/common_options.hpp"
#include "base/check.hpp"
#include "base/registry.hpp"
#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::app {
namespace {

using Text = std::string;
using Texts = std::vector<std::string>;

void add_question_options(CommandLine& line) {
  std::vector<std::string> measures = inspect::measure_usage();
  std::ranges::copy(inspect::probe_usage(), std::back_inserter(measures));
  line.group("Question")
      ->add_options()("units", po::value<Texts>()->value_name("U")->default_value({"*"}, "*"),
                      "LAYER, LAYER:a-b, LAYER.cell, LAYER.gates, or * for all layers that fit; of every model; "
                      "repeatable")("behaviors", po::value<Text>()->value_name("FILE:/DATASET"),
                                    "read unit behaviours (rows, units) instead of running models")(
          "symbols", po::value<std::int64_t>()->default_value(1),
          "with --behaviors and without --data: consecutive rows that make one record")(
          "hypothesis", po::value<Texts>()->value_name("NAME=KIND:ARGS"),
          ("repeatable; kinds:\n" + join(inspect::hypothesis_usage(), "\n")).c_str())(
          "measure", po::value<Texts>()->value_name("M")->default_value({"pearson"}, "pearson"),
          ("repeatable; measures of one unit, and probes of many:\n" + join(measures, "\n")).c_str())(
          "reduce", po::value<Text>()->default_value("mean"),
          "images without masks: how the positions of a unit become one number: mean, max or scaled");
}

void add_probe_options(CommandLine& line) {
  line.group("Probes")->add_options()(
      "holdout", po::value<Text>()->default_value("hash:0.2"),
      "records that probes are scored on: hash:SHARE (drawn by record) or modulo:N (every N-th)")(
      "group", po::value<Text>()->default_value("model"), "units that a probe uses together: all, model or layer")(
      "no-control", po::bool_switch(), "do not train on random labels beside the real ones (no selectivity)");
}

void add_scale_options(CommandLine& line) {
  line.group("Scale")->add_options()("epsilon", po::value<double>()->default_value(0),
                                     "stop when every score is known to +- this; 0: read everything [score]")(
      "confidence", po::value<double>()->default_value(0.95), "of the intervals that --epsilon is compared with")(
      "block", po::value<std::int64_t>()->default_value(0),
      "rows read and added up at once, and between which the spread of scores is taken; 0: 4096, with --epsilon 1024, "
      "fewer for small data [rows]")("batch", po::value<Text>()->default_value("auto"),
                                     "records run through the models at once, no more than a block has; auto: 128 of "
                                     "texts and series, 32 of images, on a GPU what its memory holds [records]")(
      "order", po::value<Text>()->default_value("shuffle"), "of the records: shuffle or file")(
      "rng-seed", po::value<std::int64_t>()->default_value(0), "of all random draws")(
      "memory", po::value<double>()->default_value(1),
      "what a rank may hold in sums, blocks and kept rows; more hypotheses are taken in turns, more rows of a probe "
      "are "
      "streamed [GiB]")("cache", po::value<Text>()->value_name("DIR"),
                        "keep hypothesis columns here, keyed by the content of data, definition and files (what Python "
                        "code imports is not in the key)")(
      "hypothesis-timeout", po::value<double>()->default_value(60),
      "a call of a Python function that takes longer ends the run [s]");
}

void add_report_options(CommandLine& line) {
  line.group("Running")->add_options()("top", po::value<std::int64_t>()->default_value(10),
                                       "strongest pairs and best decoded hypotheses to print")(
      "dry-run", po::bool_switch(), "check everything, run one block, and print what the run would take");
}

}  // namespace

CommandLine make_inspect_line() {
  CommandLine line(
      "sonde inspect --model M [--model N ...] --data D [--units U ...] --hypothesis NAME=KIND:ARGS ... "
      "[--measure S ...] --out F.h5",
      "Scores the affinity of hidden units and hypotheses about what they detect, over a data set, streaming "
      "(DeepBase,\n"
      "SIGMOD 2019). Scores do not depend on the number of ranks and threads (1e-9; coefficients of probes 1e-6).");
  add_model_options(line);
  add_data_options(line, "data");
  add_text_options(line);
  add_question_options(line);
  add_probe_options(line);
  add_scale_options(line);
  add_execution_options(line);
  add_output_options(line, true);
  add_checkpoint_options(line);
  add_report_options(line);
  line.epilogue(io::preprocess_help());
  return line;
}

inspect::Config inspect_config(CommandLine const& line) {
  inspect::Config config;
  config.measures = line.texts("measure");
  config.epsilon = line.number_in("epsilon", 0, 1e9);
  config.confidence = line.number_in("confidence", 0.5, 0.9999999);
  config.order.shuffle = line.choice<bool>("order", {{"shuffle", true}, {"file", false}});
  config.order.rng_seed = static_cast<std::uint64_t>(line.integer_in("rng-seed", 0, std::int64_t{1} << 62));
  config.order.holdout = inspect::parse_holdout(line.text("holdout"));
  config.order.hold_out = std::ranges::any_of(config.measures, inspect::is_probe);
  config.memory = static_cast<std::size_t>(line.number_in("memory", 0.001, 1e6) * 1073741824.0);
  config.threads = static_cast<int>(line.integer_in("threads", 1, 1024));
  config.control = !line.flag("no-control");
  using inspect::Grouping;
  config.grouping =
      line.choice<Grouping>("group", {{"all", Grouping::all}, {"model", Grouping::model}, {"layer", Grouping::layer}});
  VALIDATE(config.epsilon == 0 || config.order.shuffle,
           "--epsilon " << config.epsilon
                        << " with --order file: what has been read would be no random sample (no bound "
                           "would hold). Leave --order at shuffle, or --epsilon at 0.");
  return config;
}

std::int64_t block_records(CommandLine const& line, inspect::Config const& config, std::int64_t records,
                           std::int64_t symbols) {
  std::int64_t const given = line.integer_in("block", 0, std::int64_t{1} << 32);
  std::int64_t const rows = given > 0 ? given : config.epsilon > 0 ? 1024 : 4096;
  std::int64_t const few = given > 0 ? records : (records + 63) / 64;  // 64 blocks, to compare
  return std::max<std::int64_t>(1, std::min({rows / symbols, few, records}));
}

}  // namespace sonde::app
