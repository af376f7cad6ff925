#include "bench/raw_cudnn.hpp"

#include <cudnn.h>

#include <array>

#include "bench/device_bench.hpp"

namespace sonde::bench {
namespace {

using backend::Precision;

template <class Handle, auto create, auto destroy>
class Descriptor {
 public:
  Descriptor() { SONDE_CUDA(create(&handle_)); }
  ~Descriptor() { static_cast<void>(destroy(handle_)); }
  Descriptor(Descriptor const&) = delete;
  Descriptor& operator=(Descriptor const&) = delete;
  operator Handle() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};
using Tensor4 = Descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using Filter = Descriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using Convolution =
    Descriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor>;
using Pooling = Descriptor<cudnnPoolingDescriptor_t, cudnnCreatePoolingDescriptor, cudnnDestroyPoolingDescriptor>;
using Activation =
    Descriptor<cudnnActivationDescriptor_t, cudnnCreateActivationDescriptor, cudnnDestroyActivationDescriptor>;

// As in src/backend/cuda/cudnn_correlation.cpp.
constexpr auto forward_algorithm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
constexpr auto backward_algorithm = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;

float const one = 1, none = 0;

int narrow(std::int64_t value) { return static_cast<int>(value); }

class Timer {
 public:
  Timer(io::ModelFile const& file, backend::Backend const& backend, Precision precision, std::int64_t batch)
      : file_(file), backend_(backend), precision_(precision), batch_(batch), queue_(precision) {}

  CudnnTimes run() {
    for (std::size_t i = 1; i < file_.nodes.size(); ++i) {
      io::Node const& node = file_.nodes[i];
      if (std::holds_alternative<io::Reshape>(node.op)) continue;
      bool const known = std::visit([&](auto const& op) { return add(op, node); }, node.op);
      ++(known ? times_.layers : times_.left_out);
    }
    return times_;
  }

 private:
  enum Place { x_place, y_place, dy_place, dx_place, weights_place };

  /// One array serves all layers.
  float* array(Place place, std::int64_t size) {
    Buffer<float>& buffer = arrays_[place];
    if (buffer.size() < static_cast<std::size_t>(size)) {
      queue_.wait();
      buffer = Buffer<float>();  // two need not fit side by side
      buffer = random_buffer<float>(static_cast<std::size_t>(size));
    }
    return buffer.data();
  }

  /// Adds the time of a call to `sum`; false when it is refused.
  template <class Call>
  bool time(double& sum, Call call) {
    if (call() != CUDNN_STATUS_SUCCESS) return false;
    constexpr int calls = 8;
    auto const step = backend_.record({&queue_}, [&] {
      for (int i = 0; i < calls; ++i) SONDE_CUDA(call());
    });
    sum += device_seconds(queue_, [&] { step->replay(); }) / calls;
    return true;
  }

  Shape const& input(io::Node const& node) const { return file_.nodes[static_cast<std::size_t>(node.inputs[0])].shape; }

  void describe(Tensor4 const& tensor, Shape const& s) const {
    std::int64_t const units = unit_count(s);
    if (s.size() == 3) {
      SONDE_CUDA(cudnnSetTensor4dDescriptor(tensor, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, narrow(batch_), narrow(units),
                                            narrow(s[0]), narrow(s[1])));
    } else {
      SONDE_CUDA(cudnnSetTensor4dDescriptor(tensor, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT,
                                            narrow(batch_ * volume(s) / units), narrow(units), 1, 1));
    }
  }

  /// The image and the window as cuDNN can be told of them.
  static std::pair<Shape, io::Window> padded(Shape in, io::Window w) {
    if (w.top == w.bottom && w.left == w.right) return {in, w};
    in[0] += w.top + w.bottom;
    in[1] += w.left + w.right;
    w.top = w.bottom = w.left = w.right = 0;
    return {in, w};
  }

  bool add(io::Conv2d const& op, io::Node const& node) {
    auto const [in, w] = padded(input(node), op.window);
    Tensor4 x, y;
    Filter weights;
    Convolution convolution;
    describe(x, in);
    describe(y, node.shape);
    SONDE_CUDA(cudnnSetFilter4dDescriptor(weights, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, narrow(node.shape[2]),
                                          narrow(in[2] / op.groups), narrow(w.height), narrow(w.width)));
    SONDE_CUDA(cudnnSetConvolution2dDescriptor(convolution, narrow(w.top), narrow(w.left), narrow(w.stride_y),
                                               narrow(w.stride_x), narrow(w.dilation_y), narrow(w.dilation_x),
                                               CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    SONDE_CUDA(cudnnSetConvolutionGroupCount(convolution, narrow(op.groups)));
    SONDE_CUDA(
        cudnnSetConvolutionMathType(convolution, precision_ == Precision::tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH));
    cudnnHandle_t const cudnn = queue_.cudnn();
    std::size_t forward_bytes = 0, backward_bytes = 0;
    if (cudnnGetConvolutionForwardWorkspaceSize(cudnn, x, weights, convolution, y, forward_algorithm, &forward_bytes) !=
            CUDNN_STATUS_SUCCESS ||
        cudnnGetConvolutionBackwardDataWorkspaceSize(cudnn, weights, y, convolution, x, backward_algorithm,
                                                     &backward_bytes) != CUDNN_STATUS_SUCCESS)
      return false;
    void* const scratch = queue_.workspace(std::max({forward_bytes, backward_bytes, std::size_t{1}}));
    float* const from = array(x_place, volume(in) * batch_);
    float* const to = array(y_place, volume(node.shape) * batch_);
    float* const back = array(dx_place, volume(in) * batch_);
    float* const w_data = array(weights_place, volume(op.weights->shape));
    return time(times_.forward,
                [&] {
                  return cudnnConvolutionForward(cudnn, &one, x, from, weights, w_data, convolution, forward_algorithm,
                                                 scratch, forward_bytes, &none, y, to);
                }) &&
           time(times_.backward, [&] {
             return cudnnConvolutionBackwardData(cudnn, &one, weights, w_data, y, to, convolution, backward_algorithm,
                                                 scratch, backward_bytes, &none, x, back);
           });
  }

  bool add(io::Pool const& op, io::Node const& node) {
    auto const [in, w] = padded(input(node), op.window);
    Tensor4 x, y;
    Pooling pooling;
    describe(x, in);
    describe(y, node.shape);
    auto const mode = op.kind == io::PoolKind::max ? CUDNN_POOLING_MAX
                      : op.count_padding           ? CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING
                                                   : CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING;
    SONDE_CUDA(cudnnSetPooling2dDescriptor(pooling, mode, CUDNN_NOT_PROPAGATE_NAN, narrow(w.height), narrow(w.width),
                                           narrow(w.top), narrow(w.left), narrow(w.stride_y), narrow(w.stride_x)));
    cudnnHandle_t const cudnn = queue_.cudnn();
    float* const x_data = array(x_place, volume(in) * batch_);
    float* const y_data = array(y_place, volume(node.shape) * batch_);
    float* const dy_data = array(dy_place, volume(node.shape) * batch_);
    float* const dx_data = array(dx_place, volume(in) * batch_);
    return time(times_.forward,
                [&] { return cudnnPoolingForward(cudnn, pooling, &one, x, x_data, &none, y, y_data); }) &&
           time(times_.backward, [&] {
             return cudnnPoolingBackward(cudnn, pooling, &one, y, y_data, y, dy_data, x, x_data, &none, x, dx_data);
           });
  }

  /// relu stands for all.
  bool add(io::Activation const& op, io::Node const& node) {
    if (op.function == io::Function::identity) return true;
    Tensor4 y;
    Activation relu;
    describe(y, node.shape);
    SONDE_CUDA(cudnnSetActivationDescriptor(relu, CUDNN_ACTIVATION_RELU, CUDNN_NOT_PROPAGATE_NAN, 0));
    cudnnHandle_t const cudnn = queue_.cudnn();
    float* const y_data = array(y_place, volume(node.shape) * batch_);
    float* const dy_data = array(dy_place, volume(node.shape) * batch_);
    return time(times_.other_forward,
                [&] { return cudnnActivationForward(cudnn, relu, &one, y, y_data, &none, y, y_data); }) &&
           time(times_.other_backward, [&] {
             return cudnnActivationBackward(cudnn, relu, &one, y, y_data, y, dy_data, y, y_data, &none, y, dy_data);
           });
  }

  bool add(io::Softmax const& op, io::Node const& node) {
    Tensor4 y;
    describe(y, node.shape);
    auto const kind = op.log ? CUDNN_SOFTMAX_LOG : CUDNN_SOFTMAX_ACCURATE;
    cudnnHandle_t const cudnn = queue_.cudnn();
    float* const data = array(y_place, volume(node.shape) * batch_);
    return time(times_.other_forward, [&] {
      return cudnnSoftmaxForward(cudnn, kind, CUDNN_SOFTMAX_MODE_CHANNEL, &one, y, data, &none, y, data);
    });
  }

  bool add(io::Dense const& op, io::Node const& node) {
    std::int64_t const inputs = unit_count(input(node)), units = unit_count(node.shape);
    std::int64_t const rows = volume(node.shape) / units * batch_;
    float* const x = array(x_place, rows * inputs);
    float* const y = array(y_place, rows * units);
    float* const dx = array(dx_place, rows * inputs);
    float* const weights = array(weights_place, volume(op.weights->shape));
    auto const multiply = [&](backend::Product const& product) {
      queue_.multiply(product);
      return CUDNN_STATUS_SUCCESS;
    };
    backend::Product const forward{rows, units, inputs, x, inputs, weights, units, false, false, y, units};
    backend::Product const backward{rows, inputs, units, y, units, weights, units, true, false, dx, inputs};
    return time(times_.other_forward, [&] { return multiply(forward); }) &&
           time(times_.other_backward, [&] { return multiply(backward); });
  }

  template <class Other>
  bool add(Other const&, io::Node const&) {
    return false;
  }

  io::ModelFile const& file_;
  backend::Backend const& backend_;
  Precision precision_;
  std::int64_t batch_;
  backend::CudaQueue queue_;
  std::array<Buffer<float>, 5> arrays_;
  CudnnTimes times_;
};

}  // namespace

CudnnTimes cudnn_times(nn::Network const& network, backend::Backend const& backend, Precision precision,
                       std::int64_t batch) {
  return Timer(network.file(), backend, precision, batch).run();
}

}  // namespace sonde::bench
