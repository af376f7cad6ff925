// Row ops of backends with a memory of their own against those of the host.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "backend/rows.hpp"
#include "backends.hpp"
#include "op_cases.hpp"

namespace sonde::test {
namespace {

using backend::DomainMap;
using backend::FeatureRule;
using backend::LoopState;
using backend::Queue;
using backend::RowKey;
using backend::RowOps;
using backend::UnitList;
using backend::UnitPick;

/// Arrays in one memory.
class Place {
 public:
  explicit Place(device::Memory& memory) : memory_(&memory) {}
  template <class T>
  T* operator()(std::vector<T> const& values) {
    auto const bytes = std::as_bytes(std::span(values));
    return reinterpret_cast<T*>(kept_.emplace_back(bytes, *memory_).data());
  }
  LoopState const* state(std::int32_t live) { return (*this)(std::vector<LoopState>{{live}}); }

 private:
  device::Memory* memory_;
  std::vector<Buffer<std::byte>> kept_;
};

Shape const image{7, 6, 3};
constexpr std::int64_t features = 7 * 6 * 3;
constexpr std::int64_t rows = 5;
constexpr std::int32_t live = 3;

std::vector<float> numbers(std::uint64_t key) { return spread(rows * features, -1, 1, key); }
std::vector<float> of_a_row(std::uint64_t key) { return spread(features, -1, 1, key); }

class DeviceRows : public testing::TestWithParam<std::string> {
 protected:
  /// What `call(ops, queue, place, array)` leaves of an array that starts as `start`.
  template <class T, class Call>
  static std::vector<T> after(RowOps const& ops, Queue& queue, device::Memory& memory, std::vector<T> const& start,
                              Call call) {
    Place place(memory);
    T* const array = place(start);
    call(ops, queue, place, array);
    std::vector<T> result(start.size());
    queue.copy_out(result.data(), array, result.size() * sizeof(T));
    queue.wait();
    return result;
  }

  /// Both ways; rows beyond the live ones must not change.
  template <class Call>
  void compare(std::vector<float> const& start, Call call) const {
    auto const [expected, actual] = both(start, call);
    for (std::size_t i = 0; i < start.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[i], 1e-6 * std::max(1.0F, std::abs(expected[i]))) << "element " << i;
    }
    EXPECT_NE(actual, start) << "nothing has happened";
  }
  template <class T, class Call>
  void compare_exactly(std::vector<T> const& start, Call call) const {
    auto const [expected, actual] = both(start, call);
    EXPECT_EQ(std::memcmp(expected.data(), actual.data(), expected.size() * sizeof(T)), 0);
    EXPECT_NE(std::memcmp(start.data(), actual.data(), start.size() * sizeof(T)), 0) << "nothing has happened";
  }
  template <class T, class Call>
  std::pair<std::vector<T>, std::vector<T>> both(std::vector<T> const& start, Call call) const {
    Queue here;
    auto const expected = after(RowOps{}, here, device::host_memory(), start, call);
    auto const tested = make_test_backend(GetParam());
    auto const queue = tested->make_queue();
    return {expected, after(*tested->make_row_ops(), *queue, tested->memory(), start, call)};
  }
};

TEST_P(DeviceRows, ToModel) {
  for (DomainMap const& map :
       {DomainMap{{2, 1, 0}, {2, 3, 4}, {0.5F, 0, -1}}, DomainMap{{1, 1, 0}, {2}, {0.25F}}, DomainMap{{0}, {3}, {1}}}) {
    compare(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* y) {
      ops.to_model(queue, place.state(live), place(numbers(2)), features, map, y);
    });
  }
}

TEST_P(DeviceRows, AddModelGradient) {
  for (bool const first : {true, false}) {
    for (DomainMap const& map :
         {DomainMap{{2, 1, 0}, {2, 3, 4}, {0, 0, 0}}, DomainMap{{1, 1, 0}, {2}, {0}}, DomainMap{{0}, {3}, {0}}}) {
      compare(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* g) {
        ops.add_model_gradient(queue, place.state(live), place(numbers(2)), features, map, first, g);
      });
    }
  }
}

TEST_P(DeviceRows, Normalise) {
  compare(numbers(1), [](RowOps const& ops, Queue& queue, Place& place, float* g) {
    ops.normalise_rms(queue, place.state(live), features, g);
  });
}

TEST_P(DeviceRows, MeanFill) {
  compare(numbers(1), [](RowOps const& ops, Queue& queue, Place& place, float* g) {
    ops.mean_fill(queue, place.state(live), features, 1e3F, g);
  });
}

TEST_P(DeviceRows, Mask) {
  compare(numbers(1), [](RowOps const& ops, Queue& queue, Place& place, float* g) {
    std::vector<float> mask(features);
    for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 1;
    ops.mask(queue, place.state(live), features, place(mask), g);
  });
}

TEST_P(DeviceRows, DarkPatches) {
  std::vector<std::int32_t> positions;
  for (std::int32_t i = 0; i < live * 4; ++i) positions.insert(positions.end(), {(i * 5) % 5, (i * 7 + 1) % 4});
  compare_exactly(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* g) {
    ops.dark_patches(queue, place.state(live), image, 3, 4, place(positions), g);
  });
}

std::vector<FeatureRule> some_rules() {
  std::vector<FeatureRule> rules;
  for (std::int64_t i = 0; i < features; ++i) rules.push_back(static_cast<FeatureRule>(i % 4));
  return rules;
}

TEST_P(DeviceRows, FeatureRules) {
  std::vector<float> x = numbers(2);
  for (std::size_t i = 0; i < x.size(); i += 2) x[i] = 0.5F;
  compare_exactly(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* g) {
    ops.feature_rules(queue, place.state(live), features, place(some_rules()), 0.5F, 0.125F, place(x), g);
  });
}

TEST_P(DeviceRows, Ascend) {
  for (bool const ruled : {true, false}) {
    compare_exactly(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* x) {
      ops.ascend(queue, place.state(live), features, 0.3F, ruled ? place(some_rules()) : nullptr, place(numbers(2)), x);
    });
  }
}

TEST_P(DeviceRows, Clip) {
  std::vector<float> low = of_a_row(2), high = low;
  for (float& value : high) value += 0.5F;
  compare_exactly(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* x) {
    ops.clip(queue, place.state(live), features, place(low), place(high), x);
  });
}

TEST_P(DeviceRows, Project) {
  for (auto const& [linf, l2] : {std::pair{0.25F, 0.0F}, std::pair{0.0F, 1.5F}, std::pair{0.5F, 2.0F}}) {
    compare(numbers(1), [linf = linf, l2 = l2](RowOps const& ops, Queue& queue, Place& place, float* x) {
      ops.project(queue, place.state(live), features, place(numbers(2)), linf, l2, x);
    });
  }
}

std::vector<RowKey> some_keys() {
  return {{.seed = 5, .pass = 1, .iteration = 7}, {.seed = 4'000'000'000, .iteration = 1}, {.seed = 0, .pass = 3}};
}

TEST_P(DeviceRows, PickUnitsDrawsTheNumbersOfTheHost) {
  std::vector<std::int32_t> layers, units;
  for (std::int32_t i = 0; i < 1000; ++i) {
    layers.push_back(i / 100);
    units.push_back(i % 100);
  }
  for (std::int32_t const count : {1000, 1, 0}) {
    std::vector<UnitPick> const start(rows, UnitPick{77, 77, 77});
    compare_exactly(start, [&](RowOps const& ops, Queue& queue, Place& place, UnitPick* picks) {
      UnitList const list{place(layers), place(units), place(std::vector<std::int32_t>{count})};
      ops.pick_units(queue, place.state(live), 0x123456789abcdefU, place(some_keys()), 2, list, 0.5F, picks);
    });
  }
}

TEST_P(DeviceRows, DrawPatchesDrawsTheNumbersOfTheHost) {
  std::vector<std::int32_t> const start(rows * 6 * 2, -5);
  compare_exactly(start, [&](RowOps const& ops, Queue& queue, Place& place, std::int32_t* positions) {
    ops.draw_patches(queue, place.state(live), 99, place(some_keys()), {500, 300, 3}, 2, 6, positions);
  });
}

TEST_P(DeviceRows, GatherAndScatter) {
  std::vector<std::int32_t> const from{4, 0, 3}, to{2, -1, 4};
  compare_exactly(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* y) {
    ops.gather(queue, place.state(live), features, place(from), place(numbers(2)), y);
  });
  compare_exactly(numbers(1), [&](RowOps const& ops, Queue& queue, Place& place, float* y) {
    ops.scatter(queue, place.state(live), features, place(to), place(numbers(2)), y);
  });
}

TEST_P(DeviceRows, NoLiveRowIsNoWork) {
  std::vector<float> const start = numbers(1);
  auto const [expected, actual] = both(start, [](RowOps const& ops, Queue& queue, Place& place, float* g) {
    ops.normalise_rms(queue, place.state(0), features, g);
    ops.ascend(queue, place.state(0), features, 1, nullptr, place(numbers(2)), g);
  });
  EXPECT_EQ(actual, start);
  EXPECT_EQ(expected, start);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DeviceRows);  // a build for GPUs, where there is none
INSTANTIATE_TEST_SUITE_P(Backends, DeviceRows, testing::ValuesIn(device_backend_names()),
                         [](auto const& test) { return test_name(test.param); });

}  // namespace
}  // namespace sonde::test
