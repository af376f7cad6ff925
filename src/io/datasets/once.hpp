// Work that one rank does for all, or one rank of each node for that node.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "comm/communicator.hpp"
#include "comm/shared_bytes.hpp"
#include "io/datasets/file_bytes.hpp"

namespace sonde::io {

/// The text rank 0 made, on every rank; when `work` throws there, every rank throws that error. Collective.
std::string once(comm::Communicator const& comm, std::function<std::string()> const& work);

/// `size` bytes held once per node, written by `fill` on one rank of each. Collective; an error of any rank is thrown
/// by all.
std::shared_ptr<ByteSource const> once_per_node(comm::Communicator const& comm, std::int64_t size,
                                                std::function<void(std::span<std::byte>)> const& fill);

}  // namespace sonde::io
