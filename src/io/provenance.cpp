#include "io/provenance.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/check.hpp"

namespace sonde::io {
namespace {

/// OpenSSL fails only for lack of memory or of a usable provider.
void check(int status) {
  if (status != 1)
    throw Error("a checksum cannot be computed (OpenSSL gave no SHA-256). Check the OpenSSL installation.");
}

void add_file(Sha256& sum, std::string const& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "rb"), &std::fclose);
  VALIDATE(file, "file " << path << ": it cannot be opened (" << std::strerror(errno) << "). Check the path.");
  std::vector<std::byte> block(1 << 16);
  while (std::size_t const count = std::fread(block.data(), 1, block.size(), file.get()))
    sum.update({block.data(), count});
  VALIDATE(!std::ferror(file.get()),
           "file " << path << ": it cannot be read (" << std::strerror(errno) << "). Give a readable file.");
}

}  // namespace

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> evp{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  check(context_->evp ? EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr) : 0);
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<std::byte const> bytes) {
  check(EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()));
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  check(EVP_DigestFinal_ex(context_->evp.get(), digest.data(), &length));
  static char const digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char const byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_of(std::span<std::byte const> bytes) {
  Sha256 sum;
  sum.update(bytes);
  return sum.hex();
}

std::string sha256_of_file(std::string const& path) { return sha256_of_files({path}); }

std::string sha256_of_files(std::vector<std::string> const& paths) {
  Sha256 sum;
  for (std::string const& path : paths) add_file(sum, path);
  return sum.hex();
}

std::string iso_time() {
  std::time_t const now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace sonde::io
