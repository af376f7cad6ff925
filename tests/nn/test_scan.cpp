// A data set through models: which records, at which values, by how many threads.
#include "nn/scan.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "harness/distant_backend.hpp"
#include "nn/memory_data.hpp"

namespace sonde {
namespace {

/// y = x, two features.
std::shared_ptr<nn::Network const> identity() {
  io::ModelBuilder build("identity", "test", {2}, "input");
  auto weights = std::make_shared<Tensor>(Shape{2, 2});
  weights->data.data()[0] = weights->data.data()[3] = 1;
  build.count("fc", build.add("fc", io::Dense{weights, nullptr}, {0}));
  return std::make_shared<nn::Network const>(std::move(build).finish(1), true);
}

nn::Scan make_scan(std::int64_t records, int threads, io::ModelDomain const& domain = {}, std::int64_t bad = -1,
                   backend::BackendMaker const& make_backend = backend::backend_maker("reference")) {
  auto data = std::make_shared<test::MemoryData>(records, Shape{2}, 0.0F, bad);
  return nn::Scan({identity()}, data, domain, {make_backend, 4, threads, {}});
}

std::string refusal(Shape const& sample) {
  try {
    nn::Scan({identity()}, std::make_shared<test::MemoryData>(1, sample), {}, {});
  } catch (InputError const& error) {
    return error.what();
  }
  return "";
}

TEST(Scan, CutsBlocksByPosition) {
  auto const scan = make_scan(10, 1);
  EXPECT_EQ(scan.blocks(), 3);
  EXPECT_EQ(scan.records_of({2, 1}).first, 8);
  EXPECT_EQ(scan.records_of({2, 1}).count, 2);
  EXPECT_EQ(scan.records_of({0, 3}).count, 10);
  EXPECT_EQ(scan.records_of({3, 0}).count, 0);
}

TEST(Scan, BringsValuesFromAMemoryOfTheBackendsOwn) {
  auto scan = make_scan(10, 1, {}, -1, [](io::ModelFile const&) { return test::make_distant_backend(); });
  std::vector<float> seen;
  scan.run({0, scan.blocks()},
           [&](nn::Scan::Visit const& visit) {
             std::vector<float> outputs(8), means(8);
             visit.runners.front().outputs(4, outputs.data());
             visit.runners.front().unit_values(4, 0, backend::UnitReduction::mean, means.data());
             EXPECT_EQ(outputs, means);
             for (std::int64_t n = 0; n < visit.count; ++n) seen.push_back(outputs[static_cast<std::size_t>(2 * n)]);
           },
           {});
  EXPECT_EQ(seen, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Scan, VisitsEveryRecordOnceWithItsModelValue) {
  for (int const threads : {1, 3}) {
    io::ModelDomain domain;
    domain.scale = 2;
    domain.mean = {10};
    domain.std = {4};
    auto scan = make_scan(10, threads, domain);
    std::mutex lock;
    std::set<std::int64_t> seen;
    scan.run({0, scan.blocks()},
             [&](nn::Scan::Visit const& visit) {
               std::vector<float> outputs(8);
               visit.runners.front().outputs(4, outputs.data());
               std::scoped_lock const guard(lock);
               EXPECT_LT(visit.worker, threads);
               for (std::int64_t n = 0; n < visit.count; ++n) {
                 EXPECT_TRUE(seen.insert(visit.first + n).second);
                 auto const stored = static_cast<float>(visit.first + n);
                 EXPECT_NEAR(outputs[static_cast<std::size_t>(2 * n)], (2 * stored - 10) / 4, 1e-5);
               }
             },
             {});
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(*seen.rbegin(), 9);
  }
}

TEST(Scan, ReportsProgress) {
  auto scan = make_scan(10, 1);
  std::vector<std::int64_t> done;
  scan.run(
      {1, 2}, [](nn::Scan::Visit const&) {}, [&](std::int64_t records) { done.push_back(records); });
  EXPECT_EQ(done, (std::vector<std::int64_t>{4, 6}));
}

TEST(Scan, RethrowsAWorkersFailure) {
  for (int const threads : {1, 3}) {
    auto scan = make_scan(100, threads, {}, 57);
    EXPECT_THROW(scan.run({0, scan.blocks()}, [](nn::Scan::Visit const&) {}, {}), InputError);
  }
}

TEST(Scan, RefusesDataThatDoNotFit) {
  EXPECT_NE(refusal({3}).find("a sample is 3 but model identity takes 2"), std::string::npos) << refusal({3});
  EXPECT_NE(refusal({2, 1}), "");  // as many values, other units
  EXPECT_EQ(refusal({1, 1, 2}), "");
}

}  // namespace
}  // namespace sonde
