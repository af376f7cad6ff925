// Tables of unit values in a backend's memory: what is put, found and summed there, against plain loops.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backend/backend.hpp"
#include "backend/unit_table.hpp"
#include "backends.hpp"
#include "op_cases.hpp"
#include "tensor/buffer.hpp"

namespace sonde::test {
namespace {

using backend::BlockSums;
using backend::LinearModels;
using backend::ResidualSums;
using backend::UnitTable;
using backend::UnitTerm;

constexpr std::int64_t rows = 150, units = 5, hypotheses = 3;  // more than two slices of rows
std::vector<double> const x_shift{0.5, -1, 0, 2, 1000};
std::vector<double> const y_shift{0.25, 0, -3};

class UnitTables : public testing::TestWithParam<std::string> {
 protected:
  UnitTables() : backend_(make_test_backend(GetParam())), queue_(backend_->make_queue()) {}

  /// Columns 1 to 3 of an array of 7 become columns 0 to 2 of the table, its columns 0 and 1 of another the rest; rows
  /// in two parts. values (rows, units) is what the table then is.
  void fill(UnitTable& table, std::vector<float> const& values) const {
    table.start(static_cast<std::int64_t>(values.size()) / units, units);
    std::int64_t const all = static_cast<std::int64_t>(values.size()) / units, half = all / 2;
    for (std::int64_t const first : {std::int64_t{0}, half}) {
      std::int64_t const count = first == 0 ? half : all - half;
      put(table, values, first, count, {7, 1, 3}, 0);
      put(table, values, first, count, {2, 0, 2}, 3);
    }
  }
  std::unique_ptr<UnitTable> filled(std::vector<float> const& values) const {
    auto table = backend_->make_unit_table();
    fill(*table, values);
    return table;
  }

  static BlockSums expected(UnitTerm term, std::vector<float> const& x, std::vector<std::int32_t> const& kept,
                            std::vector<float> const& y) {
    BlockSums sums{std::vector<double>(2 * units), std::vector<double>(2 * hypotheses),
                   std::vector<double>(units * hypotheses)};
    for (std::size_t n = 0; n < kept.size(); ++n) {
      for (std::size_t h = 0; h < hypotheses; ++h) {
        double const b = y[n * hypotheses + h] - y_shift[h];
        sums.y[h] += b;
        sums.y[hypotheses + h] += b * b;
      }
      for (std::size_t u = 0; u < units; ++u) {
        double const shifted = x[static_cast<std::size_t>(kept[n]) * units + u] - x_shift[u];
        double const a = term == UnitTerm::square ? shifted * shifted : shifted;
        sums.x[u] += a;
        sums.x[units + u] += a * a;
        for (std::size_t h = 0; h < hypotheses; ++h)
          sums.xy[u * hypotheses + h] += a * (y[n * hypotheses + h] - y_shift[h]);
      }
    }
    return sums;
  }

  static void expect_near(std::vector<double> const& actual, std::vector<double> const& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(actual[i], expected[i], 1e-12 * std::max(1.0, std::abs(expected[i]))) << "number " << i;
  }

  static void expect_sums(UnitTable& table, std::vector<float> const& x, std::vector<std::int32_t> const& kept) {
    auto const y = spread(static_cast<std::int64_t>(kept.size()) * hypotheses, -2, 2, 5);
    for (UnitTerm const term : {UnitTerm::value, UnitTerm::square}) {
      BlockSums sums;
      table.sum(term, x_shift, y_shift, y.data(), sums);
      BlockSums const right = expected(term, x, kept, y);
      expect_near(sums.x, right.x);
      expect_near(sums.y, right.y);
      expect_near(sums.xy, right.xy);
    }
  }

  static std::vector<std::int32_t> all_rows() {
    std::vector<std::int32_t> all(rows);
    for (std::size_t row = 0; row < all.size(); ++row) all[row] = static_cast<std::int32_t>(row);
    return all;
  }

 private:
  struct From {
    std::int64_t width, first, columns;
  };
  void put(UnitTable& table, std::vector<float> const& values, std::int64_t first_row, std::int64_t count, From from,
           std::int64_t column) const {
    std::vector<float> array(static_cast<std::size_t>(count * from.width), 77);
    for (std::int64_t row = 0; row < count; ++row) {
      for (std::int64_t c = 0; c < from.columns; ++c)
        array[static_cast<std::size_t>(row * from.width + from.first + c)] =
            values[static_cast<std::size_t>((first_row + row) * units + column + c)];
    }
    Buffer<float> const there(array, backend_->memory());
    table.put(*queue_, {there.data(), count, from.width, from.first, from.columns, first_row, column});
    queue_->wait();  // before the array goes
  }

  std::unique_ptr<backend::Backend> backend_;
  std::unique_ptr<backend::Queue> queue_;
};

TEST_P(UnitTables, SumAllRows) {
  auto const x = spread(rows * units, -1, 1, 3);
  expect_sums(*filled(x), x, all_rows());
}

TEST_P(UnitTables, SumTheRowsThatAreKept) {
  auto const x = spread(rows * units, -1, 1, 4);
  auto const table = filled(x);
  std::vector<std::int32_t> const kept{0, 3, 4, 60, 99, 100, 149};
  table->keep(kept);
  expect_sums(*table, x, kept);
  EXPECT_GT(table->bytes(), x.size() * sizeof(float));
}

TEST_P(UnitTables, TakeBlockAfterBlock) {
  auto const x = spread(rows * units, -1, 1, 5), less = spread(3 * units, -1, 1, 6);
  auto const table = filled(less);
  table->keep(std::vector<std::int32_t>{1});
  expect_sums(*table, less, {1});
  fill(*table, x);  // larger than before, and all rows again
  expect_sums(*table, x, all_rows());
}

TEST_P(UnitTables, FindTheFirstValueThatIsNotFinite) {
  auto x = spread(rows * units, -1, 1, 6);
  EXPECT_EQ(filled(x)->find_not_finite(), std::nullopt);
  x[120 * units + 4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(filled(x)->find_not_finite(), 120 * units + 4);
  x[60 * units + 3] = -std::numeric_limits<float>::infinity();
  x[60 * units + 2] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(filled(x)->find_not_finite(), 60 * units + 2);
}

/// Models of units 1 to 3 of 5, four columns; target 2 is none.
struct Models {
  static constexpr std::int64_t first = 1, count = 3, columns = 4;
  std::vector<double> mean{0.1, -0.2, 0.3}, inverse{1.5, 0.0, 2};
  std::vector<float> weight = spread(count * columns, -1, 1, 8), intercept{0.25F, 0, -1, 0.5F};

  LinearModels view() const { return {first, mean, inverse, weight, intercept}; }
  static std::vector<std::uint8_t> targets(std::size_t count_of_rows) {
    std::vector<std::uint8_t> target;
    for (std::size_t i = 0; i < count_of_rows * columns; ++i)
      target.push_back(static_cast<std::uint8_t>(i * 7 / 3 % 3));
    return target;
  }
  double unit(std::vector<float> const& x, std::int32_t row, std::int64_t u) const {
    auto const i = static_cast<std::size_t>(u);
    return (x[static_cast<std::size_t>(row * units + first + u)] - mean[i]) * inverse[i];
  }
  double value(std::vector<float> const& x, std::int32_t row, std::int64_t c) const {
    double sum = intercept[static_cast<std::size_t>(c)];
    for (std::int64_t u = 0; u < count; ++u) sum += unit(x, row, u) * weight[static_cast<std::size_t>(u * columns + c)];
    return sum;
  }

  void expect_residuals(UnitTable& table, std::vector<float> const& x, std::vector<std::int32_t> const& kept) const {
    std::vector<double> gradient(count * columns), residual(columns), curvature(columns);
    auto const target = targets(kept.size());
    for (std::size_t n = 0; n < kept.size(); ++n) {
      for (std::int64_t c = 0; c < columns; ++c) {
        double const t = target[n * columns + static_cast<std::size_t>(c)];
        if (t > 1) continue;
        double const p = 1 / (1 + std::exp(-value(x, kept[n], c)));
        residual[static_cast<std::size_t>(c)] += p - t;
        curvature[static_cast<std::size_t>(c)] += p * (1 - p);
        for (std::int64_t u = 0; u < count; ++u)
          gradient[static_cast<std::size_t>(u * columns + c)] += unit(x, kept[n], u) * (p - t);
      }
    }
    ResidualSums sums;
    table.sum_residuals(view(), target.data(), sums);
    auto const expect_near = [](auto const& actual, std::vector<double> const& right) {
      ASSERT_EQ(actual.size(), right.size());
      for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(actual[i], right[i], 1e-4) << "number " << i;
    };
    expect_near(sums.gradient, gradient);
    expect_near(sums.residual, residual);
    expect_near(sums.curvature, curvature);
  }

  void expect_decisions(UnitTable& table, std::vector<float> const& x, std::vector<std::int32_t> const& kept) const {
    std::vector<double> right(4 * columns), counts;
    auto const target = targets(kept.size());
    for (std::size_t n = 0; n < kept.size(); ++n) {
      for (std::int64_t c = 0; c < columns; ++c) {
        std::size_t const t = target[n * columns + static_cast<std::size_t>(c)];
        if (t > 1) continue;
        double const decides = value(x, kept[n], c);
        ASSERT_GT(std::abs(decides), 1e-5) << "too near to call";
        right[((decides > 0 ? 2 : 0) + t) * columns + static_cast<std::size_t>(c)] += 1;
      }
    }
    table.count_decisions(view(), target.data(), counts);
    EXPECT_EQ(counts, right);
  }
};

TEST_P(UnitTables, SumResidualsAndCountDecisionsOfModels) {
  auto const x = spread(rows * units, -1, 1, 9);
  auto const table = filled(x);
  Models const models;
  models.expect_residuals(*table, x, all_rows());
  models.expect_decisions(*table, x, all_rows());
  expect_sums(*table, x, all_rows());
  std::vector<std::int32_t> const kept{1, 2, 63, 64, 65, 130};
  table->keep(kept);
  models.expect_decisions(*table, x, kept);
  models.expect_residuals(*table, x, kept);
}

TEST_P(UnitTables, CountRowsWhoseModelIsNotKnownAsDecidedForZero) {
  auto const x = spread(rows * units, -1, 1, 9);
  Models models;
  models.intercept[2] = std::numeric_limits<float>::quiet_NaN();
  std::vector<double> counts;
  filled(x)->count_decisions(models.view(), std::vector<std::uint8_t>(rows * Models::columns, 1).data(), counts);
  ASSERT_EQ(counts.size(), 4U * Models::columns);
  EXPECT_EQ(counts[1 * Models::columns + 2], rows);
  EXPECT_EQ(counts[3 * Models::columns + 2], 0);
}

TEST(UnitTable, IsForMemoryThatIsNotTheHosts) {
  for (std::string const& name : backend_names()) {
    auto const backend = make_test_backend(name);
    EXPECT_EQ(backend->make_unit_table() != nullptr, &backend->memory() != &device::host_memory()) << name;
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(UnitTables);
INSTANTIATE_TEST_SUITE_P(Backends, UnitTables, testing::ValuesIn(device_backend_names()),
                         [](auto const& test) { return test_name(test.param); });

}  // namespace
}  // namespace sonde::test
