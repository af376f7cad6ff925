// Row ops: numbers by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "backend/rows.hpp"

namespace sonde::backend {
namespace {

using Row = std::vector<float>;

class RowsTest : public testing::Test {
 protected:
  RowOps ops;
  Queue queue;
  LoopState state{.live = 1};
};

TEST_F(RowsTest, ToModelMapsChannels) {
  DomainMap const map{{2, 1, 0}, {2, 3, 4}, {0.5F, 0, -1}};  // RGB to BGR
  Row const x{1, 2, 3, 4, 5, 6};
  Row y(6);
  ops.to_model(queue, &state, x.data(), 6, map, y.data());
  EXPECT_EQ(y, (Row{6.5F, 6, 3, 12.5F, 15, 15}));
}

TEST_F(RowsTest, ToModelTakesOneNumberForAllChannels) {
  DomainMap const map{{0}, {2}, {1}};
  Row const x{1, 2, 3};
  Row y(3);
  ops.to_model(queue, &state, x.data(), 3, map, y.data());
  EXPECT_EQ(y, (Row{3, 5, 7}));
}

TEST_F(RowsTest, ModelGradientGoesBackThroughTheMap) {
  DomainMap const map{{2, 1, 0}, {2, 3, 4}, {0, 0, 0}};
  Row const gradient{1, 10, 100};
  Row g{9, 9, 9};
  ops.add_model_gradient(queue, &state, gradient.data(), 3, map, true, g.data());
  EXPECT_EQ(g, (Row{400, 30, 2}));
  ops.add_model_gradient(queue, &state, gradient.data(), 3, map, false, g.data());
  EXPECT_EQ(g, (Row{800, 60, 4}));
}

TEST_F(RowsTest, OnlyLiveRowsAreTouched) {
  state.live = 1;
  Row g{3, 4, 5, 6};
  ops.mean_fill(queue, &state, 2, 2, g.data());
  EXPECT_EQ(g, (Row{7, 7, 5, 6}));
}

TEST_F(RowsTest, NormaliseDividesByTheRootMeanSquareOfEachRow) {
  state.live = 2;
  Row g{3, 4, 0, 0};
  ops.normalise_rms(queue, &state, 2, g.data());
  float const rms = std::sqrt(12.5F);
  EXPECT_FLOAT_EQ(g[0], 3 / (rms + 1e-5F));
  EXPECT_FLOAT_EQ(g[1], 4 / (rms + 1e-5F));
  EXPECT_EQ(g[2], 0);
  EXPECT_EQ(g[3], 0);
}

TEST_F(RowsTest, MaskIsTheSameForEveryRow) {
  state.live = 2;
  Row g{1, 2, 3, 4};
  Row const mask{0, 1};
  ops.mask(queue, &state, 2, mask.data(), g.data());
  EXPECT_EQ(g, (Row{0, 2, 0, 4}));
}

TEST_F(RowsTest, DarkPatchesDarkenWhereTheMeanIsNegative) {
  // 3x3 of one channel, patches of 2: the upper left sums to -1, the lower right to +6. They overlap in the middle.
  Row g{-3, 1, 9, 0, 1, 2, 9, 1, 2};
  std::vector<std::int32_t> const positions{0, 0, 1, 1};
  ops.dark_patches(queue, &state, {3, 3, 1}, 2, 2, positions.data(), g.data());
  EXPECT_EQ(g, (Row{-1, -1, 0, -1, -1, 0, 0, 0, 0}));
}

TEST_F(RowsTest, DarkPatchesAreJudgedBeforeAnyIsWritten) {
  // The first patch alone is negative; once it is dark the second would be too.
  Row g{-9, 1, 1, 1};
  std::vector<std::int32_t> const positions{0, 0, 0, 1};
  ops.dark_patches(queue, &state, {1, 4, 1}, 1, 2, positions.data(), g.data());
  EXPECT_EQ(g, (Row{-1, 0, 0, 0}));
  Row wide{-9, -9, 1, 20, 1, 1};  // 2x3
  std::vector<std::int32_t> const both{0, 0, 0, 1};
  ops.dark_patches(queue, &state, {2, 3, 1}, 2, 2, both.data(), wide.data());
  EXPECT_EQ(wide, (Row{0, -1, -1, 0, -1, -1}));
}

TEST_F(RowsTest, FeatureRules) {
  std::vector<FeatureRule> const rules{FeatureRule::freeze,  FeatureRule::increase, FeatureRule::increase,
                                       FeatureRule::any,     FeatureRule::add_only, FeatureRule::add_only,
                                       FeatureRule::add_only};
  Row const x{0, 0, 0, 0, 0, 1, 0};
  Row g{5, 5, -5, -5, 5, 5, -5};
  ops.feature_rules(queue, &state, 7, rules.data(), 0, 1, x.data(), g.data());
  EXPECT_EQ(g, (Row{0, 5, 0, -5, 1, 0, 0}));
}

TEST_F(RowsTest, AddOnlyKnowsZeroAndOneInUnitsOfTheRange) {
  std::vector<FeatureRule> const rules(3, FeatureRule::add_only);
  Row const x{0.5F, 0, 0.5F};  // stored values from -1 to 1: 0, -1, 0
  Row g{5, 5, -5};
  ops.feature_rules(queue, &state, 3, rules.data(), 0.5F, 0.5F, x.data(), g.data());
  EXPECT_EQ(g, (Row{0.5F, 0, 0}));
}

TEST_F(RowsTest, AscendScalesAllButAddOnly) {
  std::vector<FeatureRule> const rules{FeatureRule::any, FeatureRule::add_only};
  Row const g{2, 1};
  Row x{1, 0};
  ops.ascend(queue, &state, 2, 0.25F, rules.data(), g.data(), x.data());
  EXPECT_EQ(x, (Row{1.5F, 1}));
  ops.ascend(queue, &state, 2, 0.25F, nullptr, g.data(), x.data());
  EXPECT_EQ(x, (Row{2, 1.25F}));
}

TEST_F(RowsTest, ClipPerFeature) {
  Row const low{0, -1}, high{1, 0};
  Row x{7, 7};
  ops.clip(queue, &state, 2, low.data(), high.data(), x.data());
  EXPECT_EQ(x, (Row{1, 0}));
}

TEST_F(RowsTest, ProjectKeepsToBothBalls) {
  Row const seed{1, 1};
  Row x{4, 5};
  ops.project(queue, &state, 2, seed.data(), 0, 2.5F, x.data());  // the change (3, 4) has length 5
  EXPECT_EQ(x, (Row{2.5F, 3}));
  x = {4, 0};
  ops.project(queue, &state, 2, seed.data(), 0.5F, 0, x.data());
  EXPECT_EQ(x, (Row{1.5F, 0.5F}));
  x = {4, 5};
  ops.project(queue, &state, 2, seed.data(), 0, 0, x.data());
  EXPECT_EQ(x, (Row{4, 5}));
}

TEST_F(RowsTest, PicksDependOnTheSeedAndNotOnTheRow) {
  state.live = 3;
  std::int32_t const count = 100;
  std::vector<std::int32_t> layers, units;
  for (std::int32_t i = 0; i < count; ++i) {
    layers.push_back(i / 10);
    units.push_back(i % 10);
  }
  UnitList const list{layers.data(), units.data(), &count};
  std::vector<RowKey> keys{{.seed = 5}, {.seed = 8}, {.seed = 5}};
  std::vector<UnitPick> picks(3);
  ops.pick_units(queue, &state, 1, keys.data(), 0, list, 0.5F, picks.data());
  EXPECT_EQ(picks[0].layer, picks[2].layer);
  EXPECT_EQ(picks[0].unit, picks[2].unit);
  EXPECT_EQ(picks[1].weight, 0.5F);

  std::set<std::pair<int, int>> drawn;
  for (std::uint32_t iteration = 0; iteration < 1000; ++iteration) {
    keys[0].iteration = iteration;
    ops.pick_units(queue, &state, 1, keys.data(), 0, list, 0.5F, picks.data());
    drawn.emplace(picks[0].layer, picks[0].unit);
  }
  EXPECT_GT(drawn.size(), 95U) << "all candidates are drawn sooner or later";
}

TEST_F(RowsTest, NothingIsPickedFromAnEmptyList) {
  RowKey const key{.seed = 3};
  UnitPick pick{1, 2, 3};
  std::int32_t const none = 0;
  ops.pick_units(queue, &state, 1, &key, 0, {nullptr, nullptr, &none}, 0.5F, &pick);
  EXPECT_EQ(pick.layer, -1);
}

TEST_F(RowsTest, PatchesFitTheImageAndReachItsEdges) {
  RowKey key{.seed = 3};
  std::set<std::int32_t> rows, columns;
  std::vector<std::int32_t> positions(4);
  for (std::uint32_t iteration = 0; iteration < 300; ++iteration) {
    key.iteration = iteration;
    ops.draw_patches(queue, &state, 1, &key, {6, 8, 1}, 3, 2, positions.data());
    rows.insert({positions[0], positions[2]});
    columns.insert({positions[1], positions[3]});
  }
  EXPECT_EQ(rows, (std::set<std::int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(columns, (std::set<std::int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST_F(RowsTest, TheTwoPatchesOfARowDiffer) {
  RowKey key{.seed = 3};
  int same = 0;
  for (std::uint32_t iteration = 0; iteration < 100; ++iteration) {
    key.iteration = iteration;
    std::vector<std::int32_t> positions(4);
    ops.draw_patches(queue, &state, 1, &key, {100, 100, 1}, 1, 2, positions.data());
    same += positions[0] == positions[2] && positions[1] == positions[3];
  }
  EXPECT_LT(same, 3);
}

TEST_F(RowsTest, RowsAreTakenFromAndPutBackToTheirPlaces) {
  state.live = 3;
  Row waiting{0, 0, 1, 1, 2, 2, 3, 3}, block(6);
  std::vector<std::int32_t> places{3, 1, 1};
  ops.gather(queue, &state, 2, places.data(), waiting.data(), block.data());
  EXPECT_EQ(block, (Row{3, 3, 1, 1, 1, 1}));
  places = {0, -1, 2};
  ops.scatter(queue, &state, 2, places.data(), Row{7, 7, 8, 8, 9, 9}.data(), waiting.data());
  EXPECT_EQ(waiting, (Row{7, 7, 1, 1, 9, 9, 3, 3})) << "a row without a place is left";
}

}  // namespace
}  // namespace sonde::backend
