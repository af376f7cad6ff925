// Bytes held once per node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// Memory that all ranks of a node see: rank 0 of the node fills it, publish(), then all read it.
///
/// It is an anonymous file of rank 0 that the others map, so that nothing is left behind by a killed run, a small
/// /dev/shm does not matter, and destruction is not collective. Where the others may not open it (a container per rank)
/// each rank gets a copy of its own in publish().
class SharedBytes {
 public:
  SharedBytes() = default;
  /// Collective over `node`, which is Communicator::split_node() of some communicator; all give the same size.
  SharedBytes(Communicator const& node, std::size_t size);
  ~SharedBytes();
  SharedBytes(SharedBytes&& other) noexcept;
  SharedBytes& operator=(SharedBytes&& other) noexcept;

  /// The bytes; to be written before publish() by rank 0 of the node only, and to be read after it.
  std::span<std::byte> bytes() { return {data_, size_}; }
  std::span<std::byte const> bytes() const { return {data_, size_}; }
  /// Makes what rank 0 wrote visible to all. Collective.
  void publish();
  /// Whether there is one copy for all ranks of the node.
  bool shared() const { return shared_; }

 private:
  Communicator node_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  bool shared_ = true;
};

}  // namespace sonde::comm
