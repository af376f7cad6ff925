// The seam between algorithms and devices: every tensor op sonde needs, once per backend.
//
//   reference  plain loops over row-major tensors: the specification every other backend is tested against
//   cpu        small models: own kernels with the batch innermost ("lanes"); large ones: oneDNN, images as NHWC
//
// Two kinds of array:
//   tensor  activations and their gradients, in the backend's own layout; made by load(), read by store()
//   rows    (N, F) row-major: inputs, logits and neuron values as the algorithms above see them
// N is the batch the op was planned for or, for row ops, the number of rows given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/operator.hpp"
#include "backend/queue.hpp"
#include "device/memory.hpp"
#include "io/models/model_file.hpp"

namespace sonde::backend {

/// A unit chosen for a sample: `weight` is the factor of its value in the objective; layer -1 is none.
struct UnitPick {
  std::int32_t layer = -1;
  std::int32_t unit = 0;
  float weight = 0;
};

/// How the values of one unit (its spatial positions) become one number per sample.
enum class UnitReduction {
  scaled_mean,  // mean over positions of (a - min) / (max - min), min and max over the whole layer of the sample:
                // DeepXplore's neuron value. NaN when the layer is constant.
  mean,         // mean over positions of a
  maximum       // largest over positions
};

class RowOps;
class UnitTable;

class Backend {
 public:
  virtual ~Backend() = default;
  /// "reference", "cpu/lanes", "cpu/onednn", "cuda", "cuda/tf32".
  virtual std::string name() const = 0;

  /// Where every array lies that is handed to its ops: tensors, rows, picks, keys and LoopState.
  virtual device::Memory& memory() const { return device::host_memory(); }
  virtual std::unique_ptr<Queue> make_queue() const { return std::make_unique<Queue>(); }
  virtual std::unique_ptr<RowOps> make_row_ops() const;
  /// For unit values that need not come to the host; null where they are there already.
  virtual std::unique_ptr<UnitTable> make_unit_table() const;
  /// `calls` enqueue on `queues` alone. A replay is enqueued on the first of them, which the others wait for at its
  /// start and which waits for them at its end.
  virtual std::unique_ptr<Step> record(std::vector<Queue*> const& queues, std::function<void()> calls) const;

  // --- tensors and planned ops ---

  /// Samples the backend computes side by side: its tensors are then whole blocks of so many samples, one after the
  /// other, and a larger batch is best run block by block, each through the whole model, to stay in the caches.
  /// 0: a batch is one piece.
  virtual std::int64_t block() const { return 0; }

  /// Floats a tensor of `batch` samples of `shape` takes in this backend's layout (batch may be padded).
  virtual std::size_t tensor_size(Shape const& shape, std::int64_t batch) const = 0;
  /// rows (batch, F) -> tensor; samples the layout pads with are zero.
  virtual void load(Queue& queue, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const = 0;
  /// tensor -> rows (batch, F).
  virtual void store(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch, float* rows) const = 0;

  /// tensor = 0, `size` floats.
  virtual void zero(Queue& queue, float* tensor, std::size_t size) const;

  /// Whether plan() accepts the op; asked when a run is set up, never in mid-run.
  virtual bool supports(io::Op const& op, std::vector<Shape> const& inputs) const = 0;
  /// Plans an op for a batch size. `fused` is applied to the op's result before it is written (Conv2d and Dense only;
  /// identity otherwise), and backward() then takes the gradient of the fused result.
  virtual std::unique_ptr<Operator> plan(io::Op const& op, io::Activation const& fused,
                                         std::vector<Shape> const& inputs, Shape const& output,
                                         std::int64_t batch) const = 0;

  // --- units of a tensor ---

  /// values (batch, units) = one number per unit and sample.
  virtual void unit_values(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch,
                           UnitReduction reduction, float* values) const = 0;
  /// For each sample whose pick names `layer`: gradient[.., unit] += weight / positions, i.e. the gradient of weight
  /// times the unit's mean. picks (batch).
  virtual void add_unit_gradient(Queue& queue, UnitPick const* picks, std::int32_t layer, Shape const& shape,
                                 std::int64_t batch, float* gradient) const = 0;
};

/// How products and convolutions are computed on a GPU; on the CPU always in fp32.
enum class Precision {
  fp32,
  tf32  // factors rounded to 10 bits of mantissa: several times faster, errors around 1e-3
};

/// "fp32" or "tf32". Throws InputError for another name.
Precision precision_of(std::string const& name);

struct BackendOptions {
  Precision precision = Precision::fp32;
};

/// Makes the backend `kind` ("auto", "cpu", "reference", "cuda") for a model: cpu picks lanes or oneDNN by the model's
/// size and ops, auto cuda where a device can be used (the log says which, or why none) and cpu elsewhere. Throws
/// InputError naming layer and op when an op of the model is not supported, or the kind cannot be had.
std::unique_ptr<Backend> make_backend(std::string const& kind, io::ModelFile const& model,
                                      BackendOptions const& options = {});

/// Bytes of memory of the device that the backend `kind` computes on; 0 for the host.
std::size_t device_memory(std::string const& kind);
/// How many samples of `sample_bytes` each a worker should run at once in `memory` bytes: the largest power of two up
/// to 16,384 that an eighth holds, and 1 at least. What is free at the moment does not count: the bits of a run depend
/// on its batch.
std::int64_t fitting_batch(std::size_t memory, std::size_t sample_bytes);

/// What makes the backends of a run, one per model; all share one memory.
using BackendMaker = std::function<std::shared_ptr<Backend const>(io::ModelFile const&)>;

/// make_backend() of `kind`.
BackendMaker backend_maker(std::string const& kind, BackendOptions const& options = {});

}  // namespace sonde::backend
