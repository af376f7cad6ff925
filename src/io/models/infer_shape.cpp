#include <algorithm>

#include "base/check.hpp"
#include "io/models/ops.hpp"

namespace sonde::io {
namespace {

/// Number of window positions along one axis.
std::int64_t positions(std::int64_t extent, std::int64_t before, std::int64_t after, std::int64_t window,
                       std::int64_t stride, std::int64_t dilation, std::string const& where) {
  VALIDATE(window > 0 && stride > 0 && dilation > 0 && before >= 0 && after >= 0,
           where << ": a window, stride or dilation is not positive, or a padding is negative (it has no meaning). "
                    "Check the file.");
  std::int64_t const reach = dilation * (window - 1) + 1;
  std::int64_t const padded = extent + before + after;
  VALIDATE(padded >= reach, where << ": a window of " << reach << " does not fit an extent of " << padded
                                  << " (the output would be empty). Check the input shape.");
  return (padded - reach) / stride + 1;
}

Shape window_shape(Shape const& in, Window const& w, std::int64_t channels, std::string const& where) {
  return {positions(in[0], w.top, w.bottom, w.height, w.stride_y, w.dilation_y, where),
          positions(in[1], w.left, w.right, w.width, w.stride_x, w.dilation_x, where), channels};
}

void check_bias(Weights const& bias, std::int64_t units, std::string const& where) {
  VALIDATE(!bias || bias->shape == Shape{units}, where << ": the bias has shape " << to_string(bias->shape) << " for "
                                                       << units << " units (one number each). Check the file.");
}

/// Per-unit parameters: one for each unit of the last axis, or one for all.
void check_per_unit(Weights const& values, Shape const& in, std::string const& where) {
  VALIDATE(values && (values->shape == Shape{1} || values->shape == Shape{unit_count(in)}),
           where << ": it has parameters of another number than its " << unit_count(in) << " units. Check the file.");
}

struct Infer {
  std::vector<Shape> const& inputs;
  std::string const& where;

  Shape const& image() const {
    VALIDATE(inputs[0].size() == 3,
             where << ": its input has shape " << to_string(inputs[0])
                   << " (an image of height, width and channels is needed). Check the layer before it.");
    return inputs[0];
  }

  Shape operator()(Input const&) const { return inputs.empty() ? Shape{} : inputs[0]; }

  Shape operator()(Conv2d const& op) const {
    Shape const& in = image();
    VALIDATE(op.weights && op.weights->shape.size() == 4 && op.groups > 0 && in[2] % op.groups == 0 &&
                 op.weights->shape[0] == op.window.height && op.weights->shape[1] == op.window.width &&
                 op.weights->shape[2] == in[2] / op.groups && op.weights->shape[3] % op.groups == 0 &&
                 op.weights->shape[3] > 0,
             where << ": its kernel " << (op.weights ? to_string(op.weights->shape) : "is missing and")
                   << " does not fit the input " << to_string(in) << " in " << op.groups
                   << " group(s). Check that weights and architecture belong together.");
    check_bias(op.bias, op.weights->shape[3], where);
    return window_shape(in, op.window, op.weights->shape[3], where);
  }

  Shape operator()(Dense const& op) const {
    Shape out = inputs[0];
    VALIDATE(!out.empty() && op.weights && op.weights->shape.size() == 2 && op.weights->shape[0] == out.back() &&
                 op.weights->shape[1] > 0,
             where << ": its kernel " << (op.weights ? to_string(op.weights->shape) : "is missing and")
                   << " does not fit the input " << to_string(out)
                   << ". Check that weights and architecture belong together.");
    check_bias(op.bias, op.weights->shape[1], where);
    out.back() = op.weights->shape[1];
    return out;
  }

  Shape operator()(Pool const& op) const {
    VALIDATE(
        op.window.top < op.window.height * op.window.dilation_y &&
            op.window.left < op.window.width * op.window.dilation_x,
        where << ": the padding is as large as the window (a window would lie outside the image). Check the file.");
    return window_shape(image(), op.window, image()[2], where);
  }

  Shape operator()(Activation const&) const { return inputs[0]; }

  Shape operator()(ScaleShift const& op) const {
    check_per_unit(op.scale, inputs[0], where);
    check_per_unit(op.shift, inputs[0], where);
    return inputs[0];
  }

  Shape operator()(PRelu const& op) const {
    if (!op.slope || op.slope->shape != inputs[0]) check_per_unit(op.slope, inputs[0], where);
    return inputs[0];
  }

  Shape operator()(Softmax const&) const { return inputs[0]; }

  Shape operator()(Lrn const& op) const {
    VALIDATE(op.size > 0, where << ": a window of " << op.size << " units has no meaning. Check the file.");
    return inputs[0];
  }

  Shape operator()(Binary const& op) const {
    if (op.constant) {
      VALIDATE(inputs.size() == 1 && op.constant->shape == inputs[0],
               where << ": a constant of shape " << to_string(op.constant->shape) << " does not fit "
                     << to_string(inputs[0]) << ".");
      return inputs[0];
    }
    VALIDATE(inputs.size() == 2 && inputs[0].size() == inputs[1].size(),
             where << ": it needs two inputs of the same rank. Check the file.");
    Shape out = inputs[0];
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      std::int64_t const other = inputs[1][axis];
      VALIDATE(out[axis] == other || out[axis] == 1 || other == 1, where << ": inputs of shapes "
                                                                         << to_string(inputs[0]) << " and "
                                                                         << to_string(inputs[1]) << " do not combine.");
      out[axis] = std::max(out[axis], other);
    }
    return out;
  }

  Shape operator()(Concat const& op) const {
    Shape out = inputs.at(0);
    auto const axis = static_cast<std::size_t>(op.axis);
    VALIDATE(op.axis >= 0 && axis < out.size(),
             where << ": axis " << op.axis << " is outside a sample of shape " << to_string(out) << ".");
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      Shape next = inputs[i];
      VALIDATE(next.size() == out.size(), where << ": it joins inputs of different rank. Check the file.");
      out[axis] += next[axis];
      next[axis] = out[axis];
      VALIDATE(next == out, where << ": it joins inputs that differ outside the axis joined. Check the file.");
    }
    return out;
  }

  Shape operator()(Reshape const& op) const {
    VALIDATE(volume(op.shape) == volume(inputs[0]), where << ": " << to_string(inputs[0]) << " cannot become "
                                                          << to_string(op.shape)
                                                          << " (another number of elements). Check the file.");
    return op.shape;
  }

  Shape operator()(Transpose const& op) const {
    Shape out;
    std::vector<std::int64_t> sorted = op.order;
    std::ranges::sort(sorted);
    bool permutation = sorted.size() == inputs[0].size();
    for (std::size_t i = 0; permutation && i < sorted.size(); ++i)
      permutation = sorted[i] == static_cast<std::int64_t>(i);
    VALIDATE(permutation, where << ": its axis order is no permutation of the axes of " << to_string(inputs[0])
                                << ". Check the file.");
    for (std::int64_t axis : op.order) out.push_back(inputs[0][static_cast<std::size_t>(axis)]);
    return out;
  }

  Shape operator()(Pad const& op) const {
    Shape out = inputs[0];
    VALIDATE(op.before.size() == out.size() && op.after.size() == out.size(),
             where << ": padding for another rank. Check the file.");
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      constexpr std::int64_t limit = 1 << 24;
      VALIDATE(
          std::abs(op.before[axis]) < limit && std::abs(op.after[axis]) < limit &&
              out[axis] + op.before[axis] + op.after[axis] > 0 &&
              out[axis] + std::min<std::int64_t>(op.before[axis], 0) + std::min<std::int64_t>(op.after[axis], 0) > 0,
          where << ": padding or cropping leaves nothing of an axis, or is absurdly large. Check the file.");
      out[axis] += op.before[axis] + op.after[axis];
    }
    return out;
  }

  Shape operator()(ReduceMean const& op) const {
    Shape out;
    for (std::int64_t axis : op.axes) {
      VALIDATE(axis >= 0 && axis < static_cast<std::int64_t>(inputs[0].size()),
               where << ": axis " << axis << " is outside the sample.");
    }
    for (std::size_t axis = 0; axis < inputs[0].size(); ++axis) {
      bool const reduced = std::ranges::count(op.axes, static_cast<std::int64_t>(axis)) > 0;
      if (!reduced) out.push_back(inputs[0][axis]);
      if (reduced && op.keep) out.push_back(1);
    }
    return out;
  }

  Shape operator()(Embedding const& op) const {
    // Larger ids would not be whole numbers in floats.
    VALIDATE(op.table && op.table->shape.size() == 2 && op.table->shape[0] <= (1 << 24) && volume(op.table->shape) > 0,
             where << ": its table is no matrix of at most 2^24 rows (one for each id). Check the file.");
    Shape out = inputs[0];
    out.push_back(op.table->shape[1]);
    return out;
  }

  Shape operator()(Recurrent const& op) const {
    std::int64_t const gates = gate_count(op.kind);
    Shape const& in = inputs[0];
    VALIDATE(op.weights && op.weights->shape.size() == 2 && op.weights->shape[0] > 0 &&
                 op.weights->shape[0] <= (std::int64_t{1} << 40) && in.size() == 2 &&
                 op.weights->shape[1] == gates * op.weights->shape[0] && in[1] == op.weights->shape[1],
             where << ": its recurrent kernel " << (op.weights ? to_string(op.weights->shape) : "is missing and")
                   << " does not fit steps of shape " << to_string(in)
                   << ". Check that weights and architecture belong together.");
    check_bias(op.bias, op.weights->shape[0], where);
    check_functions(op);
    bool const shown = op.emit == Emit::hidden || (op.emit == Emit::cell && op.kind == RecurrentKind::lstm) ||
                       (op.emit == Emit::gates && op.kind != RecurrentKind::simple_rnn);
    VALIDATE(shown, where << ": such a layer has no cell, or no gates.");
    return {in[0], op.emit == Emit::gates ? in[1] : op.weights->shape[0]};
  }

  void check_functions(Recurrent const& op) const {
    using enum Function;
    bool const gate =
        op.kind == RecurrentKind::simple_rnn || op.gate.function == sigmoid || op.gate.function == hard_sigmoid;
    VALIDATE(gate, where << ": its gates use the function " << to_string(op.gate.function)
                         << " (only sigmoid and hard_sigmoid are supported). Use one of these.");
    bool const state = op.state.function == tanh || op.state.function == relu || op.state.function == sigmoid ||
                       op.state.function == identity;
    VALIDATE(state, where << ": its state uses the function " << to_string(op.state.function)
                          << " (only tanh, relu, sigmoid and linear are supported). Use one of these.");
  }
};

}  // namespace

Shape infer_shape(Op const& op, std::vector<Shape> const& inputs, std::string const& where) {
  auto const expected = [&]() -> std::size_t {
    if (std::holds_alternative<Concat>(op)) return std::max<std::size_t>(inputs.size(), 1);
    if (auto const* binary = std::get_if<Binary>(&op)) return binary->constant ? 1 : 2;
    return std::holds_alternative<Input>(op) ? inputs.size() : 1;
  }();
  VALIDATE(inputs.size() == expected,
           where << ": it has " << inputs.size() << " inputs instead of " << expected << ". Check the file.");
  Shape out = std::visit(Infer{inputs, where}, op);
  volume(out);
  return out;
}

}  // namespace sonde::io
