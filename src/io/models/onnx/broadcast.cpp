#include "io/models/onnx/broadcast.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// Drops the batch from a shape of the activation's rank.
Shape without_batch(Call& call, Shape full, Constant const& constant, Value const& x) {
  Shape const file = call.graph().file_shape(x);
  VALIDATE(full[static_cast<std::size_t>(x.batch_axis)] == 1,
           call.where() << ": its constant of shape " << to_string(constant.shape)
                        << " has a value per sample of the batch (samples are independent; not supported).");
  full.erase(full.begin() + x.batch_axis);
  for (std::size_t i = 0; i < full.size(); ++i) {
    VALIDATE(full[i] == 1 || full[i] == file[i], call.where() << ": its constant of shape " << to_string(constant.shape)
                                                              << " does not fit samples of shape " << to_string(file)
                                                              << " (only the constant may be broadcast).");
  }
  return full;
}

/// The same extents in stored order.
template <class T>
std::vector<T> stored_order(std::vector<T> const& file, Value const& x) {
  return x.channels_last ? std::vector<T>{file[1], file[2], file[0]} : file;
}

}  // namespace

Shape align_right(Call& call, Constant const& constant, Value const& x) {
  auto const rank = static_cast<std::size_t>(call.graph().rank(x));
  VALIDATE(constant.shape.size() <= rank, call.where() << ": its constant of shape " << to_string(constant.shape)
                                                       << " has more axes than the activation, with " << rank
                                                       << " (not supported).");
  Shape full(rank - constant.shape.size(), 1);
  full.insert(full.end(), constant.shape.begin(), constant.shape.end());
  return without_batch(call, std::move(full), constant, x);
}

Shape align_at(Call& call, Constant const& constant, Value const& x, std::int64_t axis) {
  std::int64_t const rank = call.graph().rank(x);
  auto const first = static_cast<std::size_t>(call.axis(axis, rank));
  VALIDATE(first + constant.shape.size() <= static_cast<std::size_t>(rank),
           call.where() << ": its constant of shape " << to_string(constant.shape) << " does not fit from axis " << axis
                        << " on. Check the file.");
  Shape full(static_cast<std::size_t>(rank), 1);
  std::ranges::copy(constant.shape, full.begin() + static_cast<std::ptrdiff_t>(first));
  return without_batch(call, std::move(full), constant, x);
}

bool is_per_unit(Shape const& aligned, Value const& x) {
  if (aligned.empty()) return true;
  Shape const stored = stored_order(aligned, x);
  return std::all_of(stored.begin(), stored.end() - 1, [](auto extent) { return extent == 1; });
}

Weights spread(Call& call, Floats const& values, Shape const& aligned, Value const& x) {
  if (is_per_unit(aligned, x)) return call.weights({static_cast<std::int64_t>(values.size())}, values);
  return spread_fully(call, values, aligned, x);
}

Weights spread_fully(Call& call, Floats const& values, Shape const& aligned, Value const& x) {
  Shape const& stored = call.graph().stored_shape(x);
  call.charge(volume(stored));
  auto tensor = std::make_shared<Tensor>(stored);
  std::vector<std::size_t> const source = strided(stored, stored_order(broadcast_strides(aligned), x));
  for (std::size_t i = 0; i < source.size(); ++i) tensor->data[i] = values[source[i]];
  return tensor;
}

}  // namespace sonde::io::onnx_reader
