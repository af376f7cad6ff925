// ../shared/golden/measures.h5: scores by numpy, scipy and scikit-learn in float64.
#include <gtest/gtest.h>

#include <cmath>

#include "comm/communicator.hpp"
#include "harness/shared_data.hpp"
#include "io/h5.hpp"
#include "table.hpp"

namespace sonde::inspect::test {
namespace {

constexpr char const* file_name = "golden/measures.h5";

std::vector<double> expected(std::string const& name) {
  return io::H5File::open(sonde::test::shared_path(file_name).string()).read<double>("expected/" + name);
}

void expect_same(std::vector<double> const& found, std::vector<double> const& wanted, double relative) {
  ASSERT_EQ(found.size(), wanted.size());
  std::size_t numbers = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(std::isnan(found[i]), std::isnan(wanted[i])) << "pair " << i << ": " << found[i];
    if (std::isnan(wanted[i])) continue;
    EXPECT_NEAR(found[i], wanted[i], relative * std::fabs(wanted[i]) + 1e-12) << "pair " << i;
    ++numbers;
  }
  EXPECT_GE(numbers, 100U);
}

struct Golden : testing::Test {
  Way way{500, 2, std::size_t{1} << 30, false, comm::Communicator::world()};
};

TEST_F(Golden, Pearson) {
  SONDE_NEEDS_SHARED(file_name);
  expect_same(score({"pearson"}, golden_table(), way)[0].value, expected("pearson"), 1e-6);
}

TEST_F(Golden, Spearman) {
  SONDE_NEEDS_SHARED(file_name);
  expect_same(score({"spearman"}, golden_table(), way)[0].value, expected("spearman"), 1e-9);
}

TEST_F(Golden, Auc) {
  SONDE_NEEDS_SHARED(file_name);
  Scores const scores = score({"auc"}, golden_table(), way)[0];
  expect_same(scores.value, expected("auc"), 1e-9);
  EXPECT_EQ(part(scores, "bin_error")[0], 0);
}

TEST_F(Golden, MeanDifference) {
  SONDE_NEEDS_SHARED(file_name);
  Scores const scores = score({"mean-difference"}, golden_table(), way)[0];
  expect_same(scores.value, expected("mean_difference"), 1e-6);
  expect_same(part(scores, "welch_t"), expected("welch_t"), 1e-6);
  expect_same(part(scores, "cohen_d"), expected("cohen_d"), 1e-6);
}

TEST_F(Golden, MutualInformation) {
  SONDE_NEEDS_SHARED(file_name);
  expect_same(score({"mutual-information:bins=16"}, golden_table(), way)[0].value, expected("mutual_information_16"),
              1e-6);
}

TEST_F(Golden, Jaccard) {
  SONDE_NEEDS_SHARED(file_name);
  Scores const scores = score({"jaccard:top=0.005"}, golden_table(), way)[0];
  expect_same(scores.value, expected("jaccard_top0.005"), 1e-6);
  expect_same(part(scores, "f1"), expected("f1_top0.005"), 1e-6);
  expect_same(part(scores, "mcc"), expected("mcc_top0.005"), 1e-6);
}

TEST_F(Golden, AllMeasuresTogetherAreTheSame) {
  SONDE_NEEDS_SHARED(file_name);
  auto const scores =
      score({"jaccard", "pearson", "auc", "mean-difference", "mutual-information", "spearman"}, golden_table(), way);
  expect_same(scores[0].value, expected("jaccard_top0.005"), 1e-6);
  expect_same(scores[1].value, expected("pearson"), 1e-6);
  expect_same(scores[2].value, expected("auc"), 1e-9);
  expect_same(scores[3].value, expected("mean_difference"), 1e-6);
  expect_same(scores[4].value, expected("mutual_information_16"), 1e-6);
  expect_same(scores[5].value, expected("spearman"), 1e-9);
}

TEST_F(Golden, BinnedRanksKeepTheirStatedError) {
  SONDE_NEEDS_SHARED(file_name);
  Way binned = way;
  binned.memory = 0;
  auto const scores = score({"auc", "jaccard"}, golden_table(), binned);
  auto const& error = part(scores[0], "bin_error");
  auto const wanted = expected("auc");
  double largest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(std::isnan(scores[0].value[i]), std::isnan(wanted[i]));
    if (std::isnan(wanted[i])) continue;
    EXPECT_LE(std::fabs(scores[0].value[i] - wanted[i]), error[i] + 1e-12);
    EXPECT_LT(error[i], 0.05);
    largest = std::max(largest, std::fabs(scores[0].value[i] - wanted[i]));
  }
  EXPECT_GT(largest, 1e-9);  // it was binned
  expect_same(scores[1].value, expected("jaccard_top0.005"), 1e-6);
}

}  // namespace
}  // namespace sonde::inspect::test
