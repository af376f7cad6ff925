#include "backend/cuda/cudnn_correlation.hpp"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>

#include "backend/cuda/check.hpp"
#include "backend/cuda/cuda_queue.hpp"
#include "backend/cuda/ops/ops.hpp"
#include "base/log.hpp"

namespace sonde::backend {
namespace {

/// Owner of a cuDNN descriptor.
template <class Descriptor, cudnnStatus_t (*create)(Descriptor*), cudnnStatus_t (*destroy)(Descriptor)>
class Owned {
 public:
  Owned() { SONDE_CUDA(create(&descriptor_)); }
  ~Owned() { static_cast<void>(destroy(descriptor_)); }
  Owned(Owned const&) = delete;
  Owned& operator=(Owned const&) = delete;
  operator Descriptor() const { return descriptor_; }

 private:
  Descriptor descriptor_ = nullptr;
};
using TensorDescriptor = Owned<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using FilterDescriptor = Owned<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor =
    Owned<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor>;

bool unsupported(cudnnStatus_t status) {
  return CUDNN_STATUS_CATEGORY(static_cast<int>(status)) == CUDNN_STATUS_NOT_SUPPORTED;
}

constexpr cudnnConvolutionFwdAlgo_t forward_algorithms[] = {CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                                                            CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM};
constexpr cudnnConvolutionBwdDataAlgo_t backward_algorithm = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;

/// cuDNN pads both sides alike; anything else, and padding that whole windows fit into, is made by a Pad before it.
bool pads_apart(io::Window const& w) {
  bool const alike = w.top == w.bottom && w.left == w.right;
  return !alike || w.top > (w.height - 1) * w.dilation_y || w.left > (w.width - 1) * w.dilation_x;
}

/// (R, S, C / groups, K) -> (K, R, S, C / groups)
std::vector<float> units_first(Tensor const& weights) {
  auto const units = static_cast<std::size_t>(weights.shape[3]);
  std::size_t const rest = weights.data.size() / units;
  std::vector<float> result(weights.data.size());
  for (std::size_t i = 0; i < rest; ++i) {
    for (std::size_t k = 0; k < units; ++k) result[k * rest + i] = weights.data[i * units + k];
  }
  return result;
}

class CudnnCorrelation final : public Correlation {
 public:
  CudnnCorrelation(cudnnContext* handle, Precision precision, io::Conv2d const& op, Shape const& in, Shape const& out,
                   std::int64_t batch, device::Memory& memory, WeightStore& weights)
      : op_(op), in_(in), out_(out), batch_(batch), memory_(memory), store_(weights) {
    pad_if_needed();
    if (!describe(precision)) return;
    weights_ = store_.get(op_.weights, "units first", units_first);
    choose(handle);
  }

  std::size_t scratch() const override { return padded_bytes() + std::max(forward_bytes_, backward_bytes_); }

  void forward(DeviceQueue& queue, float const* x, void* scratch, float* y) override {
    if (forward_) {
      float const* from = x;
      if (pad_) {
        auto* const padded = static_cast<float*>(scratch);
        pad_->forward(queue, {&x, 1}, padded);
        from = padded;
      }
      float const one = 1, zero = 0;
      cudnnStatus_t const status =
          cudnnConvolutionForward(cudnn(queue), &one, x_, from, w_, weights_->data(), convolution_, *forward_,
                                  after_padding(scratch), forward_bytes_, &zero, y_, y);
      if (!unsupported(status)) return SONDE_CUDA(status);
      forward_.reset();
    }
    kernels().forward(queue, x, scratch, y);
  }

  void backward(DeviceQueue& queue, float const* dy, void* scratch, bool add, float* dx) override {
    if (backward_) {
      float* const to = pad_ ? static_cast<float*>(scratch) : dx;
      float const one = 1, beta = add && !pad_ ? 1.0F : 0.0F;
      cudnnStatus_t const status =
          cudnnConvolutionBackwardData(cudnn(queue), &one, w_, weights_->data(), y_, dy, convolution_,
                                       backward_algorithm, after_padding(scratch), backward_bytes_, &beta, x_, to);
      if (!unsupported(status)) {
        SONDE_CUDA(status);
        if (pad_) unpad(queue, to, add, dx);
        return;
      }
      backward_ = false;
    }
    kernels().backward(queue, dy, scratch, add, dx);
  }

 private:
  static cudnnContext* cudnn(DeviceQueue& queue) {
    static_cast<void>(stream(queue));  // this thread's calls go to the device
    return static_cast<CudaQueue&>(queue).cudnn();
  }

  void pad_if_needed() {
    padded_ = in_;
    window_ = op_.window;
    if (!pads_apart(op_.window)) return;
    io::Pad const pad{{window_.top, window_.left, 0}, {window_.bottom, window_.right, 0}, 0};
    padded_ = {in_[0] + window_.top + window_.bottom, in_[1] + window_.left + window_.right, in_[2]};
    window_.top = window_.bottom = window_.left = window_.right = 0;
    pad_ = device_ops::make_pad({memory_, store_, batch_}, pad, in_, padded_);
  }

  /// False when cuDNN cannot even be told of the shapes.
  bool describe(Precision precision) {
    auto const fits = [](std::int64_t n) { return n <= std::numeric_limits<int>::max(); };
    if (!fits(volume(padded_) * batch_) || !fits(volume(out_) * batch_)) return false;
    auto const n = [](std::int64_t value) { return static_cast<int>(value); };
    io::Window const& w = window_;
    SONDE_CUDA(cudnnSetTensor4dDescriptor(x_, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, n(batch_), n(padded_[2]),
                                          n(padded_[0]), n(padded_[1])));
    SONDE_CUDA(cudnnSetTensor4dDescriptor(y_, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, n(batch_), n(out_[2]), n(out_[0]),
                                          n(out_[1])));
    SONDE_CUDA(cudnnSetFilter4dDescriptor(w_, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, n(out_[2]),
                                          n(padded_[2] / op_.groups), n(w.height), n(w.width)));
    SONDE_CUDA(cudnnSetConvolution2dDescriptor(convolution_, n(w.top), n(w.left), n(w.stride_y), n(w.stride_x),
                                               n(w.dilation_y), n(w.dilation_x), CUDNN_CROSS_CORRELATION,
                                               CUDNN_DATA_FLOAT));
    SONDE_CUDA(cudnnSetConvolutionGroupCount(convolution_, n(op_.groups)));
    SONDE_CUDA(
        cudnnSetConvolutionMathType(convolution_, precision == Precision::tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH));
    return true;
  }

  /// Takes the algorithms that cuDNN has for these shapes, and the bytes they need.
  void choose(cudnnContext* handle) {
    for (cudnnConvolutionFwdAlgo_t algorithm : forward_algorithms) {
      if (cudnnGetConvolutionForwardWorkspaceSize(handle, x_, w_, convolution_, y_, algorithm, &forward_bytes_) !=
          CUDNN_STATUS_SUCCESS)
        continue;
      forward_ = algorithm;
      break;
    }
    if (!forward_) forward_bytes_ = 0;
    backward_ = cudnnGetConvolutionBackwardDataWorkspaceSize(handle, w_, y_, convolution_, x_, backward_algorithm,
                                                             &backward_bytes_) == CUDNN_STATUS_SUCCESS;
    if (!backward_) backward_bytes_ = 0;
  }

  std::size_t padded_bytes() const {
    return pad_ ? aligned(static_cast<std::size_t>(volume(padded_) * batch_) * sizeof(float)) : 0;
  }
  void* after_padding(void* scratch) const { return static_cast<std::byte*>(scratch) + padded_bytes(); }

  /// dx = or += what of the gradient lies inside.
  void unpad(DeviceQueue& queue, float const* padded, bool add, float* dx) {
    GradientMode const mode = add ? GradientMode::accumulate : GradientMode::overwrite;
    float const* const none = nullptr;
    pad_->backward(queue, {&none, 1}, nullptr, padded, {&dx, 1}, {&mode, 1});
  }

  Correlation& kernels() {
    if (!kernels_) {
      static std::once_flag said;
      std::call_once(said, [this] {
        SONDE_LOG(info, "a convolution of " << to_string(in_) << " to " << to_string(out_) << ", window "
                                            << op_.window.height << "x" << op_.window.width << ", groups " << op_.groups
                                            << ", runs slowly (cuDNN has no pinned algorithm for it)");
      });
      kernels_ = make_kernel_correlation(op_, in_, out_, batch_, store_);
    }
    return *kernels_;
  }

  io::Conv2d op_;
  Shape in_, out_, padded_;
  std::int64_t batch_;
  device::Memory& memory_;
  WeightStore& store_;
  io::Window window_;  // as cuDNN sees it
  device_ops::OperatorPtr pad_;
  TensorDescriptor x_, y_;
  FilterDescriptor w_;
  ConvolutionDescriptor convolution_;
  WeightStore::Array weights_;  // (K, R, S, C / groups)
  std::optional<cudnnConvolutionFwdAlgo_t> forward_;
  bool backward_ = false;
  std::size_t forward_bytes_ = 0, backward_bytes_ = 0;
  std::unique_ptr<Correlation> kernels_;
};

}  // namespace

std::unique_ptr<Correlation> make_cudnn_correlation(cudnnContext* handle, Precision precision, io::Conv2d const& op,
                                                    Shape const& in, Shape const& out, std::int64_t batch,
                                                    device::Memory& memory, WeightStore& weights) {
  if (op.groups > 1 && op.groups == in[2]) return make_kernel_correlation(op, in, out, batch, weights);
  return std::make_unique<CudnnCorrelation>(handle, precision, op, in, out, batch, memory, weights);
}

}  // namespace sonde::backend
