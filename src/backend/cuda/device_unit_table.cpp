#include "backend/cuda/device_unit_table.hpp"

#include <algorithm>

#include "backend/cuda/kernels/launch.hpp"
#include "backend/cuda/kernels/moving.hpp"
#include "backend/cuda/kernels/unit_table.hpp"
#include "base/check.hpp"

namespace sonde::backend {

template <class Array>
void DeviceUnitTable::grow(Array& array, std::int64_t size) {
  auto const wanted = static_cast<std::size_t>(size);
  if (wanted <= array.size()) return;
  try {
    array = Array();  // two need not fit side by side
    array = Array(wanted, memory_);
  } catch (std::exception const& error) {
    SONDE_FAIL_AS(Error, "a block of " << rows_ << " rows of " << units_ << " units does not fit the device ("
                                       << error.what() << "). Lower --block or --threads.");
  }
}

void DeviceUnitTable::start(std::int64_t rows, std::int64_t units) {
  queue_->wait();  // for what was enqueued and not summed
  rows_ = rows;
  units_ = units;
  kept_ = -1;
  grow(values_, rows * units);
}

void DeviceUnitTable::put(Queue& queue, TablePart const& part) {
  kernels::launch(queue, part.rows * part.columns,
                  kernels::MoveBlocks{part.from + part.first, part.width, part.columns,
                                      values_.data() + part.to_row * units_ + part.to_column, units_, false});
  queue_->wait_for(queue);
}

std::optional<std::int64_t> DeviceUnitTable::find_not_finite() {
  grow(found_, rows_);
  kernels::launch_rows(*queue_, units_, kernels::FindNotFinite{rows_, units_, values_.data(), found_.device()});
  found_.fetch(*queue_, static_cast<std::size_t>(rows_));
  for (std::int64_t row = 0; row < rows_; ++row) {
    std::int32_t const unit = found_[static_cast<std::size_t>(row)];
    if (unit >= 0) return row * units_ + unit;
  }
  return std::nullopt;
}

void DeviceUnitTable::keep(std::span<std::int32_t const> rows) {
  kept_ = static_cast<std::int64_t>(rows.size());
  grow(places_, kept_);
  std::ranges::copy(rows, places_.host().begin());
  places_.send(*queue_, rows.size());
}

std::int64_t DeviceUnitTable::slices() const { return (rows() + kernels::rows_of_slice - 1) / kernels::rows_of_slice; }

void DeviceUnitTable::shift(float const* from, std::int32_t const* places, double const* by, UnitTerm term,
                            std::int64_t columns, double* to, double* sums) {
  kernels::launch(
      *queue_, slices() * columns,
      kernels::ShiftColumns{from, places, by, term == UnitTerm::square, rows(), columns, to, slices_.data()});
  kernels::launch(*queue_, 2 * columns, kernels::SumSlices{slices_.data(), slices(), 2 * columns, sums});
}

void DeviceUnitTable::sum(UnitTerm term, std::span<double const> x_shift, std::span<double const> y_shift,
                          float const* y, BlockSums& sums) {
  EXPECT(static_cast<std::int64_t>(x_shift.size()) == units_);
  std::int64_t const rows = this->rows(), width = static_cast<std::int64_t>(y_shift.size());
  EXPECT(rows > 0 && width > 0);
  grow(shifts_, units_ + width);
  grow(y_, rows * width);
  grow(x_shifted_, rows * units_);
  grow(y_shifted_, rows * width);
  grow(slices_, slices() * 2 * std::max(units_, width));
  grow(sums_, 2 * units_ + 2 * width + units_ * width);

  std::ranges::copy(y_shift, std::ranges::copy(x_shift, shifts_.host().begin()).out);
  std::copy_n(y, rows * width, y_.host().begin());
  shifts_.send(*queue_, x_shift.size() + y_shift.size());
  y_.send(*queue_, static_cast<std::size_t>(rows * width));

  double* const x_sums = sums_.device();
  double* const y_sums = x_sums + 2 * units_;
  double* const products = y_sums + 2 * width;
  shift(values_.data(), kept_ < 0 ? nullptr : places_.device(), shifts_.device(), term, units_, x_shifted_.data(),
        x_sums);
  shift(y_.device(), nullptr, shifts_.device() + units_, UnitTerm::value, width, y_shifted_.data(), y_sums);
  device_queue(*queue_).multiply_columns(rows, units_, width, x_shifted_.data(), y_shifted_.data(), products);

  sums_.fetch(*queue_, static_cast<std::size_t>(2 * units_ + 2 * width + units_ * width));
  auto from = sums_.host().begin();
  for (auto [to, size] : {std::pair{&sums.x, 2 * units_}, {&sums.y, 2 * width}, {&sums.xy, units_ * width}}) {
    to->assign(from, from + size);
    from += size;
  }
}

void DeviceUnitTable::apply(LinearModels const& models, std::uint8_t const* target) {
  auto const units = static_cast<std::int64_t>(models.mean.size());
  auto const columns = static_cast<std::int64_t>(models.intercept.size());
  EXPECT(rows() > 0 && columns > 0 && models.first + units <= units_);
  EXPECT(models.inverse.size() == models.mean.size());
  EXPECT(static_cast<std::int64_t>(models.weight.size()) == units * columns);
  grow(scale_, 2 * units);
  grow(models_, (units + 1) * columns);
  grow(target_, rows() * columns);
  grow(standard_, rows() * units);
  grow(model_values_, rows() * columns);
  std::ranges::copy(models.inverse, std::ranges::copy(models.mean, scale_.host().begin()).out);
  std::ranges::copy(models.intercept, std::ranges::copy(models.weight, models_.host().begin()).out);
  std::copy_n(target, rows() * columns, target_.host().begin());
  scale_.send(*queue_, static_cast<std::size_t>(2 * units));
  models_.send(*queue_, static_cast<std::size_t>((units + 1) * columns));
  target_.send(*queue_, static_cast<std::size_t>(rows() * columns));
  kernels::launch(*queue_, rows() * units,
                  kernels::Standardize{values_.data() + models.first, units_, kept_ < 0 ? nullptr : places_.device(),
                                       scale_.device(), scale_.device() + units, units, standard_.data()});
  device_queue(*queue_).multiply({.rows = rows(),
                                  .columns = columns,
                                  .inner = units,
                                  .a = standard_.data(),
                                  .stride_a = units,
                                  .b = models_.device(),
                                  .stride_b = columns,
                                  .c = model_values_.data(),
                                  .stride_c = columns});
}

void DeviceUnitTable::sum_residuals(LinearModels const& models, std::uint8_t const* target, ResidualSums& sums) {
  auto const columns = static_cast<std::int64_t>(models.intercept.size());
  auto const weights = static_cast<std::int64_t>(models.weight.size()), units = weights / columns;
  grow(slices_, slices() * 2 * columns);
  grow(sums_, 2 * columns);
  grow(gradient_, weights);
  apply(models, target);
  kernels::launch(*queue_, slices() * columns,
                  kernels::LogisticResiduals{models_.device() + weights, target_.device(), rows(), columns,
                                             model_values_.data(), slices_.data()});
  kernels::launch(*queue_, 2 * columns, kernels::SumSlices{slices_.data(), slices(), 2 * columns, sums_.device()});
  device_queue(*queue_).multiply_columns(rows(), units, columns, standard_.data(), model_values_.data(),
                                         gradient_.device());
  sums_.fetch(*queue_, static_cast<std::size_t>(2 * columns));
  gradient_.fetch(*queue_, static_cast<std::size_t>(weights));
  auto const from = sums_.host().begin();
  sums.residual.assign(from, from + columns);
  sums.curvature.assign(from + columns, from + 2 * columns);
  sums.gradient.assign(gradient_.host().begin(), gradient_.host().begin() + weights);
}

void DeviceUnitTable::count_decisions(LinearModels const& models, std::uint8_t const* target,
                                      std::vector<double>& counts) {
  auto const columns = static_cast<std::int64_t>(models.intercept.size());
  grow(slices_, slices() * 4 * columns);
  grow(sums_, 4 * columns);
  apply(models, target);
  kernels::launch(*queue_, slices() * columns,
                  kernels::CountDecisions{models_.device() + models.weight.size(), target_.device(), rows(), columns,
                                          model_values_.data(), slices_.data()});
  kernels::launch(*queue_, 4 * columns, kernels::SumSlices{slices_.data(), slices(), 4 * columns, sums_.device()});
  sums_.fetch(*queue_, static_cast<std::size_t>(4 * columns));
  counts.assign(sums_.host().begin(), sums_.host().begin() + 4 * columns);
}

std::size_t DeviceUnitTable::bytes() const {
  std::size_t const floats =
      values_.size() + y_.size() + models_.size() + standard_.size() + model_values_.size() + gradient_.size();
  std::size_t const doubles =
      shifts_.size() + x_shifted_.size() + y_shifted_.size() + slices_.size() + sums_.size() + scale_.size();
  return floats * sizeof(float) + doubles * sizeof(double) + (found_.size() + places_.size()) * sizeof(std::int32_t) +
         target_.size();
}

}  // namespace sonde::backend
