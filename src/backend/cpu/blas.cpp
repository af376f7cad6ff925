#include "backend/blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <vector>

#include "base/check.hpp"

// Debian's cblas.h has no LAPACK; libopenblas holds it with Fortran's calling convention.
extern "C" void dpotrf_(char const* triangle, blasint const* n, double* a, blasint const* lda, blasint* info);
extern "C" void dsyev_(char const* job, char const* triangle, blasint const* n, double* a, blasint const* lda,
                       double* values, double* work, blasint const* work_size, blasint* info);

namespace sonde::backend {
namespace {

blasint to_int(std::int64_t extent) {
  EXPECT(extent >= 0 && extent <= INT32_MAX);
  return static_cast<blasint>(extent);
}

}  // namespace

void add_column_products(std::int64_t rows, std::int64_t m, std::int64_t n, double const* a, double const* b,
                         double* c) {
  if (rows == 0 || m == 0 || n == 0) return;
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, to_int(m), to_int(n), to_int(rows), 1.0, a, to_int(m), b,
              to_int(n), 1.0, c, to_int(n));
}

void add_column_products(std::int64_t rows, std::int64_t m, std::int64_t n, float const* a, float const* b, float* c) {
  if (rows == 0 || m == 0 || n == 0) return;
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, to_int(m), to_int(n), to_int(rows), 1.0F, a, to_int(m), b,
              to_int(n), 1.0F, c, to_int(n));
}

void matrix_product(std::int64_t m, std::int64_t n, std::int64_t k, double const* a, double const* b, double* c) {
  if (m == 0 || n == 0) return;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, to_int(m), to_int(n), to_int(k), 1.0, a, to_int(k), b,
              to_int(n), 0.0, c, to_int(n));
}

void matrix_product(std::int64_t m, std::int64_t n, std::int64_t k, float const* a, float const* b, float* c) {
  if (m == 0 || n == 0) return;
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, to_int(m), to_int(n), to_int(k), 1.0F, a, to_int(k), b,
              to_int(n), 0.0F, c, to_int(n));
}

void add_gram(std::int64_t rows, std::int64_t n, double const* a, double* c) {
  if (rows == 0 || n == 0) return;
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, to_int(n), to_int(rows), 1.0, a, to_int(n), 1.0, c, to_int(n));
}

bool cholesky(std::int64_t n, double* a) {
  if (n == 0) return true;
  // The upper triangle of a row-major matrix is the lower one of Fortran's; its factor L is our R'.
  blasint const order = to_int(n);
  blasint info = 0;
  dpotrf_("L", &order, a, &order, &info);
  return info == 0;
}

void cholesky_solve(std::int64_t n, std::int64_t m, double const* factor, double* b) {
  if (n == 0 || m == 0) return;
  for (auto const transpose : {CblasTrans, CblasNoTrans}) {  // R'y = b, then R x = y
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, transpose, CblasNonUnit, to_int(n), to_int(m), 1.0, factor,
                to_int(n), b, to_int(m));
  }
}

void symmetric_eigen(std::int64_t n, double* a, double* values) {
  if (n == 0) return;
  blasint const order = to_int(n);
  blasint const work_size = to_int(std::max<std::int64_t>(40 * n, 64));  // blocks of 38 columns
  std::vector<double> work(static_cast<std::size_t>(work_size));
  blasint info = 0;
  // Fortran's columns, in which the eigenvectors come, are our rows; our upper triangle is its lower one.
  dsyev_("V", "L", &order, a, &order, values, work.data(), &work_size, &info);
  if (info != 0) throw Error("eigenvalues of a matrix: no convergence (it holds values that are not finite).");
}

}  // namespace sonde::backend
