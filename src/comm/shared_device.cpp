#include <algorithm>
#include <sstream>
#include <vector>

#include "comm/collectives.hpp"
#include "comm/device_comm.hpp"

namespace sonde::comm {

bool share_a_device(Communicator const& comm, std::string const& uuid) {
  std::string const line = uuid + '\n';
  auto const all = allgather<char>(comm, std::span<char const>(line));
  std::vector<std::string> uuids;
  std::istringstream lines(std::string(all.begin(), all.end()));
  for (std::string each; std::getline(lines, each);) uuids.push_back(each);
  std::ranges::sort(uuids);
  return std::ranges::adjacent_find(uuids) != uuids.end();
}

}  // namespace sonde::comm
