#include <algorithm>
#include <sstream>
#include <vector>

#include "comm/collectives.hpp"
#include "comm/device_comm.hpp"

namespace sonde::comm {
namespace {

/// Whether two of the ranks have the same name.
bool any_twice(Communicator const& comm, std::string const& name) {
  std::string const line = name + '\n';
  auto const all = allgather<char>(comm, std::span<char const>(line));
  std::vector<std::string> names;
  std::istringstream lines(std::string(all.begin(), all.end()));
  for (std::string each; std::getline(lines, each);) names.push_back(each);
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

}  // namespace

bool share_a_device(Communicator const& comm, std::string const& uuid, std::string const& address) {
  if (any_twice(comm, uuid)) return true;
  return allreduce(comm, Reduction::max, std::int32_t{any_twice(comm.split_node(), address)}) != 0;
}

}  // namespace sonde::comm
