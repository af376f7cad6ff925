#include "app/generate_options.hpp"

#include <limits>

#include "app/batch_option.hpp"
#include "app/checkpoint_options.hpp"
#include "app/common_options.hpp"
#include "base/check.hpp"
#include "base/parameters.hpp"
#include "base/registry.hpp"
#include "generate/constraints/constraint.hpp"

namespace sonde::app {
namespace {

using Text = std::string;
constexpr double infinity = std::numeric_limits<double>::max();
constexpr std::int64_t most = std::int64_t{1} << 40;

void add_ascent_options(CommandLine& line) {
  line.group("Ascent")->add_options()("mode", po::value<Text>()->default_value("valid"),
                                      "valid: findings survive being saved; published: exactly the published program")(
      "lambda1", po::value<double>()->default_value(1), "weight of lowering the target model's output")(
      "lambda2", po::value<double>()->default_value(0.1), "weight of one uncovered neuron per model; 0: none")(
      "step", po::value<Text>()->default_value("auto"),
      "change per iteration [stored range]; auto: by constraint, published 10 model units")(
      "max-iterations", po::value<std::int64_t>()->default_value(20), "per seed")(
      "target", po::value<Text>()->default_value("auto"),
      "model to push away: INDEX from 0, or random per seed; auto: random, published 0")(
      "repick", po::value<Text>()->default_value("auto"),
      "pick the neuron anew each iteration, or once per seed; auto: iteration, published seed")(
      "objective", po::value<Text>()->default_value("logit"), "logit (before a closing softmax) or probability")(
      "divergence", po::value<double>()->default_value(0.2),
      "regression: outputs further apart, not all of one sign, disagree [output]");
}

void add_domain_options(CommandLine& line) {
  line.group("Domain")->add_options()("constraint", po::value<Text>()->default_value("none"),
                                      join(generate::constraint_usage(), "\n").c_str())(
      "quantize", po::value<std::int64_t>()->default_value(0),
      "levels of the stored range; 0: those of the data's type")(
      "max-linf", po::value<double>()->default_value(0), "largest change of an element [stored range]; 0: no bound")(
      "max-l2", po::value<double>()->default_value(0),
      "largest Euclidean distance from the seed [stored range]; 0: no bound");
}

void add_schedule_options(CommandLine& line) {
  line.group("Coverage and schedule")
      ->add_options()("threshold", po::value<double>()->default_value(0),
                      "a neuron is covered when its scaled value exceeds it")(
          "order", po::value<Text>()->default_value("shuffle"), "of the seeds: shuffle or file")(
          "num-seeds", po::value<std::int64_t>()->default_value(0), "seeds to use; 0: all")(
          "passes", po::value<std::int64_t>()->default_value(1), "times to go through the seeds")(
          "until-coverage", po::value<double>()->default_value(0),
          "stop after the round that covers this share of all neurons; 0: never")(
          "first-round", po::value<std::int64_t>()->default_value(256),
          "seeds of the first round; doubles up to --round")("round", po::value<std::int64_t>()->default_value(4096),
                                                             "seeds between two merges of coverage")(
          "batch", po::value<Text>()->default_value("auto"),
          "seeds of a micro-batch, worked on together; auto: 64, on a GPU a quarter of --round as far as its memory "
          "goes")("rng-seed", po::value<std::int64_t>()->default_value(0), "of all random draws");
}

void add_report_options(CommandLine& line) {
  line.group("Running")->add_options()("summary", po::value<Text>()->value_name("FILE"),
                                       "also write the closing summary as JSON")(
      "dry-run", po::bool_switch(), "load and check everything, predict memory, disk and time, write nothing");
}

}  // namespace

CommandLine make_generate_line() {
  CommandLine line(
      "sonde generate --model A --model B [--model C ...] --seeds D --out F.h5 [options]",
      "Finds inputs on which models of one task disagree, by gradient ascent from unlabelled seeds under a domain\n"
      "constraint, while raising neuron coverage (DeepXplore, SOSP 2017). Results do not depend on the number of\n"
      "ranks and threads.");
  add_model_options(line);
  add_data_options(line, "seeds");
  add_ascent_options(line);
  add_domain_options(line);
  add_schedule_options(line);
  add_execution_options(line);
  add_output_options(line, true);
  add_checkpoint_options(line);
  add_report_options(line);
  line.epilogue(io::preprocess_help());
  return line;
}

generate::Config generate_config(CommandLine const& line) {
  using generate::Mode;
  generate::Config config;
  config.mode = line.choice<Mode>("mode", {{"valid", Mode::valid}, {"published", Mode::published}});
  bool const published = config.mode == Mode::published;
  config.lambda1 = line.number_in("lambda1", -infinity, infinity);
  config.lambda2 = line.number_in("lambda2", -infinity, infinity);
  if (line.text("step") != "auto") {
    config.step = parse_number(line.text("step"), "--step");
    VALIDATE(*config.step > 0,
             "--step " << *config.step << ": it is not positive (the ascent would not climb). See --help.");
  }
  config.max_iterations = line.integer_in("max-iterations", 1, 1 << 24);
  std::string const target = line.text("target");
  config.target = target == "random" ? -1 : target == "auto" ? (published ? 0 : -1) : parse_integer(target, "--target");
  VALIDATE(config.target >= -1, "--target " << target << ": it is negative. Give an index from 0, or random.");
  using generate::Repick;
  config.repick = line.choice<Repick>("repick", {{"auto", published ? Repick::seed : Repick::iteration},
                                                 {"iteration", Repick::iteration},
                                                 {"seed", Repick::seed}});
  using generate::ObjectiveKind;
  config.objective = line.choice<ObjectiveKind>(
      "objective", {{"logit", ObjectiveKind::logit}, {"probability", ObjectiveKind::probability}});
  config.divergence = line.number_in("divergence", 0, infinity);
  config.constraint = line.text("constraint");
  config.quantize = line.integer_in("quantize", 0, 1 << 24);
  VALIDATE(config.quantize != 1, "--quantize 1: one level holds no image. Give 2 or more, or 0 for those of the data.");
  config.max_linf = line.number_in("max-linf", 0, infinity);
  config.max_l2 = line.number_in("max-l2", 0, infinity);
  config.threshold = line.number_in("threshold", 0, 1);
  using generate::Order;
  config.order = line.choice<Order>("order", {{"shuffle", Order::shuffle}, {"file", Order::file}});
  config.num_seeds = line.integer_in("num-seeds", 0, most);
  config.passes = line.integer_in("passes", 1, 1 << 30);
  config.until_coverage = line.number_in("until-coverage", 0, 1);
  config.first_round = line.integer_in("first-round", 1, most);
  config.round = line.integer_in("round", 1, most);
  config.batch = batch_given(line).value_or(config.batch);
  config.rng_seed =
      static_cast<std::uint64_t>(line.integer_in("rng-seed", 0, std::numeric_limits<std::int64_t>::max()));
  return config;
}

}  // namespace sonde::app
