#include "inspect/measures/measure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/check.hpp"
#include "table.hpp"

namespace sonde::inspect::test {
namespace {

constexpr std::size_t plenty = std::size_t{1} << 30;
std::vector<std::string> const all_measures = {"pearson",         "spearman", "mean-difference", "mutual-information",
                                               "jaccard:top=0.1", "auc"};

/// Records of 4 rows. Hypotheses: binary, three classes, real, binary.
Table random_table(std::int64_t records, unsigned seed = 4) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Table table{5, 4, {}, {}, {}};
  for (std::int64_t row = 0; row < records * 4; ++row) {
    float const a = normal(random), b = normal(random);
    table.unit.insert(table.unit.end(), {a, std::max(0.0F, b), 1000 + a, std::round(2 * b), 0.25F});
    table.hypothesis.insert(table.hypothesis.end(),
                            {a + normal(random) > 0 ? 1.0F : 0.0F, static_cast<float>(random() % 3), b + normal(random),
                             random() % 10 == 0 ? 1.0F : 0.0F});
    table.record.push_back(row / 4);
  }
  return table;
}

void expect_near(std::vector<double> const& found, std::vector<double> const& wanted, double bound,
                 std::string const& what) {
  ASSERT_EQ(found.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(std::isnan(found[i]), std::isnan(wanted[i])) << what << " " << i << ": " << found[i];
    if (!std::isnan(wanted[i])) {
      EXPECT_NEAR(found[i], wanted[i], bound * (1 + std::fabs(wanted[i]))) << what << " " << i;
    }
  }
}

void expect_near(Scores const& found, Scores const& wanted, double bound, std::string const& what) {
  expect_near(found.value, wanted.value, bound, what);
  expect_near(found.stderr_, wanted.stderr_, bound, what + " stderr");
  expect_near(found.degrees, wanted.degrees, bound, what + " degrees");
  expect_near(found.p_value, wanted.p_value, bound, what + " p");
  ASSERT_EQ(found.parts.size(), wanted.parts.size());
  for (std::size_t i = 0; i < found.parts.size(); ++i)
    expect_near(found.parts[i].values, wanted.parts[i].values, bound, what + " " + found.parts[i].name);
}

TEST(Measures, ByHand) {
  // x = 1 2 3 4 6, y = 0 0 1 0 1
  Table const table{1, 1, {1, 2, 3, 4, 6}, {0, 0, 1, 0, 1}, {0, 1, 2, 3, 4}};
  Way way;
  way.block_rows = 2;
  auto const scores = score(
      {"pearson", "spearman", "mean-difference", "mutual-information:bins=2", "jaccard:top=0.4", "auc"}, table, way);
  // Means 16/5 and 2/5; sums of products 9 - 32/5, of squares 66 - 256/5 and 2 - 4/5.
  EXPECT_NEAR(scores[0].value[0], (9 - 6.4) / std::sqrt(14.8 * 1.2), 1e-12);
  // Ranks 1 2 3 4 5 and 2 2 4.5 2 4.5: products 5 (1 + 2 + 4) less ... = 2 * 7 + 4.5 * 8 - 5 * 9; squares 10 and 7.5.
  EXPECT_NEAR(scores[1].value[0], 5 / std::sqrt(10 * 7.5), 1e-12);
  // Means 4.5 of (3, 6), 7/3 of (1, 2, 4); sums of squares within 4.5 and 14/3.
  EXPECT_NEAR(scores[2].value[0], 4.5 - 7.0 / 3, 1e-12);
  double const v1 = 4.5 / 1 / 2, v0 = 14.0 / 3 / 2 / 3;
  EXPECT_NEAR(part(scores[2], "welch_t")[0], (4.5 - 7.0 / 3) / std::sqrt(v1 + v0), 1e-12);
  EXPECT_NEAR(part(scores[2], "welch_df")[0], (v1 + v0) * (v1 + v0) / (v1 * v1 + v0 * v0 / 2), 1e-12);
  EXPECT_NEAR(part(scores[2], "cohen_d")[0], (4.5 - 7.0 / 3) / std::sqrt((4.5 + 14.0 / 3) / 3), 1e-12);
  // Bins (1, 2) and (3, 4, 6): counts (2, 0), (1, 2).
  double const information =
      0.4 * std::log(0.4 / (0.4 * 0.6)) + 0.2 * std::log(0.2 / (0.6 * 0.6)) + 0.4 * std::log(0.4 / (0.6 * 0.4));
  EXPECT_NEAR(scores[3].value[0], information, 1e-12);
  EXPECT_NEAR(part(scores[3], "miller_madow")[0], information + (2 + 2 - 3 - 1) / 10.0, 1e-12);
  // The top set is (4, 6), of which 6 is a hit.
  EXPECT_NEAR(scores[4].value[0], 1.0 / 3, 1e-12);
  EXPECT_NEAR(part(scores[4], "f1")[0], 0.5, 1e-12);
  EXPECT_NEAR(part(scores[4], "precision")[0], 0.5, 1e-12);
  EXPECT_NEAR(part(scores[4], "recall")[0], 0.5, 1e-12);
  EXPECT_NEAR(part(scores[4], "mcc")[0], (1.0 * 2 - 1 * 1) / 6, 1e-12);
  // 6 wins over all three, 3 over two.
  EXPECT_NEAR(scores[5].value[0], 5.0 / 6, 1e-12);
}

/// Brute force: influences of rows, summed by block.
double batch_error(Table const& table, std::int64_t u, std::int64_t h, bool difference) {
  auto const n = static_cast<double>(table.rows());
  double mx = 0, my = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    mx += table.x(row, u) / n;
    my += table.y(row, h) / n;
  }
  double vx = 0, vy = 0, c = 0;
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    double const x = table.x(row, u) - mx, y = table.y(row, h) - my;
    vx += x * x / n;
    vy += y * y / n;
    c += x * y / n;
  }
  double const r = c / std::sqrt(vx * vy), m1 = mx + c / my, m0 = mx - c / (1 - my);
  auto const blocks = record_blocks(table, 20);
  double sum = 0;
  for (comm::Block const& block : blocks) {
    double influence = 0;
    for (std::int64_t row = block.first; row < block.first + block.count; ++row) {
      double const x = (table.x(row, u) - mx) / std::sqrt(vx), y = (table.y(row, h) - my) / std::sqrt(vy);
      double const one = table.y(row, h);
      influence += difference
                       ? (table.x(row, u) - m1) * one / (n * my) - (table.x(row, u) - m0) * (1 - one) / (n * (1 - my))
                       : (x * y - r / 2 * (x * x + y * y)) / n;
    }
    sum += influence * influence;
  }
  auto const count = static_cast<double>(blocks.size());
  return std::sqrt(sum * count / (count - 1));
}

TEST(Measures, ErrorsAreThoseOfBatchMeans) {
  Table const table = random_table(100);
  Way way;
  way.block_rows = 20;
  auto const scores = score({"pearson", "mean-difference"}, table, way);
  for (std::int64_t u = 0; u < 4; ++u) {
    for (std::int64_t h = 0; h < 4; ++h) {
      auto const pair = static_cast<std::size_t>(u * 4 + h);
      double const wanted = batch_error(table, u, h, false);
      EXPECT_NEAR(scores[0].stderr_[pair], wanted, 1e-9 * wanted) << u << " " << h;
      EXPECT_LE(scores[0].degrees[pair], 19);
      EXPECT_GT(scores[0].degrees[pair], 5);
      if (h == 1 || h == 2) continue;
      double const wanted_difference = batch_error(table, u, h, true);
      EXPECT_NEAR(scores[1].stderr_[pair], wanted_difference, 1e-9 * wanted_difference) << u << " " << h;
    }
  }
}

TEST(Measures, MergingWorkersAndRanksChangesNothing) {
  Table const table = random_table(200);
  for (std::size_t const memory : {plenty, std::size_t{0}}) {
    auto const alone = score(all_measures, table, {40, 1, memory, false, {}});
    for (std::int64_t workers = 1; workers <= 4; ++workers) {
      auto const merged = score(all_measures, table, {40, workers, memory, false, comm::Communicator::world()});
      for (std::size_t m = 0; m < merged.size(); ++m) expect_near(merged[m], alone[m], 1e-9, all_measures[m]);
    }
  }
}

TEST(Measures, ConstantAndUnsuitableColumnsAreUndefined) {
  Table table = random_table(50);
  for (std::int64_t row = 0; row < table.rows(); ++row) table.hypothesis[static_cast<std::size_t>(row * 4 + 3)] = 1;
  for (std::size_t const memory : {plenty, std::size_t{0}}) {
    auto const scores = score(all_measures, table, {40, 1, memory, false, {}});
    for (std::size_t m = 0; m < all_measures.size(); ++m) {
      for (std::size_t u = 0; u < 5; ++u)
        EXPECT_TRUE(std::isnan(scores[m].value[u * 4 + 3])) << all_measures[m] << " " << u;
      for (std::size_t h = 0; h < 4; ++h)
        EXPECT_TRUE(std::isnan(scores[m].value[16 + h])) << all_measures[m] << " " << h;
      EXPECT_FALSE(std::isnan(scores[m].value[0])) << all_measures[m];
      bool const binary_only =
          all_measures[m] == "mean-difference" || all_measures[m] == "auc" || all_measures[m].starts_with("jaccard");
      EXPECT_EQ(std::isnan(scores[m].value[1]), binary_only) << all_measures[m];
      EXPECT_EQ(std::isnan(scores[m].value[2]), binary_only || all_measures[m] == "mutual-information");
    }
  }
}

TEST(Measures, OffsetsChangeNothing) {
  Table const table = random_table(100);  // unit 2 is unit 0 and 1000, in single precision
  auto const scores = score({"pearson", "mean-difference"}, table, {40, 1, plenty, false, {}});
  for (std::size_t h : {0U, 2U, 3U}) EXPECT_NEAR(scores[0].value[8 + h], scores[0].value[h], 3e-5);
  EXPECT_NEAR(scores[1].value[8], scores[1].value[0], 3e-5);
}

TEST(Measures, RetainedColumnsGoOnAsIfAlone) {
  Table const table = random_table(120);
  std::vector<std::int64_t> const kept = {0, 2, 3}, then = {1, 2};
  Table const few = table.keep(kept), fewer = table.keep({2, 3});
  for (std::string const& measure : all_measures) {
    for (bool const partial : {false, true}) {
      MeasureSet const set({measure}, {5, 4, partial, table.rows()});
      Pilot const pilot{{0, 0.4, 1000, 0, 0.25}, {0.5, 1, 0, 0.1}};
      std::shared_ptr<Order> order;
      if (set.needs_order()) {
        order = set.make_order(table.block(0, 40), plenty);
        order->update(table.block(0, table.rows()));
        order->finish();
      }
      Statistics all = set.make_statistics(pilot, order), some = set.make_statistics(pilot, order);
      std::int64_t const third = table.rows() / 3;
      all.update(table.block(0, third));
      some.update(table.block(0, third));
      some.retain(kept);
      all.update(table.block(third, third));
      some.update(few.block(third, third));
      some.retain(then);
      all.update(table.block(2 * third, third));
      some.update(fewer.block(2 * third, third));
      some.update(fewer.block(0, 0));
      Scores const whole = set[0].finalize(all, {1, 3}), part = set[0].finalize(some, {1, 3});
      ASSERT_EQ(part.value.size(), 6U) << measure;
      for (std::size_t u = 0; u < 3; ++u) {
        for (std::size_t h = 0; h < 2; ++h) {
          double const wanted = whole.value[u * 4 + h + 2], found = part.value[u * 2 + h];
          ASSERT_EQ(std::isnan(wanted), std::isnan(found)) << measure;
          if (!std::isnan(wanted)) {
            EXPECT_NEAR(found, wanted, 1e-12) << measure;
          }
          if (!whole.stderr_.empty() && !std::isnan(wanted)) {
            EXPECT_NEAR(part.stderr_[u * 2 + h], whole.stderr_[u * 4 + h + 2], 1e-12) << measure;
          }
        }
      }
      some.retain({});
      some.update(table.keep({}).block(0, third));
      EXPECT_TRUE(set[0].finalize(some, {0, 5}).value.empty());
    }
  }
}

TEST(Measures, NoRowsAreUndefined) {
  Table const table = random_table(10);
  for (std::string const& measure : all_measures) {
    MeasureSet const set({measure}, {5, 4, false, 0});
    std::shared_ptr<Order> order;
    if (set.needs_order()) {
      order = set.make_order(table.block(0, 0), 0);
      order->update(table.block(0, 0));
      order->finish();
    }
    Statistics statistics = set.make_statistics({std::vector<double>(5), std::vector<double>(4)}, order);
    statistics.update(table.block(0, 0));
    for (double const value : set[0].finalize(statistics, {0, 5}).value) EXPECT_TRUE(std::isnan(value)) << measure;
    EXPECT_TRUE(set[0].finalize(statistics, {2, 0}).value.empty());
  }
}

/// The rows in which hypothesis h is annotated, with that hypothesis alone.
Table annotated_rows(Table const& table, std::int64_t h) {
  Table result{table.units, 1, {}, {}, {}};
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (std::isnan(table.y(row, h))) continue;
    for (std::int64_t u = 0; u < table.units; ++u) result.unit.push_back(table.x(row, u));
    result.hypothesis.push_back(table.y(row, h));
    result.record.push_back(table.record[static_cast<std::size_t>(row)]);
  }
  return result;
}

/// Replaces units by their mid-ranks among all rows.
Table ranked_units(Table table) {
  for (std::int64_t u = 0; u < table.units; ++u) {
    std::vector<float> const unit = table.unit;
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      double below = 0, same = 0;
      for (std::int64_t other = 0; other < table.rows(); ++other) {
        float const x = unit[static_cast<std::size_t>(other * table.units + u)], own = table.x(row, u);
        below += x < own ? 1 : 0;
        same += x == own ? 1 : 0;
      }
      table.unit[static_cast<std::size_t>(row * table.units + u)] = static_cast<float>(below + (same + 1) / 2);
    }
  }
  return table;
}

TEST(Measures, PartialColumnsCountTheirOwnRowsOnly) {
  Table table = random_table(150);
  std::mt19937 random(9);
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    if (random() % 3 == 0) table.hypothesis[static_cast<std::size_t>(row * 4)] = std::nanf("");
    if (table.record[static_cast<std::size_t>(row)] % 2 == 0)
      table.hypothesis[static_cast<std::size_t>(row * 4 + 2)] = std::nanf("");
  }
  Way way{40, 2, plenty, true, comm::Communicator::world()};
  auto const scores = score(all_measures, table, way);
  for (std::int64_t h : {0, 2}) {
    Table const own = annotated_rows(table, h);
    Way const alone{40, 1, plenty, false, {}};
    auto const wanted = score({"pearson", "mean-difference", "auc"}, own, alone);
    for (std::size_t u = 0; u < 4; ++u) {
      std::size_t const pair = u * 4 + static_cast<std::size_t>(h);
      EXPECT_NEAR(scores[0].value[pair], wanted[0].value[u], 1e-9);
      EXPECT_TRUE(std::isnan(scores[0].stderr_[pair]));
      if (h == 2) continue;
      EXPECT_NEAR(scores[2].value[pair], wanted[1].value[u], 1e-9);
      EXPECT_NEAR(part(scores[2], "welch_t")[pair], part(wanted[1], "welch_t")[u], 1e-7);
      EXPECT_NEAR(part(scores[2], "cohen_d")[pair], part(wanted[1], "cohen_d")[u], 1e-9);
      double const bin_error = part(scores[5], "bin_error")[pair];
      EXPECT_NEAR(scores[5].value[pair], wanted[2].value[u], bin_error + 1e-12);
      EXPECT_LT(bin_error, u % 2 == 1 ? 0.2 : 0.05);  // units 1 and 3 have few values
    }
    if (h == 0) continue;
    auto const ranked = score({"spearman"}, annotated_rows(ranked_units(table), h), alone)[0];
    for (std::size_t u = 0; u < 4; ++u) {
      EXPECT_FALSE(std::isnan(scores[1].value[u * 4 + 2]));
      EXPECT_NEAR(scores[1].value[u * 4 + 2], ranked.value[u], 0.02);  // their ranks among its own rows are near
    }
  }
  // Ranks among all rows, then Pearson among its own.
  auto const by_rank = score({"pearson"}, annotated_rows(ranked_units(table), 0), {40, 1, plenty, false, {}})[0];
  for (std::size_t u = 0; u < 4; ++u) EXPECT_NEAR(scores[1].value[u * 4], by_rank.value[u], 1e-7);
  // Columns that are annotated everywhere keep their errors.
  EXPECT_FALSE(std::isnan(scores[0].stderr_[3]));
  auto const whole = score({"pearson", "auc"}, table.keep({3}), {40, 1, plenty, false, {}});
  EXPECT_NEAR(scores[0].value[3], whole[0].value[0], 1e-12);
  EXPECT_NEAR(scores[0].stderr_[3], whole[0].stderr_[0], 1e-12);
  EXPECT_NEAR(scores[5].value[3], whole[1].value[0], 1e-12);
}

TEST(Measures, PartialCountsByBruteForce) {
  Table table = random_table(150);
  for (std::int64_t row = 0; row < table.rows(); row += 3)
    table.hypothesis[static_cast<std::size_t>(row * 4)] = std::nanf("");
  auto const scores = score({"mutual-information:bins=4", "jaccard:top=0.1"}, table, {40, 1, plenty, true, {}});
  for (std::int64_t u = 0; u < 2; ++u) {
    std::vector<float> sorted;
    for (std::int64_t row = 0; row < table.rows(); ++row) sorted.push_back(table.x(row, u));
    std::ranges::sort(sorted);
    double const threshold = sorted[540];  // the 60th largest of 600
    double table_counts[4][2] = {}, n = 0, both = 0, active = 0, positive = 0;
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      float const x = table.x(row, u), y = table.y(row, 0);
      if (std::isnan(y)) continue;
      int bin = 0;
      for (int i = 1; i < 4; ++i) {
        double const place = i / 4.0 * 599;
        auto const low = static_cast<std::size_t>(place);
        bin += x >= sorted[low] + (sorted[low + 1] - sorted[low]) * (place - static_cast<double>(low)) ? 1 : 0;
      }
      table_counts[bin][y == 1 ? 1 : 0] += 1;
      n += 1;
      both += x >= threshold && y == 1 ? 1 : 0;
      active += x >= threshold ? 1 : 0;
      positive += y;
    }
    double information = 0;
    for (auto const& row : table_counts) {
      for (int c = 0; c < 2; ++c) {
        if (row[c] == 0) continue;
        double const of_class = c == 1 ? positive : n - positive;
        information += row[c] / n * std::log(row[c] * n / ((row[0] + row[1]) * of_class));
      }
    }
    auto const pair = static_cast<std::size_t>(u * 4);
    EXPECT_NEAR(scores[0].value[pair], information, 1e-12) << u;
    EXPECT_NEAR(scores[1].value[pair], both / (active + positive - both), 1e-12) << u;
    EXPECT_NEAR(part(scores[1], "precision")[pair], both / active, 1e-12) << u;
  }
}

TEST(Measures, PlantedTruthIsFound) {
  std::mt19937 random(8);
  Table table{3, 1, {}, {}, {}};  // a copy of the hypothesis, its negation, noise
  for (std::int64_t row = 0; row < 4000; ++row) {
    float const y = random() % 4 == 0 ? 1 : 0;
    table.hypothesis.push_back(y);
    table.unit.insert(table.unit.end(), {y, 1 - y, static_cast<float>(random() % 1000)});
    table.record.push_back(row / 10);
  }
  Way way{100, 1, plenty, false, {}};
  auto const scores =
      score({"pearson", "spearman", "mean-difference", "mutual-information", "auc", "jaccard:top=0.25"}, table, way);
  for (std::size_t m : {0U, 1U}) {
    EXPECT_NEAR(scores[m].value[0], 1, 1e-12);
    EXPECT_NEAR(scores[m].value[1], -1, 1e-12);
    EXPECT_LT(std::fabs(scores[m].value[2]), 0.06);
    EXPECT_LT(scores[m].p_value[0], 1e-6);
    EXPECT_LT(scores[m].p_value[1], 1e-6);
    EXPECT_GT(scores[m].p_value[2], 1e-3);
  }
  EXPECT_NEAR(scores[2].value[0], 1, 1e-12);
  EXPECT_NEAR(scores[2].value[1], -1, 1e-12);
  EXPECT_TRUE(std::isnan(part(scores[2], "welch_t")[0]));  // nothing varies within the classes
  EXPECT_TRUE(std::isnan(part(scores[2], "cohen_d")[1]));
  EXPECT_NEAR(scores[3].value[0], scores[3].value[1], 1e-12);
  EXPECT_GT(scores[3].value[0], 0.5);
  EXPECT_LT(scores[3].value[2], 0.01);
  EXPECT_LT(std::fabs(part(scores[3], "miller_madow")[2]), 0.003);
  EXPECT_NEAR(scores[4].value[0], 1, 1e-12);
  EXPECT_NEAR(scores[4].value[1], 0, 1e-12);
  EXPECT_NEAR(scores[4].value[2], 0.5, 0.04);
  EXPECT_GT(scores[5].value[0], 0.99);
}

TEST(Measures, UnknownNamesAreAnsweredWithTheKnown) {
  auto const message = [](std::vector<std::string> const& texts) {
    try {
      MeasureSet const set(texts, {1, 1, false, 1});
    } catch (InputError const& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message({"kendall"}).find("pearson, spearman, mean-difference, mutual-information, jaccard, auc"),
            std::string::npos);
  EXPECT_NE(message({"pearson", "pearson"}).find("given twice"), std::string::npos);
  EXPECT_NE(message({"jaccard:top=2"}).find("outside"), std::string::npos);
  EXPECT_NE(message({"mutual-information:bins=1"}).find("outside"), std::string::npos);
  EXPECT_NE(message({"pearson:bins=3"}).find("takes none"), std::string::npos);
  EXPECT_EQ(message({"jaccard:top=1", "auc"}), "");
  EXPECT_EQ(measure_usage().size(), 6U);
}

TEST(Measures, OnePassServesAllThatNeedNoOrder) {
  MeasureContext const context{1, 1, false, 1};
  EXPECT_FALSE(MeasureSet({"pearson", "mean-difference"}, context).needs_order());
  for (char const* const text : {"spearman", "auc", "jaccard", "mutual-information"})
    EXPECT_TRUE(MeasureSet({text}, context).needs_order()) << text;
}

}  // namespace
}  // namespace sonde::inspect::test
