// sonde extract: the values of units over a data set.
#include <cstdio>
#include <iostream>

#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/isolate.hpp"
#include "app/scan_options.hpp"
#include "base/check.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "io/h5_parallel.hpp"
#include "io/provenance.hpp"
#include "io/result_file.hpp"
#include "nn/behaviors.hpp"
#include "nn/model_record.hpp"

namespace sonde::app {
namespace {

/// Rows that a rank holds before all write together.
constexpr std::int64_t round_bytes = std::int64_t{64} << 20;
/// The largest result: as much as sonde believes a file to hold.
constexpr double most_bytes = 4.0e12;

std::map<std::string, nn::Reduce> const reductions{
    {"mean", nn::Reduce::mean}, {"max", nn::Reduce::max}, {"map", nn::Reduce::map}, {"scaled", nn::Reduce::scaled}};

CommandLine make_extract_line() {
  CommandLine line(
      "sonde extract --model M --data D --units LAYER[:a-b] ... [--reduce mean|max|map|scaled] --out F.h5",
      "Writes the values of units for every record: the data set /behaviors (records, units), float32, and /units,\n"
      "which says what each column is. The result does not depend on ranks or threads.");
  add_model_options(line);
  add_data_options(line, "data");
  add_text_options(line);
  line.group("Units")->add_options()(
      "units", po::value<std::vector<std::string>>()->value_name("LAYER[:a-b]"),
      "a layer or node as 'sonde describe' names it, or its units a to b (included, "
      "from 0); * for all counted layers; node=NAME where a layer bears the name of one of its nodes; repeatable")(
      "reduce", po::value<std::string>()->default_value("mean"),
      "how the positions of a unit become one number: mean, max, scaled (mean of the values scaled to 0..1 over the "
      "layer, as neuron coverage takes them; NaN for a constant layer), or map: all of them, (records, height, width, "
      "units)");
  add_scan_options(line);
  add_execution_options(line);
  add_output_options(line, true);
  line.epilogue(io::preprocess_help());
  return line;
}

class ExtractJob {
 public:
  ExtractJob(CommandLine& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm) {}

  int run() {
    set_up();
    if (line_.flag("dry-run")) return dry_run(*scan_, total_bytes(), comm_);
    Timer timer;
    try {
      write();
    } catch (...) {
      if (comm_.is_root()) std::remove(io::unfinished_name(line_.text("out")).c_str());
      throw;
    }
    comm::agree(comm_, [&] {
      if (comm_.is_root()) io::finish_file(line_.text("out"));
    });
    if (!comm_.is_root()) return exit_done;
    std::cout << scan_->records().size() << " records, " << behaviors_->units() << " units in "
              << duration_text(timer.seconds()) << "\nresults in " << line_.text("out") << '\n';
    return exit_done;
  }

 private:
  void set_up() {
    nn::Scan::Networks networks;
    comm::agree(comm_, [&] {
      apply_log_level(line_, comm_);
      if (!line_.flag("dry-run")) check_output(line_);
      VALIDATE(line_.texts("model").size() <= 1,
               "--model: " << line_.texts("model").size() << " given (extract reads one). Run it once for each.");
      VALIDATE(line_.given("units"), "--units: no units are named. Give --units LAYER, or --units '*'.");
    });
    Data const data = open_data(line_, "data", comm_);
    comm::agree(comm_, [&] {
      networks = read_networks(line_, line_.flag("regression"), data.sequence_length());
      behaviors_ =
          std::make_unique<nn::Behaviors>(*networks.front(), line_.texts("units"), line_.choice("reduce", reductions));
    });
    scan_ = make_scan(line_, networks, data, behaviors_->nodes(), comm_);
    comm::agree(comm_, [&] {
      VALIDATE(total_bytes() <= most_bytes, "--units: the values take "
                                                << total_bytes() / 1e12
                                                << " TB (4 at most). Name fewer units, or --reduce mean.");
    });
  }

  std::int64_t row_bytes() const { return volume(behaviors_->row_shape()) * static_cast<std::int64_t>(sizeof(float)); }
  double total_bytes() const { return static_cast<double>(row_bytes()) * static_cast<double>(scan_->records().size()); }

  void write() {
    Timer timer;
    io::ParallelFile file(comm_, io::unfinished_name(line_.text("out")));
    write_facts(file.file());
    write_behaviors(file);
    file.file().create_group("/timing");
    // Every rank must write the same.
    std::vector<double> seconds{timer.seconds()};
    comm::broadcast(comm_, std::span<double>(seconds));
    io::write_column(file.file(), "/timing/seconds", seconds, "s", "running and writing");
    file.close();
  }

  /// What every rank writes alike.
  void write_facts(io::H5File& file) const {
    std::string created = io::iso_time();
    comm::broadcast(comm_, created);
    write_run_facts(file, "extract", line_, words_, *scan_, comm_.size(), created);
    nn::write_model(file, 0, *scan_->networks().front(), scan_->backend_name(0));
    io::write_data_facts(file, scan_->records());
    std::vector<std::int32_t> models;
    std::vector<std::string> layers;
    std::vector<std::int64_t> units;
    for (nn::UnitGroup const& group : behaviors_->groups()) {
      for (std::int64_t unit = group.first; unit < group.first + group.count; ++unit) {
        models.push_back(0);
        layers.push_back(group.layer);
        units.push_back(unit);
      }
    }
    file.create_group("/units");
    io::write_column(file, "/units/model", models, "1", "number of the model in /models");
    file.write_texts("/units/layer", layers);
    io::write_column(file, "/units/unit", units, "1", "place on the last axis of the layer's output");
  }

  /// Rounds of consecutive blocks: each rank runs its share of a round, then all write together.
  void write_behaviors(io::ParallelFile& file) {
    Shape shape = behaviors_->row_shape();
    shape.insert(shape.begin(), scan_->records().size());
    auto data = file.create_dataset("/behaviors", io::ElementType::float32, shape);
    file.write_attribute("/behaviors", "units", "activation");
    file.write_attribute(
        "/behaviors", "description",
        "value of each unit (last axis, as in /units) for each record, reduced by " + line_.text("reduce"));
    file.write_attribute("/behaviors", "reduce", line_.text("reduce"));

    std::int64_t const batch = scan_->options().batch, threads = scan_->options().threads;
    std::int64_t const fitting = std::max(threads, round_bytes / (batch * row_bytes()));
    std::int64_t const share = std::min(fitting, (scan_->blocks() + comm_.size() - 1) / comm_.size());
    std::vector<float> rows;  // this rank's of a round
    std::vector<std::vector<float>> scratch(static_cast<std::size_t>(threads),
                                            std::vector<float>(behaviors_->scratch(batch)));
    ScanProgress progress(*scan_, comm_);
    std::int64_t done = 0;
    for (std::int64_t round = 0; round < scan_->blocks(); round += share * comm_.size()) {
      std::int64_t const first = std::min(round + share * comm_.rank(), scan_->blocks());
      comm::Block const blocks{first, std::min(share, scan_->blocks() - first)};
      comm::Block const records = scan_->records_of(blocks);
      std::int64_t const width = volume(behaviors_->row_shape());
      rows.resize(static_cast<std::size_t>(records.count * width));
      comm::agree(comm_, [&] {
        scan_->run(
            blocks,
            [&](nn::Scan::Visit const& visit) {
              behaviors_->values(visit.runners.front(), batch, visit.count,
                                 scratch[static_cast<std::size_t>(visit.worker)].data(),
                                 rows.data() + (visit.first - records.first) * width);
            },
            [&](std::int64_t now) { progress.update(done + now); });
      });
      file.write_rows(data, records.first, records.count, rows.data());
      done += records.count;
    }
  }

  CommandLine& line_;
  std::vector<std::string> const& words_;
  comm::Communicator const& comm_;
  std::unique_ptr<nn::Behaviors> behaviors_;
  std::unique_ptr<nn::Scan> scan_;
};

}  // namespace

int run_extract(std::vector<std::string> const& words, comm::Communicator const& comm) {
  CommandLine line = make_extract_line();
  auto parsed = CommandLine::Result::run;
  comm::agree(comm, [&] { parsed = line.parse(words, comm.is_root()); });
  if (parsed != CommandLine::Result::run) return exit_done;
  open_isolated(line, comm);
  return ExtractJob(line, words, comm).run();
}

}  // namespace sonde::app
