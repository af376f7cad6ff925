// Matrix products and Cholesky factors of plain row-major arrays, for sums and probes. OpenBLAS is behind it.
//
// Workers may call at the same time; each call then runs on one thread after use_one_thread() (threads.hpp).
#pragma once

#include <cstdint>

namespace sonde::backend {

/// c (M, N) += a' b, with a (K, M) and b (K, N): sums over rows of products of columns.
void add_column_products(std::int64_t rows, std::int64_t m, std::int64_t n, double const* a, double const* b,
                         double* c);
void add_column_products(std::int64_t rows, std::int64_t m, std::int64_t n, float const* a, float const* b, float* c);

/// c (M, N) = a b, with a (M, K) and b (K, N).
void matrix_product(std::int64_t m, std::int64_t n, std::int64_t k, double const* a, double const* b, double* c);
void matrix_product(std::int64_t m, std::int64_t n, std::int64_t k, float const* a, float const* b, float* c);

/// The upper triangle of c (N, N) += a' a, with a (K, N). The lower one is left as it is.
void add_gram(std::int64_t rows, std::int64_t n, double const* a, double* c);

/// Replaces the upper triangle of a symmetric positive definite a (N, N) by its Cholesky factor R, a = R'R. Returns
/// false when it is not positive definite; a is then spoilt.
bool cholesky(std::int64_t n, double* a);

/// Solves a x = b for the columns of b (N, M) in place, with the factor made by cholesky().
void cholesky_solve(std::int64_t n, std::int64_t m, double const* factor, double* b);

/// Eigenvalues, ascending, of a symmetric a (N, N) given by its upper triangle; row k of a becomes the k-th
/// eigenvector. Throws Error when the iteration does not converge (a is not finite).
void symmetric_eigen(std::int64_t n, double* a, double* values);

}  // namespace sonde::backend
