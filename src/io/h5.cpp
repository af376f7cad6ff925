// Files, groups and the creation of data sets.
#include "io/h5.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/check.hpp"
#include "io/h5_native.hpp"

namespace sonde::io {
namespace {

using h5::check_read;
using h5::check_write;

constexpr std::array<unsigned char, 8> signature = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

herr_t add_name(hid_t, char const* name, H5L_info_t const*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

}  // namespace

std::recursive_mutex& h5_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

bool H5File::has_signature(std::string const& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;  // a pipe would be waited for
  std::ifstream file(path, std::ios::binary);
  std::array<char, 8> start{};
  file.read(start.data(), start.size());
  return file && std::memcmp(start.data(), signature.data(), signature.size()) == 0;
}

H5File H5File::open(std::string const& path) {
  h5::initialise();
  struct stat facts {};
  VALIDATE(::stat(path.c_str(), &facts) == 0,
           "file " << path << ": it cannot be opened (" << std::strerror(errno) << "). Check the path.");
  VALIDATE(S_ISREG(facts.st_mode),
           "file " << path << ": it cannot be read as HDF5 (it is no plain file). Name an HDF5 file.");
  H5Handle const access(check_read(H5Pcreate(H5P_FILE_ACCESS), "file " + path, "cannot be opened"), &H5Pclose);
  // File systems without locks are common; nothing writes to a file that is read here.
  H5Pset_file_locking(access.get(), true, true);
  H5Handle handle(
      check_read(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), "file " + path, "cannot be read as HDF5"),
      &H5Fclose);
  return H5File(std::move(handle), path, true);
}

H5File H5File::create(std::string const& path) {
  h5::initialise();
  H5Handle handle(check_write(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), "file " + path,
                              "cannot be created"),
                  &H5Fclose);
  return H5File(std::move(handle), path, false);
}

H5File::H5File(H5Handle handle, std::string path, bool untrusted)
    : handle_(std::move(handle)), path_(std::move(path)), untrusted_(untrusted) {}

std::string H5File::subject(char const* kind, std::string const& name) const {
  return "file " + path_ + ": " + kind + " " + name;
}

bool H5File::exists(std::string const& name) const {
  // H5Lexists fails, rather than say no, when a group on the way is missing.
  for (std::size_t end = name.find_first_not_of('/'); end != std::string::npos;) {
    end = name.find('/', end);
    if (H5Lexists(handle_.get(), name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
    if (H5Oexists_by_name(handle_.get(), name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
    if (end != std::string::npos) end = name.find_first_not_of('/', end);
  }
  return true;
}

H5Handle H5File::open_object(std::string const& name) const {
  VALIDATE(exists(name), subject("object", name)
                             << " does not exist (it is not in the file). Check the name with h5ls -r.");
  return {check_read(H5Oopen(handle_.get(), name.c_str(), H5P_DEFAULT), subject("object", name), "cannot be opened"),
          &H5Oclose};
}

bool H5File::is_dataset(std::string const& name) const {
  return exists(name) && H5Iget_type(open_object(name).get()) == H5I_DATASET;
}

bool H5File::is_group(std::string const& name) const {
  return exists(name) && H5Iget_type(open_object(name).get()) == H5I_GROUP;
}

std::vector<std::string> H5File::children(std::string const& group) const {
  H5Handle const object = open_object(group);
  VALIDATE(H5Iget_type(object.get()) == H5I_GROUP,
           subject("object", group) << " is no group (a group is needed). Check the name with h5ls -r.");
  std::vector<std::string> names;
  check_read(H5Literate(object.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, &add_name, &names), subject("group", group),
             "cannot be listed");
  return names;
}

H5Dataset H5File::dataset(std::string const& name) const {
  H5Handle object = open_object(name);
  VALIDATE(H5Iget_type(object.get()) == H5I_DATASET,
           subject("object", name) << " is no data set (a data set is needed). Check the name with h5ls -r.");
  return H5Dataset(std::move(object), subject("data set", name), untrusted_);
}

void H5File::create_group(std::string const& name) {
  if (exists(name)) return;
  H5Handle const links(check_write(H5Pcreate(H5P_LINK_CREATE), subject("group", name), "cannot be created"), &H5Pclose);
  check_write(H5Pset_create_intermediate_group(links.get(), 1), subject("group", name), "cannot be created");
  H5Handle const group(check_write(H5Gcreate2(handle_.get(), name.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
                                   subject("group", name), "cannot be created"),
                       &H5Gclose);
}

H5Dataset H5File::create_dataset(std::string const& name, ElementType type, Shape const& shape, std::int64_t width) {
  std::string const what = subject("data set", name);
  char const* const problem = "cannot be created";
  H5Handle const links(check_write(H5Pcreate(H5P_LINK_CREATE), what, problem), &H5Pclose);
  check_write(H5Pset_create_intermediate_group(links.get(), 1), what, problem);
  check_write(H5Pset_char_encoding(links.get(), H5T_CSET_UTF8), what, problem);
  H5Handle const plan(check_write(H5Pcreate(H5P_DATASET_CREATE), what, problem), &H5Pclose);
  // Every row is written: filling the space beforehand would double the time.
  check_write(H5Pset_fill_time(plan.get(), H5D_FILL_TIME_NEVER), what, problem);
  std::vector<hsize_t> const extents(shape.begin(), shape.end());
  hid_t const made = shape.empty() ? H5Screate(H5S_SCALAR)
                                   : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr);
  H5Handle const space(check_write(made, what, problem), &H5Sclose);
  H5Handle const stored = h5::stored_type(type, width, what);
  H5Handle handle(check_write(H5Dcreate2(handle_.get(), name.c_str(), stored.get(), space.get(), links.get(),
                                         plan.get(), H5P_DEFAULT),
                              what, problem),
                  &H5Dclose);
  return H5Dataset(std::move(handle), what, false);
}

std::int64_t pack_texts(std::vector<std::string> const& texts, std::vector<char>& bytes) {
  std::size_t width = 1;
  for (std::string const& text : texts) width = std::max(width, text.size());
  bytes.assign(width * texts.size(), '\0');
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::copy(texts[i].begin(), texts[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * width));
  return static_cast<std::int64_t>(width);
}

void H5File::write_text(std::string const& name, std::string_view text) {
  std::vector<char> bytes;
  std::int64_t const width = pack_texts({std::string(text)}, bytes);
  create_dataset(name, ElementType::text, {}, width).write_text_rows(0, 1, bytes.data());
}

void H5File::write_texts(std::string const& name, std::vector<std::string> const& texts) {
  std::vector<char> bytes;
  std::int64_t const width = pack_texts(texts, bytes);
  auto const count = static_cast<std::int64_t>(texts.size());
  create_dataset(name, ElementType::text, {count}, width).write_text_rows(0, count, bytes.data());
}

void H5File::flush() { check_write(H5Fflush(handle_.get(), H5F_SCOPE_GLOBAL), "file " + path_, "cannot be written"); }

void H5File::close() { check_write(handle_.close(), "file " + path_, "cannot be completed"); }

}  // namespace sonde::io
