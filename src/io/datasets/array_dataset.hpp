// Data sets whose records are rows of an array in a file: IDX, NPY, NPZ, CSV once parsed.
#pragma once

#include <memory>

#include "io/datasets/array_layout.hpp"
#include "io/datasets/dataset.hpp"
#include "io/datasets/file_bytes.hpp"

namespace sonde::io {

/// Fills size, sample shape and domain of `info` from an array's shape and type; (N) is N records of one value. Throws
/// InputError when there are no records or they hold nothing.
void describe_array(DatasetInfo& info, ElementType type, Shape const& shape, std::optional<InputRange> const& range);

/// Rows of `layout` in `bytes`; info was filled by describe_array.
std::unique_ptr<Dataset> array_dataset(DatasetInfo info, std::shared_ptr<ByteSource const> bytes,
                                       ArrayLayout const& layout);

/// `inner` with its records reshaped (shape=), turned from channels first to channels last (layout=chw), given a
/// channel extent when they are (height, width), and put through the image steps. Throws InputError when that does not
/// fit the records; image steps need whole numbers of a known range within 0 to 255.
std::unique_ptr<Dataset> prepared(std::unique_ptr<Dataset> inner, Preprocess const& preprocess);

}  // namespace sonde::io
