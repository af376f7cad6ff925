#include "inspect/statistics/order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "table.hpp"

namespace sonde::inspect::test {
namespace {

constexpr std::size_t plenty = std::size_t{1} << 30;

Order order_of(Table const& table, std::size_t memory, double top, std::int64_t pilot_rows,
               comm::Communicator const& comm = {}) {
  OrderOptions const options{table.units, table.hypotheses, table.rows(), memory, top};
  Order first(options, table.block(0, pilot_rows)), second = first;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (row % comm.size() == comm.rank()) (row % 3 == 0 ? first : second).update(table.block(row, 1));
  }
  first.add(second);
  first.merge(comm);
  first.finish();
  return first;
}

Table column(std::vector<float> const& x, std::vector<float> const& y) {
  return {1, 1, x, y, std::vector<std::int64_t>(x.size())};
}

TEST(Order, ByHand) {
  Table const table = column({5, 1, 3, 3, 9}, {0, 2, 2, 0, 2});
  Order const order = order_of(table, plenty, 0.4, 5);
  ASSERT_TRUE(order.exact());
  EXPECT_EQ(order.unit(0).rank(1), 1);
  EXPECT_EQ(order.unit(0).rank(3), 2.5);
  EXPECT_EQ(order.unit(0).rank(5), 4);
  EXPECT_EQ(order.unit(0).rank(9), 5);
  EXPECT_EQ(order.hypothesis(0).rank(0), 1.5);
  EXPECT_EQ(order.hypothesis(0).rank(2), 4);
  // numpy.quantile([1, 3, 3, 5, 9], [0.25, 0.5, 0.75])
  EXPECT_EQ(order.unit(0).inner_edges(4), (std::vector<double>{3, 3, 5}));
  // numpy.quantile(..., 1/3, 2/3): places 4/3 and 8/3
  EXPECT_NEAR(order.unit(0).inner_edges(3)[0], 3, 1e-15);
  EXPECT_NEAR(order.unit(0).inner_edges(3)[1], 3 + 2 * 2.0 / 3, 1e-12);
  EXPECT_EQ(order.top_value(0, 0.4), 5);   // the second largest
  EXPECT_EQ(order.top_value(0, 0.01), 9);  // at least one
  EXPECT_EQ(order.rank_error(), 0);
  EXPECT_EQ(std::vector<float>(order.classes(0).begin(), order.classes(0).end()), (std::vector<float>{0, 2}));
}

TEST(Order, TopCountRoundsUp) {
  EXPECT_EQ(top_count(0.005, 10000), 50);  // although 0.005 * 10000 may be 50.000000000000007
  EXPECT_EQ(top_count(0.005, 10001), 51);
  EXPECT_EQ(top_count(0.1, 30), 3);
  EXPECT_EQ(top_count(1e-9, 30), 1);
  EXPECT_EQ(top_count(1, 30), 30);
  EXPECT_EQ(top_count(0.5, 0), 0);
}

TEST(Order, KnowsWhatFits) {
  EXPECT_TRUE(Order::fits({10, 10, 1000, plenty, 0}));
  EXPECT_FALSE(Order::fits({10, 10, 1000, 100'000, 0}));
  EXPECT_FALSE(Order::fits({10, 10, std::int64_t{1} << 60, plenty, 0}));
}

TEST(Order, UnannotatedRowsAreLeftOut) {
  float const none = std::nanf("");
  for (std::size_t const memory : {plenty, std::size_t{0}}) {
    Order const order = order_of(column({1, 2, 3, 4}, {none, 7, none, 8}), memory, 0, 4);
    EXPECT_EQ(order.hypothesis(0).count(), 2);
    EXPECT_EQ(order.hypothesis(0).rank(8), 2);
    EXPECT_EQ(order.classes(0).size(), 2U);
    EXPECT_EQ(order.unit(0).count(), 4);
  }
}

TEST(Order, ManyValuesAreNoClasses) {
  std::vector<float> x(40), y(40);
  for (std::size_t i = 0; i < 40; ++i) y[i] = static_cast<float>(i % 17);
  EXPECT_TRUE(order_of(column(x, y), plenty, 0, 4).classes(0).empty());
  for (float& value : y) value = std::min(value, 15.0F);
  EXPECT_EQ(order_of(column(x, y), plenty, 0, 4).classes(0).size(), 16U);
}

TEST(Order, ConstantColumns) {
  for (std::size_t const memory : {plenty, std::size_t{0}}) {
    Order const order = order_of(column({4, 4, 4, 4}, {1, 1, 1, 2}), memory, 0.5, 3);
    EXPECT_TRUE(order.unit(0).constant());
    EXPECT_FALSE(order.hypothesis(0).constant());
    EXPECT_EQ(order.unit(0).rank(4), 2.5);
    EXPECT_EQ(order.top_value(0, 0.5), 4);
  }
}

/// A unit with many zeros (relu), a smooth one and one with far outliers that the pilot does not hold.
Table three_units(std::int64_t rows) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  Table table{3, 1, {}, {}, {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    float const far = row > rows / 2 && row % 100 == 0 ? 1e6F : 0.0F;
    table.unit.insert(table.unit.end(),
                      {std::max(0.0F, normal(random)), std::tanh(normal(random)), normal(random) + far});
    table.hypothesis.push_back(normal(random));
    table.record.push_back(row);
  }
  return table;
}

TEST(Order, BinsKeepTheirStatedError) {
  Table const table = three_units(20000);
  auto const comm = comm::Communicator::world();
  Order const exact = order_of(table, plenty, 0.01, 0, comm), binned = order_of(table, 0, 0.01, 8000, comm);
  ASSERT_TRUE(exact.exact());
  ASSERT_FALSE(binned.exact());
  EXPECT_GT(binned.rank_error(), 0);
  EXPECT_LT(binned.rank_error(), 0.003);
  double largest = 0;
  for (std::int64_t u = 0; u < 3; ++u) {
    double const bound = binned.unit(u).rank_error() * 20000;
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      double const error = std::fabs(exact.unit(u).rank(table.x(row, u)) - binned.unit(u).rank(table.x(row, u)));
      EXPECT_LE(error, bound) << "unit " << u;
      largest = std::max(largest, error);
    }
  }
  EXPECT_GT(largest, 0);
  EXPECT_EQ(exact.unit(0).rank(0), binned.unit(0).rank(0));  // zeros have a bin of their own
  for (std::int64_t u = 0; u < 3; ++u) {
    for (double const top : {0.01, 0.001}) EXPECT_EQ(binned.top_value(u, top), exact.top_value(u, top));
    auto const edges = binned.unit(u).inner_edges(16), wanted = exact.unit(u).inner_edges(16);
    for (std::size_t i = 0; i < edges.size(); ++i) {
      double const rank = exact.unit(u).rank(static_cast<float>(edges[i]));
      double const wanted_rank = static_cast<double>(i + 1) / 16 * 20000;
      bool const zero = u == 0 && wanted[i] == 0;  // half of the unit
      if (!zero) {
        EXPECT_NEAR(rank, wanted_rank, 2 * binned.unit(u).rank_error() * 20000 + 1);
      }
    }
  }
}

TEST(Order, AnyNumberOfRanksGivesTheSame) {
  Table const table = three_units(3000);
  for (std::size_t const memory : {plenty, std::size_t{0}}) {
    Order const together = order_of(table, memory, 0.05, 500, comm::Communicator::world());
    Order const alone = order_of(table, memory, 0.05, 500);
    for (std::int64_t u = 0; u < 3; ++u) {
      for (std::int64_t row = 0; row < table.rows(); row += 7)
        EXPECT_EQ(together.unit(u).rank(table.x(row, u)), alone.unit(u).rank(table.x(row, u)));
      EXPECT_EQ(together.unit(u).inner_edges(16), alone.unit(u).inner_edges(16));
      EXPECT_EQ(together.top_value(u, 0.05), alone.top_value(u, 0.05));
    }
    EXPECT_EQ(together.rank_error(), alone.rank_error());
  }
}

}  // namespace
}  // namespace sonde::inspect::test
