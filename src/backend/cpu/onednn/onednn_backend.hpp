// The CPU backend for large models: convolutions and matrix products by oneDNN, one thread per queue; images stay (N,
// H, W, C), so that every other op can be the reference's.
#pragma once

#include "backend/reference/reference_backend.hpp"

namespace sonde::backend {

namespace onednn {
class Library;
}

class OneDnnBackend final : public ReferenceBackend {
 public:
  OneDnnBackend();

  std::string name() const override { return "cpu/onednn"; }
  std::unique_ptr<Queue> make_queue() const override;
  std::unique_ptr<Operator> plan(io::Op const& op, io::Activation const& fused, std::vector<Shape> const& inputs,
                                 Shape const& output, std::int64_t batch) const override;

 private:
  std::shared_ptr<onednn::Library> library_;
};

}  // namespace sonde::backend
