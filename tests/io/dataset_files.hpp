// Files made for the data set tests, and how they are read back.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "harness/shared_data.hpp"
#include "io/datasets/dataset.hpp"

namespace sonde::test {

inline comm::Communicator const& world() {
  static comm::Communicator const all = comm::Communicator::world();
  return all;
}

/// Rank 0 runs `make` when no rank reads an earlier file any more; the others wait for it.
inline void on_root(std::function<void()> const& make) {
  comm::barrier(world());
  if (world().is_root()) make();
  comm::barrier(world());
}

/// Path of a scratch file or folder of these tests.
inline std::string scratch(std::string const& name) { return scratch_path("datasets/" + name).string(); }

/// Writes a file once for all ranks; its path.
inline std::string put(std::string const& name, std::string const& bytes) {
  std::string const path = scratch(name);
  on_root([&] {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  });
  return path;
}

/// zlib's compression of `bytes`: window 31 makes gzip, -15 raw deflate.
inline std::string packed(std::string bytes, int window = 31) {
  z_stream stream = {};
  if (deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  std::string result(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// `value` as `width` bytes, least first; more than 8 are filled with 0.
inline std::string little(std::uint64_t value, int width) {
  std::string bytes;
  for (int k = 0; k < width; ++k) bytes += static_cast<char>(k < 8 ? value >> (8 * k) & 0xff : 0);
  return bytes;
}

/// `value` as four bytes, most significant first.
inline std::string big(std::uint32_t value) {
  std::string const bytes = little(value, 4);
  return {bytes.rbegin(), bytes.rend()};
}

/// The bytes of `values` in memory.
template <class T>
std::string bytes_of(std::vector<T> const& values) {
  return {reinterpret_cast<char const*>(values.data()), values.size() * sizeof(T)};
}

/// An NPY file of version 1 with this header dictionary.
inline std::string npy(std::string header, std::string const& data) {
  header.resize((header.size() + 10 + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  return "\x93NUMPY" + std::string("\x01\x00", 2) + little(header.size(), 2) + header + data;
}

inline std::unique_ptr<io::Dataset> open(std::string const& spec, io::DataOptions const& options = {}) {
  return io::open_dataset(spec, options, world());
}

inline std::vector<float> rows(io::Dataset const& dataset, std::vector<std::int64_t> const& indices) {
  std::vector<float> values(indices.size() * static_cast<std::size_t>(volume(dataset.sample_shape())));
  dataset.read(indices, values.data());
  return values;
}

/// The message of the InputError that `call` must throw.
inline std::string refusal(std::function<void()> const& call) {
  try {
    call();
  } catch (InputError const& error) {
    return error.what();
  }
  return "(not refused)";
}

inline std::string refusal_of(std::string const& spec, io::DataOptions const& options = {}) {
  return refusal([&] { open(spec, options); });
}

}  // namespace sonde::test

/// Checks that a message holds a text.
#define EXPECT_HAS(message, part) \
  EXPECT_NE((message).find(part), std::string::npos) << "message: " << (message) << "\nshould hold: " << (part)
