#include "op_cases.hpp"

#include <cmath>

#include "base/rng.hpp"

namespace sonde::test {
namespace {

using io::Function;
using io::PoolKind;
using io::Window;

constexpr io::Activation relu{Function::relu, 0, 0};

io::Weights weights(Shape const& shape, std::uint64_t key) {
  auto tensor = std::make_shared<Tensor>(shape);
  std::vector<float> const values = spread(volume(shape), -1, 1, key);
  std::copy(values.begin(), values.end(), tensor->data.data());
  return tensor;
}

struct Convolution {
  std::string name;
  Shape in;
  std::int64_t units;
  Window window;
  std::int64_t groups = 1;
  bool bias = true;
  io::Activation fused = {};
};

OpCase convolution(Convolution const& c) {
  io::Conv2d const op{c.window, c.groups, weights({c.window.height, c.window.width, c.in[2] / c.groups, c.units}, 1),
                      c.bias ? weights({c.units}, 2) : nullptr};
  return {"conv2d " + c.name, op, {c.in}, c.fused, -1, 1, false, c.fused.function != Function::relu};
}

void add_convolutions(std::vector<OpCase>& cases) {
  // Window: height, width, stride y x, dilation y x, padding top left bottom right
  std::vector<Convolution> const table{
      {"1x1 of one channel", {5, 7, 1}, 1, {1, 1}},
      {"1x1 no bias", {6, 5, 17}, 5, {1, 1}, 1, false},
      {"1x1 stride 2", {7, 9, 17}, 5, {1, 1, 2, 2}},
      {"1x1 relu", {7, 7, 64}, 64, {1, 1}, 1, true, relu},
      {"3x3 same", {7, 9, 3}, 5, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"3x3 same relu", {13, 13, 16}, 32, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 1, true, relu},
      {"3x3 same tanh", {5, 6, 5}, 17, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 1, true, {Function::tanh, 0, 0}},
      {"3x3 stride 2 asymmetric", {9, 10, 3}, 17, {3, 3, 2, 2, 1, 1, 0, 0, 1, 1}},
      {"3x3 stride 2 valid relu", {15, 15, 3}, 64, {3, 3, 2, 2}, 1, true, relu},
      {"3x3 stride 2x3 dilation 1x2", {9, 14, 5}, 3, {3, 3, 2, 3, 1, 2, 1, 2, 0, 1}},
      {"3x3 dilation 2", {9, 9, 4}, 8, {3, 3, 1, 1, 2, 2, 2, 2, 2, 2}},
      {"3x3 wide padding", {4, 4, 3}, 3, {3, 3, 1, 1, 1, 1, 3, 3, 3, 3}},
      {"3x3 two groups", {6, 7, 6}, 10, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 2},
      {"3x3 depthwise", {7, 8, 17}, 17, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 17},
      {"3x3 depthwise stride 2 relu", {8, 8, 16}, 16, {3, 3, 2, 2, 1, 1, 0, 0, 1, 1}, 16, true, relu},
      {"3x3 depthwise multiplier 2", {6, 6, 3}, 6, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 3},
      {"5x5 valid of one channel", {14, 13, 1}, 6, {5, 5}},
      {"5x5 same of one channel relu", {12, 12, 1}, 4, {5, 5, 1, 1, 1, 1, 2, 2, 2, 2}, 1, true, relu},
      {"5x5 stride 2", {17, 16, 3}, 24, {5, 5, 2, 2}},
      {"1x5", {5, 9, 5}, 3, {1, 5, 1, 1, 1, 1, 0, 2, 0, 2}},
      {"7x7 stride 2", {15, 17, 3}, 8, {7, 7, 2, 2, 1, 1, 3, 3, 3, 3}},
      {"whole image", {4, 5, 3}, 17, {4, 5}},
      {"3x3 of many channels relu", {5, 5, 72}, 65, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 1, true, relu},
  };
  for (Convolution const& c : table) cases.push_back(convolution(c));
}

void add_dense(std::vector<OpCase>& cases) {
  auto const dense = [&](std::string const& name, Shape const& in, std::int64_t units, bool bias,
                         io::Activation fused) {
    io::Dense const op{weights({in.back(), units}, 3), bias ? weights({units}, 4) : nullptr};
    cases.push_back({"dense " + name, op, {in}, fused, -1, 1, false, fused.function != Function::relu});
  };
  dense("1 to 1", {1}, 1, true, {});
  dense("17 to 5", {17}, 5, true, {});
  dense("33 to 10 no bias", {33}, 10, false, {});
  dense("120 to 84 relu", {120}, 84, true, relu);
  dense("20 to 3 sigmoid", {20}, 3, true, {Function::sigmoid, 0, 0});
  dense("1300 to 17", {1300}, 17, true, {});  // long sums are where matrix products change with threads
  dense("of each row", {3, 2, 17}, 5, true, {});
}

void add_pools(std::vector<OpCase>& cases) {
  auto const pool = [&](std::string const& name, Shape const& in, Window const& window) {
    bool const finite = window.bottom < window.height * window.dilation_y;  // the largest of nothing is -infinity
    cases.push_back({"max pool " + name, io::Pool{PoolKind::max, window}, {in}, {}, -1, 1, false, finite});
    cases.push_back({"max pool with ties " + name, io::Pool{PoolKind::max, window}, {in}, {}, -1, 1, true, false});
    cases.push_back({"average pool " + name, io::Pool{PoolKind::average, window, false}, {in}});
    cases.push_back({"average pool counting padding " + name, io::Pool{PoolKind::average, window, true}, {in}});
  };
  pool("2x2", {8, 6, 5}, {2, 2, 2, 2});
  pool("2x2 of odd extents", {7, 9, 4}, {2, 2, 2, 2});
  pool("3x3 stride 2", {13, 11, 17}, {3, 3, 2, 2});
  pool("3x3 stride 2 open end", {12, 10, 8}, {3, 3, 2, 2, 1, 1, 0, 0, 1, 1});
  pool("3x3 stride 1 same", {5, 6, 3}, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1});
  pool("3x2 dilated", {9, 8, 3}, {3, 2, 1, 2, 2, 3, 1, 0, 2, 1});
  pool("far padding", {3, 3, 2}, {2, 2, 1, 1, 1, 1, 0, 0, 3, 3});
  pool("whole image", {5, 7, 16}, {5, 7});
  pool("1x1", {4, 3, 1}, {1, 1});
}

void add_activations(std::vector<OpCase>& cases) {
  auto const add = [&](Function function, float alpha, float beta, float low, float high) {
    cases.push_back(
        {"activation " + io::to_string(function), io::Activation{function, alpha, beta}, {{3, 5, 5}}, {}, low, high});
  };
  add(Function::identity, 0, 0, -2, 2);
  add(Function::relu, 0, 0, -2, 2);
  add(Function::relu_capped, 1.51F, 0, -3, 3);
  add(Function::leaky_relu, 0.1F, 0, -2, 2);
  add(Function::thresholded_relu, 0.51F, 0, -2, 2);
  add(Function::elu, 0.7F, 0, -3, 3);
  add(Function::selu, 1.673263F, 1.050701F, -3, 3);
  add(Function::sigmoid, 0, 0, -5, 5);
  add(Function::hard_sigmoid, 0.2F, 0.5F, -4, 4);
  add(Function::tanh, 0, 0, -4, 4);
  add(Function::softplus, 0, 0, -5, 5);
  add(Function::softsign, 0, 0, -4, 4);
  add(Function::swish, 0, 0, -5, 5);
  add(Function::hard_swish, 0, 0, -5, 5);
  add(Function::gelu, 0, 0, -4, 4);
  add(Function::erf, 0, 0, -3, 3);
  add(Function::exp, 0, 0, -3, 2);
  add(Function::log, 0, 0, 0.2F, 5);
  add(Function::sqrt, 0, 0, 0.2F, 5);
  add(Function::abs, 0, 0, -2, 2);
  add(Function::negate, 0, 0, -2, 2);
  add(Function::reciprocal, 0, 0, 0.5F, 3);
  add(Function::atan, 0, 0, -4, 4);
  add(Function::clip, -0.51F, 0.77F, -2, 2);
  add(Function::power, 2.5F, 0, 0.2F, 2);
}

void add_unitwise(std::vector<OpCase>& cases) {
  cases.push_back({"scale and shift per unit", io::ScaleShift{weights({5}, 5), weights({5}, 6)}, {{3, 4, 5}}});
  cases.push_back({"scale and shift by one", io::ScaleShift{weights({1}, 5), weights({1}, 6)}, {{3, 7}}});
  cases.push_back({"scale per unit, shift by one", io::ScaleShift{weights({17}, 5), weights({1}, 6)}, {{2, 17}}});
  cases.push_back({"prelu per unit", io::PRelu{weights({5}, 7)}, {{3, 4, 5}}});
  cases.push_back({"prelu by one", io::PRelu{weights({1}, 7)}, {{3, 4, 5}}});
  cases.push_back({"prelu per element", io::PRelu{weights({3, 4, 5}, 7)}, {{3, 4, 5}}});
  for (bool const log : {false, true}) {
    std::string const name = log ? "log softmax" : "softmax";
    cases.push_back({name + " of 2", io::Softmax{log}, {{2}}});
    cases.push_back({name + " of 17", io::Softmax{log}, {{17}}, {}, -4, 4});
    cases.push_back({name + " of 1000", io::Softmax{log}, {{1, 1, 1000}}, {}, -4, 4});
    cases.push_back({name + " of each row", io::Softmax{log}, {{2, 3, 5}}, {}, -4, 4});
  }
  cases.push_back({"lrn 5", io::Lrn{5, 0.3F, 0.75F, 1}, {{3, 2, 17}}, {}, -2, 2});
  cases.push_back({"lrn 4", io::Lrn{4, 0.5F, 0.5F, 2}, {{2, 2, 7}}, {}, -2, 2});
  cases.push_back({"lrn wider than the units", io::Lrn{9, 0.5F, 0.75F, 1}, {{2, 3, 3}}, {}, -2, 2});
}

void add_binaries(std::vector<OpCase>& cases) {
  using io::BinaryFunction;
  struct Named {
    std::string name;
    BinaryFunction function;
  };
  for (auto const& [name, function] :
       {Named{"add", BinaryFunction::add}, Named{"subtract", BinaryFunction::subtract},
        Named{"multiply", BinaryFunction::multiply}, Named{"divide", BinaryFunction::divide},
        Named{"maximum", BinaryFunction::maximum}, Named{"minimum", BinaryFunction::minimum}}) {
    Shape const image{3, 4, 5};
    io::Binary const plain{function, nullptr, false};
    // Where the two sides have other numbers of elements, some values of both lie too close for finite differences.
    bool const smooth = function != BinaryFunction::maximum && function != BinaryFunction::minimum;
    auto const add = [&](std::string const& what, io::Binary const& op, std::vector<Shape> const& inputs, bool usable) {
      cases.push_back({what, op, inputs, {}, 0.5F, 2, false, usable});
    };
    add(name, plain, {image, image}, true);
    add(name + " one per unit", plain, {image, {1, 1, 5}}, smooth);
    add(name + " one per position", plain, {{3, 4, 1}, image}, smooth);
    add(name + " row and column", plain, {{3, 1}, {1, 7}}, smooth);
    add(name + " a constant", io::Binary{function, weights(image, 8), false}, {image}, smooth);
    add(name + " to a constant", io::Binary{function, weights(image, 8), true}, {image}, smooth);
  }
}

void add_movers(std::vector<OpCase>& cases) {
  cases.push_back({"concat channels", io::Concat{2}, {{3, 4, 5}, {3, 4, 1}, {3, 4, 17}}});
  cases.push_back({"concat rows", io::Concat{0}, {{2, 4, 3}, {5, 4, 3}}});
  cases.push_back({"concat columns", io::Concat{1}, {{2, 1, 3}, {2, 4, 3}, {2, 2, 3}}});
  cases.push_back({"concat vectors", io::Concat{0}, {{7}, {1}, {10}}});
  cases.push_back({"input", io::Input{}, {{3, 4, 5}}});
  cases.push_back({"flatten", io::Reshape{{60}}, {{3, 4, 5}}});
  cases.push_back({"reshape to an image", io::Reshape{{5, 4, 3}}, {{60}}});
  cases.push_back({"transpose to channels first", io::Transpose{{2, 0, 1}}, {{3, 4, 5}}});
  cases.push_back({"transpose of a matrix", io::Transpose{{1, 0}}, {{3, 17}}});
  cases.push_back({"pad", io::Pad{{1, 0, 0}, {2, 3, 0}, 0.5F}, {{3, 4, 5}}});
  cases.push_back({"pad channels", io::Pad{{0, 0, 1}, {0, 0, 2}, 0}, {{3, 4, 3}}});
  cases.push_back({"crop", io::Pad{{-1, 0, 0}, {0, -2, 0}, 0}, {{3, 4, 5}}});
  cases.push_back({"pad and crop", io::Pad{{1, -1}, {-2, 2}, -1}, {{4, 5}}});
  cases.push_back({"mean over positions", io::ReduceMean{{0, 1}, true}, {{3, 4, 5}}});
  cases.push_back({"mean over positions, axes gone", io::ReduceMean{{0, 1}, false}, {{3, 4, 5}}});
  cases.push_back({"mean over channels", io::ReduceMean{{2}, true}, {{3, 4, 5}}});
  cases.push_back({"mean over all", io::ReduceMean{{0, 1, 2}, false}, {{3, 4, 5}}});
}

void add_recurrent(std::vector<OpCase>& cases) {
  using io::Emit;
  using io::RecurrentKind;
  io::Activation const hard{Function::hard_sigmoid, 0.2F, 0.5F};
  auto const add = [&](std::string const& name, RecurrentKind kind, std::int64_t steps, std::int64_t units,
                       io::Recurrent op = {}, bool smooth = true) {
    op.kind = kind;
    op.weights = weights({units, gate_count(kind) * units}, 9);
    if (op.reset_after) op.bias = weights({units}, 10);
    cases.push_back({name, op, {{steps, gate_count(kind) * units}}, {}, -1, 1, false, smooth});
  };
  auto const with = [](auto change) {
    io::Recurrent op;
    change(op);
    return op;
  };
  add("lstm", RecurrentKind::lstm, 4, 5);
  add("lstm of 17 units", RecurrentKind::lstm, 7, 17);
  add("lstm of 64 units", RecurrentKind::lstm, 3, 64);
  add("lstm of 256 units", RecurrentKind::lstm, 2, 256, {}, false);  // wide: another library multiplies
  add("simple rnn of 256 units", RecurrentKind::simple_rnn, 2, 256, {}, false);
  add("lstm one step of one unit", RecurrentKind::lstm, 1, 1);
  add("lstm backwards", RecurrentKind::lstm, 5, 3, with([](auto& op) { op.backwards = true; }));
  add("lstm hard gates", RecurrentKind::lstm, 4, 3, with([&](auto& op) { op.gate = hard; }));
  add("lstm cell", RecurrentKind::lstm, 4, 5, with([](auto& op) { op.emit = Emit::cell; }));
  add("lstm gates backwards", RecurrentKind::lstm, 4, 5, with([](auto& op) {
        op.emit = Emit::gates;
        op.backwards = true;
      }));
  add("lstm linear", RecurrentKind::lstm, 3, 3, with([](auto& op) { op.state = {Function::identity, 0, 0}; }));
  add("lstm relu", RecurrentKind::lstm, 3, 4, with([](auto& op) { op.state = relu; }), false);
  for (bool const after : {false, true}) {
    std::string const name = after ? "gru reset after" : "gru";
    auto const gru = [&](std::string const& what, std::int64_t steps, std::int64_t units, auto change) {
      add(name + what, RecurrentKind::gru, steps, units, with([&](auto& op) {
            op.reset_after = after;
            change(op);
          }));
    };
    gru("", 4, 5, [](auto&) {});
    gru(" of 17 units", 6, 17, [](auto&) {});
    gru(" backwards", 5, 3, [](auto& op) { op.backwards = true; });
    gru(" hard gates", 4, 3, [&](auto& op) { op.gate = hard; });
    gru(" gates", 4, 5, [](auto& op) { op.emit = Emit::gates; });
  }
  add("gru reset after without bias", RecurrentKind::gru, 3, 4, with([](auto& op) { op.reset_after = true; }));
  cases.back().op = with([&](auto& op) {
    op = std::get<io::Recurrent>(cases.back().op);
    op.bias = nullptr;
  });
  add("simple rnn", RecurrentKind::simple_rnn, 5, 4);
  add("simple rnn relu", RecurrentKind::simple_rnn, 4, 5, with([](auto& op) { op.state = relu; }), false);
  add("simple rnn sigmoid backwards", RecurrentKind::simple_rnn, 4, 17, with([](auto& op) {
        op.state = {Function::sigmoid, 0, 0};
        op.backwards = true;
      }));
  cases.push_back({"embedding", io::Embedding{weights({10, 5}, 11)}, {{7}}, {}, -0.4F, 9.4F, false, false});
  cases.push_back({"embedding of a matrix", io::Embedding{weights({3, 1}, 11)}, {{2, 3}}, {}, 0, 2, false, false});
}

}  // namespace

std::vector<OpCase> const& op_cases() {
  static std::vector<OpCase> const cases = [] {
    std::vector<OpCase> all;
    add_convolutions(all);
    add_dense(all);
    add_pools(all);
    add_activations(all);
    add_unitwise(all);
    add_binaries(all);
    add_movers(all);
    add_recurrent(all);
    return all;
  }();
  return cases;
}

std::vector<float> spread(std::int64_t count, float low, float high, std::uint64_t key, bool ties) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    double fraction = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    if (ties) fraction = std::floor(fraction * 4) / 4;
    values[i] = static_cast<float>(low + fraction * (double{high} - low));
  }
  for (std::int64_t i = count - 1; i > 0; --i) {
    DrawKey const place{0, static_cast<std::uint64_t>(i), 0, 0};
    std::swap(values[i], values[draw_below(key, Purpose::order, place, static_cast<std::uint64_t>(i) + 1)]);
  }
  return values;
}

}  // namespace sonde::test
