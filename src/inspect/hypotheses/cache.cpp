// A file of the cache: the mark, packed records one after the other, their places, a footer.
#include "inspect/hypotheses/cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/check.hpp"
#include "base/log.hpp"
#include "io/provenance.hpp"

namespace sonde::inspect {

namespace fs = std::filesystem;

/// A descriptor that is read and written at offsets, so that threads need not share a position.
class CacheFile {
 public:
  CacheFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~CacheFile() { ::close(descriptor_); }
  CacheFile(CacheFile const&) = delete;
  CacheFile& operator=(CacheFile const&) = delete;

  bool read(std::int64_t offset, std::span<std::byte> target) const {
    return transfer(offset, target.size(), [&](std::size_t done, off_t at) {
      return ::pread(descriptor_, target.data() + done, target.size() - done, at);
    });
  }
  bool write(std::int64_t offset, std::span<std::byte const> source) const {
    return transfer(offset, source.size(), [&](std::size_t done, off_t at) {
      return ::pwrite(descriptor_, source.data() + done, source.size() - done, at);
    });
  }
  std::string const& path() const { return path_; }
  void renamed(std::string path) { path_ = std::move(path); }
  bool sync() const { return ::fsync(descriptor_) == 0; }
  /// -1 when it is no regular file.
  std::int64_t size() const {
    struct stat facts {};
    return ::fstat(descriptor_, &facts) == 0 && S_ISREG(facts.st_mode) ? static_cast<std::int64_t>(facts.st_size) : -1;
  }

 private:
  template <class Call>
  static bool transfer(std::int64_t offset, std::size_t size, Call const& call) {
    for (std::size_t done = 0; done < size;) {
      ssize_t const count = call(done, static_cast<off_t>(offset) + static_cast<off_t>(done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return true;
  }

  int descriptor_;
  std::string path_;
};

namespace {

constexpr std::array<char, 16> mark = {'s', 'o', 'n', 'd', 'e', ' ', 'c', 'a', 'c', 'h', 'e', ' ', '1', '\n', 0, 0};

struct Footer {
  std::int64_t records = 0;
  std::array<char, 64> checksum = {};  // sha256 over the key and the places
  std::array<char, 16> end = mark;
};

std::string sha256_of_text(std::string const& text) { return io::sha256_of(std::as_bytes(std::span(text))); }

/// The first 64 bits of a sha256.
std::uint64_t short_checksum(std::vector<std::uint8_t> const& bytes) {
  return std::stoull(io::sha256_of(std::as_bytes(std::span(bytes))).substr(0, 16), nullptr, 16);
}

template <class T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

void update(io::Sha256& checksum, std::string const& text) {
  std::int64_t size = static_cast<std::int64_t>(text.size());
  checksum.update(bytes_of(size));  // so that "ab", "c" is not "a", "bc"
  checksum.update(std::as_bytes(std::span(text)));
}

/// Removes what runs that were killed have left.
void remove_leftovers(std::string const& folder) {
  std::error_code ignored;
  auto const oldest = fs::file_time_type::clock::now() - std::chrono::hours(7 * 24);
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end; entry.increment(ignored)) {
    bool const temporary = entry->path().filename().string().starts_with("tmp-");
    std::error_code gone;
    if (temporary && entry->last_write_time(gone) < oldest && !gone) fs::remove(entry->path(), gone);
  }
}

}  // namespace

std::string data_key(DataFacts const& facts, std::string const& options) {
  io::Sha256 checksum;
  update(checksum, options);
  update(checksum, std::to_string(facts.records) + " " + std::to_string(facts.symbols));
  if (facts.data != nullptr) update(checksum, facts.data->sha256());
  if (facts.text != nullptr) {
    std::vector<float> ids(static_cast<std::size_t>(facts.symbols));
    for (std::int64_t record = 0; record < facts.records; ++record) {
      io::RecordText const text = facts.text->record(record);
      facts.text->read({&record, 1}, ids.data());
      update(checksum, text.text);
      checksum.update(std::as_bytes(std::span(text.first)));
      checksum.update(std::as_bytes(std::span(ids)));
    }
  }
  return checksum.hex();
}

HypothesisCache::HypothesisCache(std::unique_ptr<Hypothesis> inner, std::string const& directory,
                                 std::string const& data, DataFacts const& facts)
    : inner_(std::move(inner)), symbols_(facts.symbols), known_(static_cast<std::size_t>(facts.records)) {
  key_ = sha256_of_text(data + " " + inner_->fingerprint() + " " + std::to_string(facts.records) + " " +
                        std::to_string(symbols_) + " " + std::to_string(columns().size()));
  folder_ = directory + "/" + key_.substr(0, 32);
  std::error_code failed;
  fs::create_directories(folder_, failed);
  VALIDATE(!failed, "--cache " << directory << ": folder " << folder_ << " cannot be made (" << failed.message()
                               << "). Give a folder that can be written.");
  remove_leftovers(folder_);
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(folder_, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (entry->path().filename().string().starts_with("part-")) paths.push_back(entry->path());
  }
  for (std::string const& path : paths) load(path);
}

HypothesisCache::~HypothesisCache() {
  if (!writing_.empty()) ::unlink(writing_.c_str());
}

/// Learns the places of a file. One that is damaged is removed; one that another rank removed meanwhile is none.
void HypothesisCache::load(std::string const& path) {
  int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return;
  auto file = std::make_unique<CacheFile>(descriptor, path);
  Footer footer;
  std::array<char, mark.size()> head = {};
  std::vector<Place> places;
  auto const frame = static_cast<std::int64_t>(sizeof head + sizeof footer);
  std::int64_t const size = file->size();
  bool good = size >= frame && file->read(0, bytes_of(head)) && head == mark &&
              file->read(size - static_cast<std::int64_t>(sizeof footer), bytes_of(footer)) && footer.end == mark &&
              footer.records > 0 && footer.records <= (size - frame) / static_cast<std::int64_t>(sizeof(Place));
  if (good) {
    places.resize(static_cast<std::size_t>(footer.records));
    auto const table = std::as_writable_bytes(std::span(places));
    std::int64_t const start = size - static_cast<std::int64_t>(sizeof footer + table.size());
    io::Sha256 checksum;
    update(checksum, key_);
    good = file->read(start, table);
    checksum.update(table);
    std::string const sum = checksum.hex();
    good = good && std::equal(sum.begin(), sum.end(), footer.checksum.begin(), footer.checksum.end());
    for (Place const& place : places) {
      good = good && place.record >= 0 && place.record < static_cast<std::int64_t>(known_.size()) &&
             place.offset >= static_cast<std::int64_t>(sizeof head) && place.offset <= start && place.bytes > 0 &&
             place.bytes <= start - place.offset;
    }
  }
  if (!good) {
    SONDE_LOG(warning, "cache file " << path
                                     << ": it is damaged or truncated (its checksum differs). It is removed, and its "
                                        "columns are evaluated again.");
    ::unlink(path.c_str());
    return;
  }
  for (Place const& place : places)
    known_[static_cast<std::size_t>(place.record)] = {static_cast<std::int32_t>(files_.size()), place};
  files_.push_back(std::move(file));
}

/// Values of a record that is known; false when it is not, or its bytes are damaged.
bool HypothesisCache::fetch(std::int64_t record, float* values, std::int64_t stride) const {
  Known known;
  CacheFile const* file = nullptr;
  {
    std::scoped_lock const lock(mutex_);
    known = known_[static_cast<std::size_t>(record)];
    if (known.file < 0) return false;
    file = files_[static_cast<std::size_t>(known.file)].get();
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(known.place.bytes));
  auto const count = static_cast<std::int64_t>(columns().size());
  bool const good = file->read(known.place.offset, std::as_writable_bytes(std::span(bytes))) &&
                    short_checksum(bytes) == known.place.checksum &&
                    unpack_columns(bytes, symbols_, count, values, stride);
  std::scoped_lock const lock(mutex_);
  if (good) {
    ++read_;
  } else {
    forget(known.file, record);
  }
  return good;
}

/// Does without a file in which `record` is damaged.
void HypothesisCache::forget(std::int32_t file, std::int64_t record) const {
  std::string const& path = files_[static_cast<std::size_t>(file)]->path();
  if (path == writing_) return stop_writing("what was just written cannot be read");
  bool found = false;
  for (Known& known : known_) {
    found = found || known.file == file;
    if (known.file == file) known.file = -1;
  }
  if (!found) return;  // another thread was here
  SONDE_LOG(warning, "cache file " << path << ": record " << record
                                   << " is damaged (its checksum differs). The file is removed, and its columns are "
                                      "evaluated again.");
  ::unlink(path.c_str());
}

void HypothesisCache::evaluate(RecordBlock const& block, float* values, std::int64_t stride) const {
  std::vector<std::int64_t> missing;
  std::vector<float*> targets;
  for (std::int64_t const record : block.records) {
    if (!fetch(record, values, stride)) {
      missing.push_back(record);
      targets.push_back(values);
    }
    values += symbols_ * stride;
  }
  if (missing.empty()) return;
  auto const count = static_cast<std::int64_t>(columns().size());
  std::int64_t const record_values = symbols_ * count;
  std::vector<float> made(missing.size() * static_cast<std::size_t>(record_values));
  inner_->evaluate({missing, block.facts}, made.data(), count);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    float const* const source = made.data() + static_cast<std::int64_t>(i) * record_values;
    for (std::int64_t s = 0; s < symbols_; ++s) std::copy_n(source + s * count, count, targets[i] + s * stride);
    keep(missing[i], pack_columns(source, symbols_, count, count));
  }
}

void HypothesisCache::stop_writing(char const* what) const {
  SONDE_LOG(warning, "cache folder " << folder_ << ": " << what << " (" << std::strerror(errno)
                                     << "). Columns of this run are not kept.");
  broken_ = true;
  if (!writing_.empty()) ::unlink(writing_.c_str());
  writing_.clear();
  for (Place const& place : unsaved_) known_[static_cast<std::size_t>(place.record)].file = -1;
  unsaved_.clear();
}

void HypothesisCache::start_file() const {
  std::string path = folder_ + "/tmp-XXXXXX";
  int const descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return stop_writing("a file cannot be made");
  writing_ = path;
  files_.push_back(std::make_unique<CacheFile>(descriptor, path));
  end_ = mark.size();
  auto head = mark;
  if (!files_.back()->write(0, bytes_of(head))) stop_writing("it cannot be written");
}

void HypothesisCache::keep(std::int64_t record, std::vector<std::uint8_t> const& bytes) const {
  std::uint64_t const checksum = short_checksum(bytes);
  std::scoped_lock const lock(mutex_);
  ++evaluated_;
  Known& known = known_[static_cast<std::size_t>(record)];
  if (broken_ || known.file >= 0) return;
  if (writing_.empty()) start_file();
  if (broken_) return;
  Place const place{record, end_, static_cast<std::int64_t>(bytes.size()), checksum};
  if (!files_.back()->write(end_, std::as_bytes(std::span(bytes)))) return stop_writing("it cannot be written");
  end_ += place.bytes;
  known = {static_cast<std::int32_t>(files_.size()) - 1, place};
  unsaved_.push_back(place);
}

void HypothesisCache::save() {
  std::scoped_lock const lock(mutex_);
  if (unsaved_.empty() || broken_) return;
  auto const table = std::as_bytes(std::span(unsaved_));
  io::Sha256 checksum;
  update(checksum, key_);
  checksum.update(table);
  std::string const sum = checksum.hex();
  Footer footer;
  footer.records = static_cast<std::int64_t>(unsaved_.size());
  std::copy(sum.begin(), sum.end(), footer.checksum.begin());
  CacheFile& file = *files_.back();
  std::string const path = folder_ + "/part-" + sum.substr(0, 32);
  bool const written = file.write(end_, table) &&
                       file.write(end_ + static_cast<std::int64_t>(table.size()), bytes_of(footer)) && file.sync() &&
                       ::rename(writing_.c_str(), path.c_str()) == 0;
  if (!written) return stop_writing("it cannot be written");
  file.renamed(path);
  writing_.clear();
  unsaved_.clear();
}

}  // namespace sonde::inspect
