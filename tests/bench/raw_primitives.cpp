#include "bench/raw_primitives.hpp"

#include <dnnl.hpp>

#include "bench/bench.hpp"

namespace sonde::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

memory::desc floats(memory::dims const& extents, Tag tag) { return {extents, memory::data_type::f32, tag}; }

class Timer {
 public:
  Timer(io::ModelFile const& file, std::int64_t batch) : file_(file), batch_(batch) {}

  RawTimes run() {
    for (std::size_t i = 1; i < file_.nodes.size(); ++i) {
      io::Node const& node = file_.nodes[i];
      if (std::holds_alternative<io::Reshape>(node.op)) continue;
      bool const known = std::visit([&](auto const& op) { return add(op, node); }, node.op);
      ++(known ? times_.layers : times_.left_out);
    }
    return times_;
  }

 private:
  Shape const& input(io::Node const& node) const { return file_.nodes[static_cast<std::size_t>(node.inputs[0])].shape; }
  memory::dims dims(Shape const& s) const {
    return s.size() == 3 ? memory::dims{batch_, s[2], s[0], s[1]} : memory::dims{batch_, volume(s)};
  }
  /// Blocks of 8 channels, as AVX2 kernels like it, where that fits.
  memory::desc image(Shape const& s) const {
    if (s.size() != 3) return floats(dims(s), Tag::ab);
    return floats(dims(s), s[2] % 8 == 0 ? Tag::nChw8c : Tag::nhwc);
  }
  /// Pages that are written: untouched ones would all be one page of zeros in the cache.
  memory filled(memory::desc const& desc) const {
    memory result(desc, engine_);
    auto* const data = static_cast<float*>(result.get_data_handle());
    std::fill_n(data, desc.get_size() / sizeof(float), 0.5F);
    return result;
  }
  double time(dnnl::primitive const& primitive, Arguments const& arguments) {
    return median_seconds([&] { primitive.execute(stream_, arguments); }, 5);
  }
  bool relu_follows(io::Node const& node) const {
    auto const self = &node - file_.nodes.data();
    for (io::Node const& other : file_.nodes) {
      auto const* activation = std::get_if<io::Activation>(&other.op);
      if (activation && activation->function != io::Function::identity && other.inputs[0] == self) return true;
    }
    return false;
  }

  bool add(io::Conv2d const& op, io::Node const& node) {
    io::Window const& w = op.window;
    auto const x = floats(dims(input(node)), Tag::any), y = floats(dims(node.shape), Tag::any);
    std::int64_t const c = input(node)[2] / op.groups, k = node.shape[2] / op.groups;
    auto const weights = op.groups == 1 ? floats({k, c, w.height, w.width}, Tag::any)
                                        : floats({op.groups, k, c, w.height, w.width}, Tag::any);
    auto const bias = floats({node.shape[2]}, Tag::a);
    memory::dims const strides{w.stride_y, w.stride_x}, dilation{w.dilation_y - 1, w.dilation_x - 1};
    memory::dims const before{w.top, w.left}, after{w.bottom, w.right};
    auto const direct = dnnl::algorithm::convolution_direct;
    dnnl::primitive_attr fused;
    if (relu_follows(node)) {
      dnnl::post_ops ops;
      ops.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      fused.set_post_ops(ops);
    }
    dnnl::convolution_forward::primitive_desc const forward(
        {dnnl::prop_kind::forward_inference, direct, x, weights, bias, y, strides, dilation, before, after}, fused,
        engine_);
    times_.forward += time(dnnl::convolution_forward(forward), {{DNNL_ARG_SRC, filled(forward.src_desc())},
                                                                {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                                                                {DNNL_ARG_BIAS, filled(forward.bias_desc())},
                                                                {DNNL_ARG_DST, filled(forward.dst_desc())}});
    dnnl::convolution_backward_data::primitive_desc const backward(
        {direct, x, weights, y, strides, dilation, before, after}, engine_, forward);
    times_.backward +=
        time(dnnl::convolution_backward_data(backward), {{DNNL_ARG_DIFF_SRC, filled(backward.diff_src_desc())},
                                                         {DNNL_ARG_WEIGHTS, filled(backward.weights_desc())},
                                                         {DNNL_ARG_DIFF_DST, filled(backward.diff_dst_desc())}});
    return true;
  }

  double product(std::int64_t rows, std::int64_t inputs, std::int64_t units) {
    auto const x = floats({rows, inputs}, Tag::ab), y = floats({rows, units}, Tag::ab);
    dnnl::matmul::primitive_desc const plan({x, floats({inputs, units}, Tag::any), y}, engine_);
    return time(dnnl::matmul(plan), {{DNNL_ARG_SRC, filled(plan.src_desc())},
                                     {DNNL_ARG_WEIGHTS, filled(plan.weights_desc())},
                                     {DNNL_ARG_DST, filled(plan.dst_desc())}});
  }

  bool add(io::Dense const&, io::Node const& node) {
    std::int64_t const inputs = unit_count(input(node)), units = unit_count(node.shape);
    std::int64_t const rows = volume(node.shape) / units * batch_;
    times_.forward += product(rows, inputs, units);
    times_.backward += product(rows, units, inputs);
    return true;
  }

  bool add(io::Pool const& op, io::Node const& node) {
    io::Window const& w = op.window;
    auto const kind = op.kind == io::PoolKind::max ? dnnl::algorithm::pooling_max
                      : op.count_padding           ? dnnl::algorithm::pooling_avg_include_padding
                                                   : dnnl::algorithm::pooling_avg_exclude_padding;
    auto const x = image(input(node)), y = image(node.shape);
    memory::dims const strides{w.stride_y, w.stride_x}, window{w.height, w.width};
    memory::dims const before{w.top, w.left}, after{w.bottom, w.right};
    dnnl::pooling_forward::primitive_desc const forward(
        {dnnl::prop_kind::forward_training, kind, x, y, strides, window, before, after}, engine_);
    Arguments arguments{{DNNL_ARG_SRC, filled(x)}, {DNNL_ARG_DST, filled(y)}};
    memory const found = memory(forward.workspace_desc(), engine_);
    if (op.kind == io::PoolKind::max) arguments.emplace(DNNL_ARG_WORKSPACE, found);
    times_.forward += time(dnnl::pooling_forward(forward), arguments);
    dnnl::pooling_backward::primitive_desc const backward({kind, x, y, strides, window, before, after}, engine_,
                                                          forward);
    arguments = {{DNNL_ARG_DIFF_SRC, filled(x)}, {DNNL_ARG_DIFF_DST, filled(y)}};
    if (op.kind == io::PoolKind::max) arguments.emplace(DNNL_ARG_WORKSPACE, found);
    times_.backward += time(dnnl::pooling_backward(backward), arguments);
    return true;
  }

  /// The forward pass is the convolution's; the backward pass is timed for relu, which stands for all.
  bool add(io::Activation const&, io::Node const& node) {
    auto const y = image(node.shape);
    auto const relu = dnnl::algorithm::eltwise_relu;
    dnnl::eltwise_forward::primitive_desc const forward({dnnl::prop_kind::forward_training, relu, y, 0}, engine_);
    dnnl::eltwise_backward::primitive_desc const backward({relu, y, y, 0}, engine_, forward);
    times_.backward +=
        time(dnnl::eltwise_backward(backward),
             {{DNNL_ARG_SRC, filled(y)}, {DNNL_ARG_DIFF_SRC, filled(y)}, {DNNL_ARG_DIFF_DST, filled(y)}});
    return true;
  }

  bool add(io::Softmax const&, io::Node const& node) {
    auto const y = floats({batch_ * volume(node.shape) / unit_count(node.shape), unit_count(node.shape)}, Tag::ab);
    dnnl::softmax_forward::primitive_desc const forward({dnnl::prop_kind::forward_inference, y, 1}, engine_);
    times_.forward += time(dnnl::softmax_forward(forward), {{DNNL_ARG_SRC, filled(y)}, {DNNL_ARG_DST, filled(y)}});
    return true;
  }

  /// Forward only: what flows back can be read in place.
  bool add(io::Concat const&, io::Node const& node) {
    std::vector<memory::desc> parts;
    Arguments arguments;
    for (int from : node.inputs) {
      parts.push_back(image(file_.nodes[static_cast<std::size_t>(from)].shape));
      arguments.emplace(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(parts.size()) - 1, filled(parts.back()));
    }
    if (node.shape.size() != 3) return false;
    dnnl::concat::primitive_desc const plan(1, parts, engine_);
    arguments.emplace(DNNL_ARG_DST, filled(plan.dst_desc()));
    times_.forward += time(dnnl::concat(plan), arguments);
    return true;
  }

  template <class Other>
  bool add(Other const&, io::Node const&) {
    return false;
  }

  io::ModelFile const& file_;
  std::int64_t batch_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  RawTimes times_;
};

}  // namespace

RawTimes raw_times(nn::Network const& network, std::int64_t batch) { return Timer(network.file(), batch).run(); }

}  // namespace sonde::bench
