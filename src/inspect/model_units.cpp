#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "inspect/unit_source.hpp"
#include "inspect/upsample.hpp"

namespace sonde::inspect {
namespace {

bool fits(Shape const& shape, RowForm form, std::int64_t symbols) {
  if (form == RowForm::steps) return shape.size() == 2 && shape.front() == symbols;
  return form == RowForm::record || shape.size() == 3;
}

/// Columns that come from one text of one model.
struct Part {
  std::size_t model;
  nn::Behaviors behaviors;
  std::int64_t first;  // column
};

class ModelUnits : public UnitSource {
 public:
  ModelUnits(nn::Scan::Networks networks, std::shared_ptr<io::Dataset const> records, io::ModelDomain const& domain,
             ModelUnitsOptions options)
      : options_(std::move(options)) {
    for (std::size_t k = 0; k < networks.size(); ++k) add_model(k, *networks[k]);
    options_.scan.kept_nodes.resize(networks.size());
    options_.scan.only_kept = true;  // the forward pass ends at the deepest layer asked for
    for (Part const& part : parts_) {
      for (int node : part.behaviors.nodes()) options_.scan.kept_nodes[part.model].push_back(node);
    }
    scan_ = std::make_unique<nn::Scan>(std::move(networks), std::move(records), domain, options_.scan);
    buffers_.resize(static_cast<std::size_t>(options_.scan.threads));
    for (int worker = 0; options_.form != RowForm::pixels && worker < options_.scan.threads; ++worker) {
      tables_.push_back(scan_->make_unit_table());
    }
    for (Buffers& buffers : buffers_) {
      for (Part const& part : parts_) {
        auto const scratch = part.behaviors.scratch(batch());
        auto const rows = static_cast<std::size_t>(batch() * volume(part.behaviors.row_shape()));
        buffers.scratch.resize(std::max(buffers.scratch.size(), scratch));
        buffers.rows.resize(std::max(buffers.rows.size(), rows));
      }
    }
  }

  std::int64_t records() const override { return scan_->records().size(); }

  bool read(int worker, std::span<std::int64_t const> records, std::function<bool()> const& give_up,
            float* rows) override {
    auto const width = static_cast<std::int64_t>(units_.size());
    for (std::size_t first = 0; first < records.size(); first += static_cast<std::size_t>(batch())) {
      if (give_up()) return false;
      auto const some = records.subspan(first, std::min(static_cast<std::size_t>(batch()), records.size() - first));
      auto& runners = scan_->forward(worker, some);
      float* const to = rows + static_cast<std::int64_t>(first) * options_.symbols * width;
      for (Part const& part : parts_) read_part(part, worker, runners[part.model], some, to);
    }
    return true;
  }

  backend::UnitTable* table(int worker) override {
    return tables_.empty() ? nullptr : tables_[static_cast<std::size_t>(worker)].get();
  }

  bool fill(int worker, std::span<std::int64_t const> records, std::function<bool()> const& give_up) override {
    backend::UnitTable& table = *tables_[static_cast<std::size_t>(worker)];
    auto const width = static_cast<std::int64_t>(units_.size());
    table.start(static_cast<std::int64_t>(records.size()) * options_.symbols, width);
    for (std::size_t first = 0; first < records.size(); first += static_cast<std::size_t>(batch())) {
      if (give_up()) return false;
      auto const some = records.subspan(first, std::min(static_cast<std::size_t>(batch()), records.size() - first));
      auto& runners = scan_->forward(worker, some);
      auto const row = static_cast<std::int64_t>(first) * options_.symbols;
      for (Part const& part : parts_) {
        part.behaviors.put(runners[part.model], batch(), static_cast<std::int64_t>(some.size()), table, row,
                           part.first);
      }
    }
    if (auto const place = table.find_not_finite()) {
      refuse(static_cast<std::size_t>(*place % width),
             records[static_cast<std::size_t>(*place / width / options_.symbols)]);
    }
    return true;
  }

  std::size_t bytes() const override {
    std::size_t total = scan_->bytes();
    for (auto const& table : tables_) total += table ? table->bytes() : 0;
    for (Buffers const& buffers : buffers_) total += (buffers.scratch.size() + buffers.rows.size()) * sizeof(float);
    return total;
  }

  std::vector<std::string> backends() const override {
    std::vector<std::string> names;
    for (std::size_t k = 0; k < scan_->networks().size(); ++k) names.push_back(scan_->backend_name(k));
    return names;
  }

  std::string origin() const override {
    std::vector<std::string> paths;
    for (auto const& network : scan_->networks()) paths.push_back(network->file().path);
    return "model " + join(paths);
  }

 private:
  struct Buffers {
    std::vector<float> scratch, rows, pixels;
  };

  std::int64_t batch() const { return options_.scan.batch; }

  void add_model(std::size_t k, nn::Network const& network) {
    std::vector<std::string> texts;
    for (std::string const& text : options_.units) {
      if (text != "*") {
        texts.push_back(text);
        continue;
      }
      auto const layers = fitting_layers(network, options_.form, options_.symbols);
      VALIDATE(!layers.empty(), "model " << network.file().path << ": no layer has a value for each of the "
                                         << options_.symbols
                                         << " rows of a record. Look at its layers with sonde describe.");
      texts.insert(texts.end(), layers.begin(), layers.end());
    }
    nn::Behaviors(network, texts, nn::Reduce::mean);  // refuses units that are named twice
    for (std::string const& text : texts) add_part(k, network, text);
  }

  void add_part(std::size_t k, nn::Network const& network, std::string const& text) {
    auto const reduce = options_.form == RowForm::record ? options_.reduce : nn::Reduce::map;
    nn::Behaviors behaviors(network, {text}, reduce);
    Shape const shape = behaviors.row_shape();
    VALIDATE(options_.form == RowForm::record || fits(shape, options_.form, options_.symbols),
             "--units " << text << ": in model " << network.file().path << " a value of it is "
                        << sonde::to_string(shape) << " for a record ("
                        << (options_.form == RowForm::steps
                                ? "a value for each of " + std::to_string(options_.symbols) + " symbols is needed"
                                : "maps of height x width x units are needed")
                        << "). Choose among: " << join(fitting_layers(network, options_.form, options_.symbols))
                        << ".");
    auto const first = static_cast<std::int64_t>(units_.size());
    for (nn::UnitGroup const& group : behaviors.groups()) {
      for (std::int64_t unit = group.first; unit < group.first + group.count; ++unit) {
        units_.push_back({static_cast<std::int32_t>(k), group.layer, unit});
      }
    }
    parts_.push_back({k, std::move(behaviors), first});
  }

  [[noreturn]] void refuse(std::size_t unit, std::int64_t record) const {
    UnitName const& name = units_[unit];
    SONDE_FAIL_AS(InputError, "model " << scan_->networks()[static_cast<std::size_t>(name.model)]->file().path
                                       << ": unit " << name.unit << " of layer " << name.layer
                                       << " is no finite number for record " << record
                                       << " (scores need finite numbers). Take the record or the layer out.");
  }

  /// rows (count, symbols, all units): fills the columns of a part.
  void read_part(Part const& part, int worker, nn::Runner& runner, std::span<std::int64_t const> records, float* rows) {
    Buffers& buffers = buffers_[static_cast<std::size_t>(worker)];
    auto const count = static_cast<std::int64_t>(records.size());
    part.behaviors.values(runner, batch(), count, buffers.scratch.data(), buffers.rows.data());
    auto const width = static_cast<std::int64_t>(units_.size());
    std::int64_t const units = part.behaviors.units();
    Shape const shape = part.behaviors.row_shape();
    std::int64_t const per_record = volume(shape);
    for (std::int64_t i = 0; i < count * per_record; ++i) {
      if (std::isfinite(buffers.rows[static_cast<std::size_t>(i)])) continue;
      refuse(static_cast<std::size_t>(part.first + i % units), records[static_cast<std::size_t>(i / per_record)]);
    }
    float const* values = buffers.rows.data();
    if (options_.form == RowForm::pixels) {
      buffers.pixels.resize(static_cast<std::size_t>(count * options_.symbols * units));
      for (std::int64_t r = 0; r < count; ++r) {
        upsample(values + r * per_record, shape[0], shape[1], units, options_.size,
                 buffers.pixels.data() + r * options_.symbols * units);
      }
      values = buffers.pixels.data();
    }
    for (std::int64_t row = 0; row < count * options_.symbols; ++row) {
      std::copy_n(values + row * units, units, rows + row * width + part.first);
    }
  }

  ModelUnitsOptions options_;
  std::vector<Part> parts_;
  std::unique_ptr<nn::Scan> scan_;
  std::vector<Buffers> buffers_;                             // per worker
  std::vector<std::unique_ptr<backend::UnitTable>> tables_;  // per worker; null where none is needed
};

}  // namespace

std::vector<std::string> fitting_layers(nn::Network const& network, RowForm form, std::int64_t symbols) {
  std::vector<std::string> names;
  for (nn::Layer const& layer : network.layers()) {
    if (fits(layer.shape, form, symbols)) names.push_back(layer.name);
  }
  return names;
}

std::unique_ptr<UnitSource> make_model_units(nn::Scan::Networks networks, std::shared_ptr<io::Dataset const> records,
                                             io::ModelDomain const& domain, ModelUnitsOptions options) {
  return std::make_unique<ModelUnits>(std::move(networks), std::move(records), domain, std::move(options));
}

}  // namespace sonde::inspect
