// The sums of inspect that stay on a GPU, beside the matrix products they are made of: at DeepBase's size, 512 units
// and 190 hypotheses (of probes as many again with random labels), for several sizes of a block.
//
// bench_unit_table [ROWS...]
#include <chrono>
#include <cstdlib>

#include "backend/cuda_backend.hpp"
#include "backend/unit_table.hpp"
#include "bench/bench.hpp"
#include "bench/device_bench.hpp"

namespace sonde::bench {
namespace {

constexpr std::int64_t units = 512, hypotheses = 190, models = 2 * hypotheses;

/// Median time by the clock of a call that returns when the device is done.
template <class Call>
double clock_seconds(Call&& call) {
  constexpr int repeats = 11;
  std::vector<double> seconds;
  for (int i = -3; i < repeats; ++i) {
    auto const start = std::chrono::steady_clock::now();
    call();
    std::chrono::duration<double> const taken = std::chrono::steady_clock::now() - start;
    if (i >= 0) seconds.push_back(taken.count());
  }
  std::ranges::nth_element(seconds, seconds.begin() + repeats / 2);
  return seconds[repeats / 2];
}

/// Teraflops a second of cuBLAS: c (U, columns) = a' b.
template <class Real>
double product_rate(backend::Backend const& cuda, std::int64_t rows, std::int64_t columns) {
  auto const a = random_buffer<Real>(static_cast<std::size_t>(rows * units));
  auto const b = random_buffer<Real>(static_cast<std::size_t>(rows * columns));
  Buffer<Real> c(static_cast<std::size_t>(units * columns), cuda.memory());
  auto const queue = cuda.make_queue();
  auto& multiplies = backend::device_queue(*queue);
  double const seconds =
      device_seconds(*queue, [&] { multiplies.multiply_columns(rows, units, columns, a.data(), b.data(), c.data()); });
  return 2e-12 * static_cast<double>(rows * units * columns) / seconds;
}

std::unique_ptr<backend::UnitTable> filled_table(backend::Backend const& cuda, std::int64_t rows) {
  auto const values = random_buffer<float>(static_cast<std::size_t>(rows * units));
  auto table = cuda.make_unit_table();
  auto const queue = cuda.make_queue();
  table->start(rows, units);
  table->put(*queue, {values.data(), rows, units, 0, units, 0, 0});
  queue->wait();  // before the values go
  return table;
}

/// Of the statistics of pearson, with hypotheses from the host and sums back to it.
double sums_rate(backend::Backend const& cuda, std::int64_t rows) {
  std::vector<float> hypothesis;
  for (std::int64_t i = 0; i < rows * hypotheses; ++i) hypothesis.push_back(i * 40503 % 5 == 0 ? 1 : 0);
  std::vector<double> const unit_shift(units), hypothesis_shift(hypotheses, 0.2);
  auto const table = filled_table(cuda, rows);
  backend::BlockSums sums;
  double const seconds = clock_seconds(
      [&] { table->sum(backend::UnitTerm::value, unit_shift, hypothesis_shift, hypothesis.data(), sums); });
  return 2e-12 * static_cast<double>(rows * units * hypotheses) / seconds;
}

/// Of a mini-batch of logistic: two products, with targets and weights from the host and the gradient back to it.
double residuals_rate(backend::Backend const& cuda, std::int64_t rows) {
  std::vector<std::uint8_t> target;
  for (std::int64_t i = 0; i < rows * models; ++i) target.push_back(i * 40503 % 5 == 0 ? 1 : 0);
  std::vector<double> const mean(units), inverse(units, 1);
  std::vector<float> const weight(static_cast<std::size_t>(units * models), 0.01F), intercept(models, -1);
  auto const table = filled_table(cuda, rows);
  backend::ResidualSums sums;
  double const seconds = clock_seconds([&] {
    table->sum_residuals({0, mean, inverse, weight, intercept}, target.data(), sums);
  });
  return 4e-12 * static_cast<double>(rows * units * models) / seconds;
}

}  // namespace
}  // namespace sonde::bench

int main(int count, char** arguments) {
  using namespace sonde;
  using namespace sonde::bench;
  return run_on_device("bench_unit_table", [&] {
    std::vector<std::int64_t> sizes{4096, 65536};
    if (count > 1) sizes.clear();
    for (int i = 1; i < count; ++i) sizes.push_back(std::max(1LL, std::atoll(arguments[i])));
    auto const cuda = backend::make_cuda_backend(backend::Precision::fp32);
    for (std::int64_t const rows : sizes) {
      std::string const name = "unit_table.rows" + std::to_string(rows);
      double const product = product_rate<double>(*cuda, rows, hypotheses), sums = sums_rate(*cuda, rows);
      print(name + ".product.fp64", product, "TFLOP/s");
      print(name + ".sums", sums, "TFLOP/s");
      print(name + ".sums_of_product", sums / product, "1");
      double const single = product_rate<float>(*cuda, rows, models), residuals = residuals_rate(*cuda, rows);
      print(name + ".product.fp32", single, "TFLOP/s");
      print(name + ".residuals", residuals, "TFLOP/s");
      print(name + ".residuals_of_product", residuals / single, "1");
    }
  });
}
