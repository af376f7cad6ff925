// Where unit behaviours come from: models that are run on records, or a stored table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/datasets/dataset.hpp"
#include "nn/behaviors.hpp"
#include "nn/scan.hpp"

namespace sonde::inspect {

/// One column of the unit behaviours.
struct UnitName {
  std::int32_t model = 0;
  std::string layer;
  std::int64_t unit = 0;
};

class UnitSource {
 public:
  virtual ~UnitSource() = default;
  std::vector<UnitName> const& units() const { return units_; }
  virtual std::int64_t records() const = 0;
  /// rows (records.size() * symbols, units) = the behaviours of those records, record by record. Values that are not
  /// finite throw InputError naming unit and record. Each worker is called by one thread at a time. A source that takes
  /// its time asks `give_up` now and then, and returns false when that says so; true when the rows are there.
  virtual bool read(int worker, std::span<std::int64_t const> records, std::function<bool()> const& give_up,
                    float* rows) = 0;
  /// The worker's table in the memory of the models' backend, which fill() fills as read() fills `rows`; null where
  /// values come to the host anyway.
  virtual backend::UnitTable* table(int /*worker*/) { return nullptr; }
  virtual bool fill(int /*worker*/, std::span<std::int64_t const> /*records*/,
                    std::function<bool()> const& /*give_up*/) {
    return false;
  }
  /// Bytes that all workers hold.
  virtual std::size_t bytes() const = 0;
  /// What runs each model: "cpu/onednn"; "none" for a stored table.
  virtual std::vector<std::string> backends() const { return {"none"}; }
  /// Where it comes from, for messages: "model a.onnx", "--behaviors f.h5:/x".
  virtual std::string origin() const = 0;

 protected:
  std::vector<UnitName> units_;
};

/// What the rows of a record are.
enum class RowForm {
  record,  // one row: positions of a unit become one number
  steps,   // symbols of a text, time steps: layers of shape (symbols, units)
  pixels   // layers of shape (height, width, units), enlarged to the size of a mask
};

struct ModelUnitsOptions {
  std::vector<std::string> units;  // texts of nn::parse_units(); "*": all counted layers that fit the form
  RowForm form = RowForm::record;
  std::int64_t symbols = 1;              // rows of a record
  std::int64_t size = 0;                 // pixels: height and width of the rows of a record
  nn::Reduce reduce = nn::Reduce::mean;  // form record
  nn::ScanOptions scan;                  // its kept_nodes are set here
};

/// Runs the networks on the records. Every text of `units` names units of each network. Throws InputError when it does
/// not, when a layer does not fit the form, or the records do not fit a model.
std::unique_ptr<UnitSource> make_model_units(nn::Scan::Networks networks, std::shared_ptr<io::Dataset const> records,
                                             io::ModelDomain const& domain, ModelUnitsOptions options);

/// Rows of a table (rows, units): `symbols` consecutive ones are a record; or (records, symbols, units). Throws
/// InputError when the rows are no multiple of `symbols`.
std::unique_ptr<UnitSource> make_stored_units(std::shared_ptr<io::Dataset const> table, std::int64_t symbols);

/// Symbols of a record of a table (records, symbols, units); 0 of a table (rows, units).
std::int64_t stored_symbols(io::Dataset const& table);

/// Names all counted layers of a network whose units have a value for every row of a record of this form.
std::vector<std::string> fitting_layers(nn::Network const& network, RowForm form, std::int64_t symbols);

}  // namespace sonde::inspect
