#include "backend/blas.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace sonde::backend::test {
namespace {

TEST(Blas, ProductsByHand) {
  std::vector<double> const a = {1, 2, 3, 4, 5, 6};  // (3, 2)
  std::vector<double> const b = {1, 0, 2, 1, 1, 1};  // (3, 2)
  std::vector<double> c = {100, 0, 0, 0};
  add_column_products(3, 2, 2, a.data(), b.data(), c.data());  // a' b
  EXPECT_EQ(c, (std::vector<double>{100 + 12, 8, 16, 10}));
  std::vector<float> const x = {1, 2, 3, 4, 5, 6}, y = {1, 0, 2, 1};
  std::vector<float> z(6, 7);
  matrix_product(3, 2, 2, x.data(), y.data(), z.data());
  EXPECT_EQ(z, (std::vector<float>{5, 2, 11, 4, 17, 6}));
  std::vector<double> gram = {0, 0, -1, 0};
  add_gram(3, 2, a.data(), gram.data());
  EXPECT_EQ(gram, (std::vector<double>{35, 44, -1, 56}));  // the lower triangle is left
  add_column_products(0, 2, 2, a.data(), b.data(), c.data());
  EXPECT_EQ(c[0], 112);
}

TEST(Blas, CholeskySolves) {
  std::vector<double> a = {4, 2, 0, 5};  // [[4, 2], [2, 5]] by its upper triangle
  ASSERT_TRUE(cholesky(2, a.data()));
  EXPECT_DOUBLE_EQ(a[0], 2);
  EXPECT_DOUBLE_EQ(a[1], 1);
  EXPECT_DOUBLE_EQ(a[3], 2);
  std::vector<double> b = {8, 4, 12, 2};  // columns (8, 12) and (4, 2)
  cholesky_solve(2, 2, a.data(), b.data());
  EXPECT_NEAR(b[0], 1, 1e-15);
  EXPECT_NEAR(b[2], 2, 1e-15);
  EXPECT_NEAR(b[1], 1, 1e-15);
  EXPECT_NEAR(b[3], 0, 1e-15);
  std::vector<double> indefinite = {1, 2, 0, 1};
  EXPECT_FALSE(cholesky(2, indefinite.data()));
}

TEST(Blas, EigenvectorsAreRows) {
  std::vector<double> a = {2, 1, 0, 3}, values(2);  // [[2, 1], [1, 3]]
  std::vector<double> const full = {2, 1, 1, 3};
  symmetric_eigen(2, a.data(), values.data());
  EXPECT_NEAR(values[0], 2.5 - std::sqrt(1.25), 1e-14);
  EXPECT_NEAR(values[1], 2.5 + std::sqrt(1.25), 1e-14);
  for (std::size_t k = 0; k < 2; ++k) {
    double const v0 = a[2 * k], v1 = a[2 * k + 1];
    EXPECT_NEAR(full[0] * v0 + full[1] * v1, values[k] * v0, 1e-14);
    EXPECT_NEAR(full[2] * v0 + full[3] * v1, values[k] * v1, 1e-14);
    EXPECT_NEAR(v0 * v0 + v1 * v1, 1, 1e-14);
  }
}

}  // namespace
}  // namespace sonde::backend::test
