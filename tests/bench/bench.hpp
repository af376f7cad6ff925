// What benchmarks share: medians, the output format and the peak of the processor.
#pragma once

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

namespace sonde::bench {

/// Multiply-adds per second, times two, of one core in registers: measured for some 20 ms. Cores that share
/// execution units with a neighbour change their peak from moment to moment: measure it beside what is compared with
/// it.
double peak_flops();

/// Processor time of this process: unlike the wall clock it leaves out the time others held the core.
inline double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Median processor time of a call of single-threaded work, over batches of calls that take at least a millisecond
/// each.
template <class Call>
double median_seconds(Call&& call, int repeats = 21) {
  auto const time = [&](int calls) {
    double const start = processor_seconds();
    for (int i = 0; i < calls; ++i) call();
    return processor_seconds() - start;
  };
  time(1);  // fetches code and data
  int const calls = static_cast<int>(std::clamp(1e-3 / std::max(time(1), 1e-6), 1.0, 1e3));
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) seconds.push_back(time(calls) / calls);
  std::ranges::nth_element(seconds, seconds.begin() + repeats / 2);
  return seconds[static_cast<std::size_t>(repeats / 2)];
}

inline void print(std::string const& name, double value, std::string const& unit) {
  std::printf("%-40s %10.4g %s\n", name.c_str(), value, unit.c_str());
}

}  // namespace sonde::bench
