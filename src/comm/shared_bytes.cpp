#include "comm/shared_bytes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "comm/agree.hpp"
#include "comm/collectives.hpp"

namespace sonde::comm {
namespace {

/// Maps `size` bytes of a file, or anonymous memory for file -1; nullptr when that fails.
std::byte* map(int file, std::size_t size) {
  int const flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

/// Where the others find the file of rank 0.
struct Place {
  std::int64_t process = ::getpid();
  std::int64_t file = -1;
  std::int64_t inode = -1;  // another process may have this number in the container of another rank
};

std::int64_t inode_of(int file) {
  struct stat facts {};
  return ::fstat(file, &facts) == 0 ? static_cast<std::int64_t>(facts.st_ino) : -1;
}

std::byte* map_file_of(Place const& place, std::size_t size) {
  std::string const path = "/proc/" + std::to_string(place.process) + "/fd/" + std::to_string(place.file);
  int const file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return nullptr;
  std::byte* const data = inode_of(file) == place.inode ? map(file, size) : nullptr;
  ::close(file);
  return data;
}

}  // namespace

SharedBytes::SharedBytes(Communicator const& node, std::size_t size) : node_(node), size_(size) {
  if (size == 0) return;
  if (node.size() > 1) {
    Place place;
    if (node.is_root()) {
      place.file = ::memfd_create("sonde", MFD_CLOEXEC);
      place.inode = inode_of(static_cast<int>(place.file));
      if (place.file >= 0 && ::ftruncate(static_cast<int>(place.file), static_cast<off_t>(size)) == 0) {
        data_ = map(static_cast<int>(place.file), size);
      }
    }
    broadcast<std::byte>(node, std::as_writable_bytes(std::span(&place, 1)));
    if (!node.is_root() && place.file >= 0) data_ = map_file_of(place, size);
    shared_ = allreduce<std::int32_t>(node, Reduction::min, data_ ? 1 : 0) == 1;
    if (node.is_root() && place.file >= 0) ::close(static_cast<int>(place.file));
    if (!shared_ && data_) ::munmap(std::exchange(data_, nullptr), size);
  }
  if (!data_) data_ = map(-1, size);
  agree(node, [&] {
    if (!data_)
      SONDE_FAIL_AS(Error,
                    size << " bytes cannot be held in memory (the system has no more). Use a node with more memory.");
  });
}

SharedBytes::~SharedBytes() {
  if (data_) ::munmap(data_, size_);
}

SharedBytes::SharedBytes(SharedBytes&& other) noexcept { *this = std::move(other); }

SharedBytes& SharedBytes::operator=(SharedBytes&& other) noexcept {
  std::swap(node_, other.node_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(shared_, other.shared_);
  return *this;
}

void SharedBytes::publish() {
  if (shared_) {
    barrier(node_);
  } else {
    broadcast(node_, bytes());
  }
}

}  // namespace sonde::comm
