#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "inspect/unit_source.hpp"

namespace sonde::inspect {
namespace {

/// (units) or (symbols, units); a data set of matrices is read as images of one channel.
Shape row_shape(io::Dataset const& table) {
  Shape shape = table.sample_shape();
  if (shape.size() == 3 && shape.back() == 1) shape.pop_back();
  return shape;
}

class StoredUnits : public UnitSource {
 public:
  StoredUnits(std::shared_ptr<io::Dataset const> table, std::int64_t symbols) : table_(std::move(table)) {
    Shape const shape = row_shape(*table_);
    rows_ = shape.size() == 1 ? symbols : 1;
    VALIDATE(shape.size() <= 2, "--behaviors " << table_->path() << ": a row is " << sonde::to_string(shape)
                                               << " (units, or symbols x units, are needed). Give another data set.");
    VALIDATE(shape.size() == 1 || shape.front() == symbols,
             "--behaviors " << table_->path() << ": a record has " << shape.front() << " symbols but the data have "
                            << symbols << " (the rows would not belong together). Give the data they were made from.");
    VALIDATE(table_->size() % rows_ == 0,
             "--behaviors " << table_->path() << ": it has " << table_->size() << " rows, no multiple of the " << rows_
                            << " of a record (rows are missing, or --symbols is wrong). Give another --symbols.");
    std::string const layer = table_->path().substr(table_->path().rfind(':') + 1);  // the data set of FILE.h5:/NAME
    for (std::int64_t unit = 0; unit < shape.back(); ++unit) units_.push_back({0, layer, unit});
  }

  std::int64_t records() const override { return table_->size() / rows_; }

  bool read(int, std::span<std::int64_t const> records, std::function<bool()> const&, float* rows) override {
    std::vector<std::int64_t> places(records.size() * static_cast<std::size_t>(rows_));
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto const first = places.begin() + static_cast<std::ptrdiff_t>(i) * rows_;
      std::iota(first, first + rows_, records[i] * rows_);
    }
    table_->read(places, rows);
    return true;
  }

  std::size_t bytes() const override { return 0; }
  std::string origin() const override { return "--behaviors " + table_->path(); }

 private:
  std::shared_ptr<io::Dataset const> table_;
  std::int64_t rows_ = 1;  // of the table, in a record
};

}  // namespace

std::int64_t stored_symbols(io::Dataset const& table) {
  Shape const shape = row_shape(table);
  return shape.size() == 2 ? shape.front() : 0;
}

std::unique_ptr<UnitSource> make_stored_units(std::shared_ptr<io::Dataset const> table, std::int64_t symbols) {
  return std::make_unique<StoredUnits>(std::move(table), symbols);
}

}  // namespace sonde::inspect
