// Attributes: short texts and numbers beside a group or data set.
#include <cstring>

#include "base/check.hpp"
#include "io/h5_native.hpp"

namespace sonde::io {
namespace {

using h5::check_read;
using h5::check_write;

/// Attributes share an object header of 64 KiB.
constexpr std::size_t most_text = 32 * 1024;
/// Keras keeps the architecture of a model, up to some MiB, in one attribute.
constexpr std::int64_t most_attribute = std::int64_t{1} << 30;

/// An attribute with its type and number of elements.
struct Attribute {
  H5Handle handle, type, space;
  std::size_t count;
};

Attribute open_attribute(H5Handle const& object, std::string const& name, std::string const& subject) {
  VALIDATE(H5Aexists(object.get(), name.c_str()) > 0,
           subject << " does not exist (it is not in the file). The file is of another kind.");
  H5Handle handle(check_read(H5Aopen(object.get(), name.c_str(), H5P_DEFAULT), subject, "cannot be opened"), &H5Aclose);
  H5Handle type(check_read(H5Aget_type(handle.get()), subject, "has an unreadable type"), &H5Tclose);
  H5Handle space(check_read(H5Aget_space(handle.get()), subject, "has an unreadable shape"), &H5Sclose);
  hssize_t const count = check_read(H5Sget_simple_extent_npoints(space.get()), subject, "has an unreadable shape");
  auto const element_bytes = static_cast<std::int64_t>(H5Tget_size(type.get()));
  VALIDATE(element_bytes > 0 && count <= most_attribute / element_bytes,
           subject << " claims " << count << " elements of " << element_bytes
                   << " bytes (more than 1 GiB). The file is damaged.");
  return {std::move(handle), std::move(type), std::move(space), static_cast<std::size_t>(count)};
}

std::vector<std::string> read_texts(Attribute const& attribute, std::string const& subject) {
  std::vector<std::string> texts;
  if (attribute.count == 0) return texts;
  VALIDATE(H5Tget_class(attribute.type.get()) == H5T_STRING,
           subject << " is no text (a text is needed). The file is of another kind.");
  if (H5Tis_variable_str(attribute.type.get()) > 0) {
    std::vector<char*> pointers(attribute.count, nullptr);
    check_read(H5Aread(attribute.handle.get(), attribute.type.get(), pointers.data()), subject, "cannot be read");
    for (char const* text : pointers) texts.emplace_back(text ? text : "");
    H5Dvlen_reclaim(attribute.type.get(), attribute.space.get(), H5P_DEFAULT, pointers.data());
    return texts;
  }
  std::size_t const width = H5Tget_size(attribute.type.get());
  std::vector<char> bytes(attribute.count * width);
  check_read(H5Aread(attribute.handle.get(), attribute.type.get(), bytes.data()), subject, "cannot be read");
  for (std::size_t i = 0; i < attribute.count; ++i)
    texts.emplace_back(&bytes[i * width], strnlen(&bytes[i * width], width));
  return texts;
}

void write_scalar(H5Handle const& object, std::string const& name, H5Handle const& type, void const* value,
                  std::string const& subject) {
  H5Handle const space(check_write(H5Screate(H5S_SCALAR), subject, "cannot be created"), &H5Sclose);
  H5Handle const attribute(
      check_write(H5Acreate2(object.get(), name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), subject,
                  "cannot be created"),
      &H5Aclose);
  check_write(H5Awrite(attribute.get(), type.get(), value), subject, "cannot be written");
}

}  // namespace

bool H5File::has_attribute(std::string const& object, std::string const& name) const {
  return exists(object) && H5Aexists(open_object(object).get(), name.c_str()) > 0;
}

std::string H5File::text_attribute(std::string const& object, std::string const& name) const {
  std::string const what = subject("attribute", name) + " of " + object;
  std::vector<std::string> const texts = read_texts(open_attribute(open_object(object), name, what), what);
  VALIDATE(texts.size() == 1,
           what << " holds " << texts.size() << " texts (one is needed). The file is of another kind.");
  return texts.front();
}

std::vector<std::string> H5File::text_list_attribute(std::string const& object, std::string const& name) const {
  std::string const what = subject("attribute", name) + " of " + object;
  return read_texts(open_attribute(open_object(object), name, what), what);
}

double H5File::number_attribute(std::string const& object, std::string const& name) const {
  std::string const what = subject("attribute", name) + " of " + object;
  Attribute const attribute = open_attribute(open_object(object), name, what);
  H5T_class_t const kind = H5Tget_class(attribute.type.get());
  VALIDATE(attribute.count == 1 && (kind == H5T_INTEGER || kind == H5T_FLOAT),
           what << " is no number (one number is needed). The file is of another kind.");
  double value = 0;
  check_read(H5Aread(attribute.handle.get(), H5T_NATIVE_DOUBLE, &value), what, "cannot be read");
  return value;
}

void H5File::write_attribute(std::string const& object, std::string const& name, std::string_view text) {
  std::string const what = subject("attribute", name) + " of " + object;
  if (text.size() > most_text)
    throw std::logic_error(what + ": a text of " + std::to_string(text.size()) + " bytes belongs into a data set");
  std::vector<char> bytes;
  std::int64_t const width = pack_texts({std::string(text)}, bytes);
  write_scalar(open_object(object), name, h5::stored_type(ElementType::text, width, what), bytes.data(), what);
}

void H5File::write_attribute(std::string const& object, std::string const& name, double value) {
  std::string const what = subject("attribute", name) + " of " + object;
  write_scalar(open_object(object), name, h5::stored_type(ElementType::float64, 0, what), &value, what);
}

void H5File::write_integer(std::string const& object, std::string const& name, std::int64_t value) {
  std::string const what = subject("attribute", name) + " of " + object;
  write_scalar(open_object(object), name, h5::stored_type(ElementType::int64, 0, what), &value, what);
}

}  // namespace sonde::io
