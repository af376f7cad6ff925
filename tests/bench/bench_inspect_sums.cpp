// Rates of the sums of inspect beside the plain matrix products they are made of: at DeepBase's size, 512 units and 190
// hypotheses, one thread.
//
// bench_inspect_sums [rows of a block]
#include <cstdlib>
#include <random>

#include "backend/blas.hpp"
#include "backend/threads.hpp"
#include "bench/bench.hpp"
#include "inspect/measures/measure.hpp"
#include "inspect/probes/joint_probe.hpp"

namespace sonde::bench {
namespace {

using inspect::Rows;

constexpr std::int64_t units = 512, hypotheses = 190;

struct Block {
  std::vector<float> unit, hypothesis;
  std::vector<std::int64_t> key;

  explicit Block(std::int64_t count) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> any(-1, 1);
    for (std::int64_t i = 0; i < count * units; ++i) unit.push_back(any(random));
    for (std::int64_t i = 0; i < count * hypotheses; ++i) hypothesis.push_back(random() % 5 == 0 ? 1 : 0);
    for (std::int64_t i = 0; i < count; ++i) key.push_back(i);
  }
  Rows rows() const {
    return {static_cast<std::int64_t>(key.size()), units, hypotheses, unit.data(), hypothesis.data(), key.data()};
  }
};

template <class Real>
double product_seconds(Block const& block) {
  std::vector<Real> const a(block.unit.begin(), block.unit.end()), b(block.hypothesis.begin(), block.hypothesis.end());
  std::vector<Real> c(units * hypotheses);
  auto const count = static_cast<std::int64_t>(block.key.size());
  return median_seconds([&] { backend::add_column_products(count, units, hypotheses, a.data(), b.data(), c.data()); });
}

/// Microseconds a row of the statistics of some measures, that do not need the order pass.
double sums_seconds(std::vector<std::string> const& measures, Block const& block) {
  Rows const rows = block.rows();
  inspect::MeasureSet const set(measures, {units, hypotheses, false, 1'000'000});
  inspect::Pilot const pilot{std::vector<double>(units, 0.0), std::vector<double>(hypotheses, 0.2)};
  std::shared_ptr<inspect::Order> order;
  if (set.needs_order()) {
    order = set.make_order(rows, 0);
    order->update(rows);
    order->finish();
  }
  inspect::Statistics statistics = set.make_statistics(pilot, order);
  return median_seconds([&] { statistics.update(rows); });
}

double probe_seconds(std::string const& text, Block const& block) {
  Rows const rows = block.rows();
  inspect::ProbeContext context{units, hypotheses, 0, 1'000'000};
  context.control = false;
  auto const probe = inspect::make_probe(text, context);
  probe->add(rows);
  probe->step({});
  return median_seconds([&] {
           for (int i = 0; i < 8; ++i) probe->add(rows);  // a mini-batch
           probe->step({});
         }) /
         8;
}

}  // namespace
}  // namespace sonde::bench

int main(int count, char** arguments) {
  using namespace sonde::bench;
  sonde::backend::use_one_thread();
  std::int64_t const rows = count > 1 ? std::atoll(arguments[1]) : 2048;
  Block const block(rows);
  double const flops = 2.0 * static_cast<double>(rows * units * hypotheses);
  double const per_row = 1e6 / static_cast<double>(rows);

  double const dgemm = product_seconds<double>(block), sums = sums_seconds({"pearson"}, block);
  print("fp64 product", flops / dgemm * 1e-9, "GFLOP/s");
  print("fp64 sums (pearson)", flops / sums * 1e-9, "GFLOP/s");
  print("fp64 sums / product", 100 * dgemm / sums, "%");
  print("fp64 sums", sums * per_row, "us/row");
  double const both = sums_seconds({"pearson", "mean-difference"}, block);
  print("pearson and mean-difference", both * per_row, "us/row");
  print("mutual-information", sums_seconds({"mutual-information"}, block) * per_row, "us/row");
  print("jaccard", sums_seconds({"jaccard"}, block) * per_row, "us/row");
  print("auc, binned ranks", sums_seconds({"auc"}, block) * per_row, "us/row");

  double const sgemm = product_seconds<float>(block);
  print("fp32 product", flops / sgemm * 1e-9, "GFLOP/s");
  for (char const* const text : {"logistic", "logistic:penalty=l1"}) {
    double const step = probe_seconds(text, block);
    print(std::string(text) + " step", 2 * flops / step * 1e-9, "GFLOP/s");
    print(std::string(text) + " step / products", 100 * 2 * sgemm / step, "%");
    print(std::string(text) + " step", step * per_row, "us/row");
  }
  print("ridge", probe_seconds("ridge", block) * per_row, "us/row");
}
