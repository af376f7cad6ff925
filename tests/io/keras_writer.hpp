// Writes small HDF5 files the way Keras does, so that tests can make models no library would write.
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sonde::test {

/// One weight of a layer: its name inside the layer's group, shape and values.
struct KerasWeight {
  std::string name;
  std::vector<hsize_t> shape;
  std::vector<float> values;
};

/// A Keras file being written; closed, and so complete, when the object goes.
class KerasWriter {
 public:
  /// A full model: the architecture goes into the file. An empty one makes a weights-only file.
  KerasWriter(std::string const& path, std::string const& architecture) {
    file_ = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    root_ = file_;
    if (architecture.empty()) {
      texts(file_, "layer_names", {});  // sonde asks for its presence only
      return;
    }
    text(file_, "model_config", architecture);
    root_ = H5Gcreate2(file_, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  }
  KerasWriter(KerasWriter const&) = delete;
  KerasWriter& operator=(KerasWriter const&) = delete;
  ~KerasWriter() {
    if (root_ != file_) H5Gclose(root_);
    H5Fclose(file_);
  }

  void attribute(std::string const& name, std::string const& value) { text(file_, name, value); }

  void layer(std::string const& name, std::vector<KerasWeight> const& weights, hid_t type = H5T_NATIVE_FLOAT) {
    hid_t const links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t const group = H5Gcreate2(root_, name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<std::string> names;
    for (KerasWeight const& weight : weights) {
      names.push_back(weight.name);
      hid_t const space = weight.shape.empty()
                              ? H5Screate(H5S_SCALAR)
                              : H5Screate_simple(static_cast<int>(weight.shape.size()), weight.shape.data(), nullptr);
      hid_t const data = H5Dcreate2(group, weight.name.c_str(), type, space, links, H5P_DEFAULT, H5P_DEFAULT);
      if (!weight.values.empty()) H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, weight.values.data());
      H5Dclose(data);
      H5Sclose(space);
    }
    texts(group, "weight_names", names);
    H5Gclose(group);
    H5Pclose(links);
  }

 private:
  /// A text of variable length, as h5py writes a str.
  static void text(hid_t object, std::string const& name, std::string const& value) {
    hid_t const type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    hid_t const space = H5Screate(H5S_SCALAR);
    hid_t const attribute = H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    char const* pointer = value.c_str();
    H5Awrite(attribute, type, &pointer);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

  /// Texts of fixed length, as h5py writes a list of bytes; an empty list becomes numbers.
  static void texts(hid_t object, std::string const& name, std::vector<std::string> const& values) {
    std::size_t width = 1;
    for (std::string const& value : values) width = std::max(width, value.size());
    std::string bytes;
    for (std::string value : values) {
      value.resize(width, '\0');
      bytes += value;
    }
    hid_t const type = H5Tcopy(values.empty() ? H5T_NATIVE_DOUBLE : H5T_C_S1);
    if (!values.empty()) {
      H5Tset_size(type, width);
      H5Tset_strpad(type, H5T_STR_NULLPAD);
    }
    hsize_t const count = values.size();
    hid_t const space = H5Screate_simple(1, &count, nullptr);
    hid_t const attribute = H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (!values.empty()) H5Awrite(attribute, type, bytes.data());
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
  }

  hid_t file_ = -1;
  hid_t root_ = -1;
};

}  // namespace sonde::test
