#include "backend/cuda_backend.hpp"

#include <mutex>

#include "backend/cuda/check.hpp"
#include "backend/cuda/cuda_queue.hpp"
#include "backend/cuda/cuda_step.hpp"
#include "backend/cuda/cudnn_correlation.hpp"
#include "backend/cuda/device_backend.hpp"
#include "base/check.hpp"
#include "device/device.hpp"

namespace sonde::backend {
namespace {

class CudaBackend final : public DeviceBackend {
 public:
  explicit CudaBackend(Precision precision) : DeviceBackend(device::memory()), precision_(precision) {}
  ~CudaBackend() override {
    std::lock_guard const lock(capture_mutex());
    if (planning_) static_cast<void>(cudnnDestroy(planning_));
  }
  CudaBackend(CudaBackend const&) = delete;
  CudaBackend& operator=(CudaBackend const&) = delete;

  std::string name() const override { return precision_ == Precision::tf32 ? "cuda/tf32" : "cuda"; }
  std::unique_ptr<Queue> make_queue() const override { return std::make_unique<CudaQueue>(precision_); }
  std::unique_ptr<Step> record(std::vector<Queue*> const& queues, std::function<void()> calls) const override {
    return std::make_unique<CudaStep>(queues, std::move(calls));
  }

 private:
  std::unique_ptr<Correlation> make_correlation(io::Conv2d const& op, Shape const& in, Shape const& out,
                                                std::int64_t batch) const override {
    std::scoped_lock const lock(mutex_, capture_mutex());
    device::make_current();
    if (!planning_) SONDE_CUDA(cudnnCreate(&planning_));
    return make_cudnn_correlation(planning_, precision_, op, in, out, batch, memory(), weights());
  }

  Precision precision_;
  mutable cudnnContext* planning_ = nullptr;  // of the first convolution on
  mutable std::mutex mutex_;                  // of planning_
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(Precision precision) {
  VALIDATE(device::usable(), "backend cuda: there is no device (" << device::why_none()
                                                                  << "). Use --backend cpu, or a machine with a GPU.");
  return std::make_unique<CudaBackend>(precision);
}

}  // namespace sonde::backend
