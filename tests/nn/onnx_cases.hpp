// The ONNX project's operator cases, made into models with one input.
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/shape.hpp"
#include "io/models/onnx/constant.hpp"

namespace sonde::test {

using io::onnx_reader::Floats;

/// A model and its input.
struct OnnxCase {
  std::string way;  // how it was made: "single", "joined", "lifted"
  onnx::ModelProto model;
  onnx::TensorProto input;
  bool lifted = false;  // the model's output has a batch axis of extent 1 before the stored one's axes
};

/// Elements of a tensor in the file's order, as floats.
Floats floats(onnx::TensorProto const& tensor);

Shape shape_of(onnx::TensorProto const& tensor);

/// (N, C, H, W) -> (N, H, W, C), or back.
Floats turned(Floats const& values, Shape const& nchw, bool back);

/// Axis `axis` of row-major values of `shape` brought to the front, or the first axis brought there.
Floats axis_first(Floats const& values, Shape const& shape, std::size_t axis, bool back);

/// The axis without which `shape` is `sample`; the first where there are several, none where there is none.
std::optional<std::size_t> batch_axis(Shape const& shape, Shape const& sample);

onnx::TensorProto load_tensor(std::filesystem::path const& path);

/// The case in `folder`, with graph output `output` only, in every way that makes sense for it:
///   single  the first input stays one, the others become initializers
///   joined  for nodes that combine activations of one rank and batch: one input holds all operands side by side, and a
///           Split and Reshapes stand before the node
///   lifted  for nodes that broadcast: one operand, with a batch axis of extent 1 before its axes, stays an input, the
///           others become initializers; for each operand in turn where all have one shape
std::vector<OnnxCase> cases_of(std::filesystem::path const& folder, int output);

}  // namespace sonde::test
