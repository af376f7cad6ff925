#include "fuzz/container.hpp"

#include <hdf5.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <vector>

#include "fuzz/fuzz.hpp"

namespace sonde::fuzz {
namespace {

constexpr hsize_t most_written = 1 << 16;  // elements; larger arrays are declared but never filled

/// An identifier and how it is closed.
struct Id {
  hid_t id;
  herr_t (*close)(hid_t);
  Id(hid_t made, herr_t (*closer)(hid_t)) : id(made), close(closer) {}
  Id(Id const&) = delete;
  Id& operator=(Id const&) = delete;
  ~Id() {
    if (id >= 0) close(id);
  }
};

hid_t text_type(std::size_t width) {
  hid_t const type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, width);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  return type;
}

hid_t half_type() {
  hid_t const type = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

hid_t type_of(std::string const& name) {
  if (name == "f2") return half_type();
  if (name == "f4") return H5Tcopy(H5T_IEEE_F32LE);
  if (name == "f8") return H5Tcopy(H5T_IEEE_F64LE);
  if (name == "i1") return H5Tcopy(H5T_STD_I8LE);
  if (name == "i2") return H5Tcopy(H5T_STD_I16LE);
  if (name == "i4") return H5Tcopy(H5T_STD_I32BE);
  if (name == "i8") return H5Tcopy(H5T_STD_I64LE);
  if (name == "u1") return H5Tcopy(H5T_STD_U8LE);
  if (name == "u8") return H5Tcopy(H5T_STD_U64LE);
  if (name.size() > 3 || name.empty() || name[0] != 's') return -1;
  std::size_t width = 0;
  std::from_chars(name.data() + 1, name.data() + name.size(), width);
  return width == 0 ? H5Tcopy(H5T_C_S1) : text_type(width);
}

std::vector<hsize_t> extents_of(std::string const& text) {
  std::vector<hsize_t> extents;
  std::istringstream stream(text);
  for (std::string one; std::getline(stream, one, 'x') && extents.size() < 33;) {
    hsize_t extent = 0;
    std::from_chars(one.data(), one.data() + one.size(), extent);
    extents.push_back(extent);
  }
  return extents;
}

/// Elements of a shape, most_written + 1 for more.
hsize_t elements_of(std::vector<hsize_t> const& extents) {
  hsize_t count = 1;
  for (hsize_t const extent : extents) {
    if (extent == 0) return 0;
    count = extent > most_written ? most_written + 1 : std::min(count * extent, most_written + 1);
  }
  return count;
}

void fill(hid_t data, hid_t type, hsize_t count, std::vector<std::string> const& words) {
  if (words.empty() || count == 0 || count > most_written) return;
  if (H5Tget_class(type) == H5T_STRING) {
    std::size_t const width = H5Tget_size(type);
    std::string bytes;
    for (hsize_t i = 0; i < count; ++i) {
      std::string word = words[i % words.size()];
      word.resize(width, '\0');
      bytes += word;
    }
    H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
    return;
  }
  std::vector<double> values;
  for (hsize_t i = 0; i < count; ++i) {
    std::string const& word = words[i % words.size()];
    double value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    values.push_back(value);
  }
  H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

void add_array(hid_t file, hid_t links, std::istream& line, bool chunked) {
  std::string path, type_name, shape;
  std::getline(std::getline(std::getline(line, path, ' '), type_name, ' '), shape, ' ');
  std::vector<std::string> words;
  for (std::string word; std::getline(line, word, ' ');) words.push_back(word);
  Id const type(type_of(type_name), &H5Tclose);
  std::vector<hsize_t> const extents = extents_of(shape);
  if (type.id < 0) return;
  Id const space(extents.empty() ? H5Screate(H5S_SCALAR)
                                 : H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                 &H5Sclose);
  if (space.id < 0) return;
  Id const plan(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  if (chunked && !extents.empty()) {
    std::vector<hsize_t> chunk;
    for (hsize_t const extent : extents) chunk.push_back(std::clamp<hsize_t>(extent, 1, 16));
    if (elements_of(chunk) > most_written) return;
    H5Pset_chunk(plan.id, static_cast<int>(chunk.size()), chunk.data());
    H5Pset_deflate(plan.id, 1);
  }
  Id const data(H5Dcreate2(file, path.c_str(), type.id, space.id, links, plan.id, H5P_DEFAULT), &H5Dclose);
  if (data.id >= 0) fill(data.id, type.id, elements_of(extents), words);
}

void add_attribute(hid_t file, std::istream& line, bool list) {
  std::string object, name, value;
  std::getline(std::getline(std::getline(line, object, ' '), name, ' '), value);
  Id const owner(H5Oopen(file, object.c_str(), H5P_DEFAULT), &H5Oclose);
  if (owner.id < 0) return;
  if (!list) {
    Id const type(text_type(H5T_VARIABLE), &H5Tclose);
    Id const space(H5Screate(H5S_SCALAR), &H5Sclose);
    Id const attribute(H5Acreate2(owner.id, name.c_str(), type.id, space.id, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
    char const* pointer = value.c_str();
    if (attribute.id >= 0) H5Awrite(attribute.id, type.id, &pointer);
    return;
  }
  std::vector<std::string> texts;
  std::istringstream stream(value);
  for (std::string one; std::getline(stream, one, '|');) texts.push_back(one);
  std::size_t width = 1;
  for (std::string const& one : texts) width = std::max(width, one.size());
  std::string bytes;
  for (std::string one : texts) {
    one.resize(width, '\0');
    bytes += one;
  }
  Id const type(texts.empty() ? H5Tcopy(H5T_NATIVE_DOUBLE) : text_type(width), &H5Tclose);
  hsize_t const count = texts.size();
  Id const space(H5Screate_simple(1, &count, nullptr), &H5Sclose);
  Id const attribute(H5Acreate2(owner.id, name.c_str(), type.id, space.id, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose);
  if (attribute.id >= 0 && !texts.empty()) H5Awrite(attribute.id, type.id, bytes.data());
}

}  // namespace

std::string put_container(std::string const& name, std::string_view lines) {
  std::string const path = scratch_path(name);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  Id const file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), &H5Fclose);
  if (file.id < 0) throw std::runtime_error(path + ": it cannot be made");
  Id const links(H5Pcreate(H5P_LINK_CREATE), &H5Pclose);
  H5Pset_create_intermediate_group(links.id, 1);
  for (std::string_view rest = lines; !rest.empty();) {
    std::string line_text(first_line(rest));
    std::erase(line_text, '\0');  // names and texts of the library end there
    std::istringstream line(line_text);
    std::string kind, object, target;
    std::getline(line, kind, ' ');
    if (kind == "attribute" || kind == "texts") add_attribute(file.id, line, kind == "texts");
    if (kind == "array" || kind == "chunks") add_array(file.id, links.id, line, kind == "chunks");
    if (kind == "group" && std::getline(line, object)) {
      Id const made(H5Gcreate2(file.id, object.c_str(), links.id, H5P_DEFAULT, H5P_DEFAULT), &H5Gclose);
    }
    if (kind == "link" && std::getline(std::getline(line, object, ' '), target)) {
      H5Lcreate_soft(target.c_str(), file.id, object.c_str(), links.id, H5P_DEFAULT);
    }
  }
  return path;
}

}  // namespace sonde::fuzz
