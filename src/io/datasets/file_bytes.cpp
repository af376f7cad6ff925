#include "io/datasets/file_bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/check.hpp"

namespace sonde::io {

namespace {

[[noreturn]] void refuse_errno(std::string const& path, char const* what) {
  SONDE_FAIL_AS(InputError,
                "file " << path << ": it cannot be " << what << " (" << std::strerror(errno) << "). Check the path.");
}

class PlainFile : public ByteSource {
 public:
  explicit PlainFile(std::string const& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (file_ < 0) refuse_errno(path, "opened");
    struct stat status = {};
    bool const regular = ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
    if (!regular) ::close(file_);
    VALIDATE(regular,
             "file " << path << ": it is no regular file (data are read from files). Give the name of a file.");
    size_ = status.st_size;
  }
  ~PlainFile() override { ::close(file_); }
  PlainFile(PlainFile const&) = delete;
  PlainFile& operator=(PlainFile const&) = delete;

  std::int64_t size() const override { return size_; }

  void read(std::int64_t offset, std::span<std::byte> target) const override {
    while (!target.empty()) {
      ssize_t const count = ::pread(file_, target.data(), target.size(), offset);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) refuse_errno(path_, "read");
      VALIDATE(count > 0, "file " << path_ << ": it ends after " << offset << " of " << size_
                                  << " bytes (it was cut while being used). Leave data files alone during a run.");
      offset += count;
      target = target.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  std::string path_;
  int file_;
  std::int64_t size_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(std::string const& path) { return std::make_unique<PlainFile>(path); }

std::vector<std::uint8_t> read_whole_file(std::string const& path) {
  PlainFile const file(path);
  VALIDATE(file.size() <= (1 << 30),
           "file " << path << ": it has " << file.size() << " bytes (1 GiB is the most read at once). Check the file.");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.size()));
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

FileStream::FileStream(std::string const& path) : path_(path) {
  PlainFile const check(path);  // for its messages
  file_ = gzopen(path.c_str(), "rb");
  if (file_ == nullptr) refuse_errno(path, "opened");
  gzbuffer(static_cast<gzFile>(file_), 1 << 17);
}

FileStream::~FileStream() { gzclose(static_cast<gzFile>(file_)); }

std::size_t FileStream::read(std::span<std::byte> target) {
  auto* file = static_cast<gzFile>(file_);
  std::size_t done = 0;
  while (done < target.size()) {
    auto const piece = static_cast<unsigned>(std::min<std::size_t>(target.size() - done, 1 << 30));
    int const count = gzread(file, target.data() + done, piece);
    if (count > 0) done += static_cast<std::size_t>(count);
    if (count == static_cast<int>(piece)) continue;
    int status = Z_OK;
    char const* reason = gzerror(file, &status);  // Z_BUF_ERROR: the compressed data end too early
    VALIDATE(status == Z_OK, "file " << path_ << ": it cannot be inflated ("
                                     << (status == Z_BUF_ERROR ? "it ends too early" : reason)
                                     << "). The file is truncated or damaged: copy it again.");
    break;
  }
  return done;
}

bool is_gzip(std::string const& path) {
  std::byte magic[2] = {};
  PlainFile const file(path);
  if (file.size() < 2) return false;
  file.read(0, magic);
  return magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b};
}

std::vector<std::byte> read_head(std::string const& path, std::size_t count) {
  std::vector<std::byte> head(count);
  head.resize(FileStream(path).read(head));
  return head;
}

void inflate_raw(std::string const& subject, std::span<std::byte const> packed, std::span<std::byte> target) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    SONDE_FAIL_AS(Error, subject << ": zlib could not start (out of memory). Use fewer ranks.");
  constexpr std::size_t piece = std::numeric_limits<uInt>::max();  // zlib counts in 32 bits
  std::byte extra = {};                                            // tells data that are too long from data that fit
  std::size_t used = 0;
  std::size_t made = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    std::size_t const input = std::min(packed.size() - used, piece);
    bool const full = made == target.size();
    std::size_t const room = full ? 1 : std::min(target.size() - made, piece);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + used));
    stream.avail_in = static_cast<uInt>(input);
    stream.next_out = reinterpret_cast<Bytef*>(full ? &extra : target.data() + made);
    stream.avail_out = static_cast<uInt>(room);
    status = inflate(&stream, Z_NO_FLUSH);
    used += input - stream.avail_in;
    made += room - stream.avail_out;
    if (made > target.size()) break;
  }
  inflateEnd(&stream);
  VALIDATE(status == Z_STREAM_END && made == target.size(),
           subject << ": it does not inflate to the " << target.size() << " bytes its header names (" << made
                   << " came). The file is truncated or damaged: copy it again.");
}

std::int64_t memory_limit() {
  return static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::int64_t>(::sysconf(_SC_PAGE_SIZE)) / 2;
}

void check_inflated_size(std::string const& subject, std::int64_t packed, std::int64_t inflated) {
  constexpr std::int64_t most = 1032;  // RFC 1951: 258 bytes from 2 bits
  VALIDATE(inflated / most <= packed,
           subject << ": its header names " << inflated << " bytes of data (they cannot be in " << packed
                   << " compressed bytes). The file is truncated or damaged: copy it again.");
  VALIDATE(inflated <= memory_limit(), subject << ": it inflates to " << inflated << " bytes (half of the memory is "
                                               << memory_limit() << "). Inflate it on disk and give the plain file.");
}

}  // namespace sonde::io
