#include "nn/runner.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"

namespace sonde::nn {
namespace {

using backend::GradientMode;

bool holds_no_value(io::Op const& op) {
  if (std::holds_alternative<io::Reshape>(op)) return true;  // same elements in the same order
  auto const* activation = std::get_if<io::Activation>(&op);
  return activation && activation->function == io::Function::identity;
}

bool can_fuse(io::Op const& op) {
  return std::holds_alternative<io::Conv2d>(op) || std::holds_alternative<io::Dense>(op);
}

}  // namespace

/// The ops of one batch size, in order of computation.
struct Runner::Plan {
  struct Step {
    int node = 0;             // whose value it computes
    std::vector<int> inputs;  // root nodes
    std::unique_ptr<backend::Operator> op;
    // Pointers handed to the op: kept here so that running allocates nothing.
    std::vector<float const*> x;
    std::vector<float*> dx;
    std::vector<GradientMode> modes;
  };
  std::int64_t batch = 0;
  mutable std::vector<Step> steps;
  mutable std::vector<char> touched;  // by root node: whether its gradient has been written in this backward pass
};

Runner::Runner(std::shared_ptr<Network const> network, std::shared_ptr<backend::Backend const> backend,
               RunnerOptions options)
    : network_(std::move(network)),
      backend_(std::move(backend)),
      queue_(backend_->make_queue()),
      gradient_(options.gradient),
      gradient_node_(options.gradient_node) {
  EXPECT(!options.gradient || !options.only_kept);
  std::ranges::sort(options.batches);
  EXPECT(!options.batches.empty() && options.batches.front() > 0);
  batches_ = options.batches;
  piece_ = backend_->block();
  objective_shape_ = {network_->outputs()};
  find_needed(options);
  find_roots();
  find_fusions(options);
  allocate(options);
  for (std::int64_t batch : piece_ > 0 ? std::vector{piece_} : batches_) plan_operators(batch);
}

Runner::~Runner() = default;
Runner::Runner(Runner&&) noexcept = default;

/// What is asked for, and backwards from it: inputs stand before the nodes that read them.
void Runner::find_needed(RunnerOptions const& options) {
  auto const& nodes = network_->file().nodes;
  needed_.assign(nodes.size(), 0);
  auto const need = [this](int node) { needed_[static_cast<std::size_t>(node)] = 1; };
  for (int node : options.kept_nodes) need(node);
  if (!options.only_kept) {
    need(network_->file().output);
    need(network_->logit_node());
    for (Layer const& layer : network_->layers()) need(layer.node);
  }
  for (std::size_t i = nodes.size(); i-- > 0;) {
    if (!needed_[i]) continue;
    for (int input : nodes[i].inputs) need(input);
  }
  need(0);
  EXPECT(is_needed(gradient_node_));
}

void Runner::find_roots() {
  auto const& nodes = network_->file().nodes;
  roots_.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    roots_[i] = holds_no_value(nodes[i].op) ? root(nodes[i].inputs[0]) : static_cast<int>(i);
  }
}

/// A convolution or product whose only reader is an activation is computed together with it, unless somebody looks at
/// the value before the activation.
void Runner::find_fusions(RunnerOptions const& options) {
  auto const& nodes = network_->file().nodes;
  std::vector<int> readers(nodes.size(), 0);
  auto const read = [&](int node) { ++readers[static_cast<std::size_t>(node)]; };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (needed_[i]) std::ranges::for_each(nodes[i].inputs, read);
  }
  read(network_->file().output);
  read(network_->logit_node());
  for (Layer const& layer : network_->layers()) read(layer.node);
  std::ranges::for_each(options.kept_nodes, read);
  read(options.gradient_node);

  fused_into_.assign(nodes.size(), -1);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    bool const computed = needed_[i] && root(static_cast<int>(i)) == static_cast<int>(i);
    if (!computed || !std::holds_alternative<io::Activation>(nodes[i].op)) continue;
    auto const before = static_cast<std::size_t>(nodes[i].inputs[0]);
    if (can_fuse(nodes[before].op) && readers[before] == 1) fused_into_[before] = static_cast<int>(i);
  }
}

void Runner::allocate(RunnerOptions const& options) {
  auto const& nodes = network_->file().nodes;
  std::int64_t const batch = options.batches.back();
  values_.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!needed_[i] || root(static_cast<int>(i)) != static_cast<int>(i) || fused_into_[i] >= 0) continue;
    values_[i] = allocate_tensor(static_cast<int>(i), backend_->tensor_size(nodes[i].shape, batch));
  }
  if (&backend_->memory() != &device::host_memory()) {
    std::int64_t largest = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (needed_[i]) largest = std::max(largest, volume(nodes[i].shape));
    }
    delivery_ = Buffer<float>(static_cast<std::size_t>(batch * largest), backend_->memory());
  }
  // A gradient is done with when its piece has gone back through the model.
  if (gradient_) share_gradients(piece_ > 0 ? piece_ : batch);
}

Buffer<float> Runner::allocate_tensor(int node, std::size_t size) {
  try {
    return Buffer<float>(size, backend_->memory());
  } catch (std::exception const& error) {
    SONDE_FAIL_AS(Error, "model " << network_->file().path << ": layer "
                                  << network_->file().nodes[static_cast<std::size_t>(node)].name << " wants "
                                  << static_cast<double>(size) * sizeof(float) / 1e9 << " GB (" << error.what()
                                  << "). Lower --batch or --threads.");
  }
}

/// A gradient is alive from the backward pass of its last reader to that of its own node; buffers are reused in
/// between.
void Runner::share_gradients(std::int64_t batch) {
  auto const& nodes = network_->file().nodes;
  gradient_slot_.assign(nodes.size(), -1);
  std::vector<std::size_t> sizes;
  std::vector<int> largest;  // node of each size, for messages
  std::vector<int> free_slots;
  auto const claim = [&](int node) {
    auto& slot = gradient_slot_[static_cast<std::size_t>(root(node))];
    if (slot >= 0) return;
    std::size_t const size = backend_->tensor_size(nodes[static_cast<std::size_t>(node)].shape, batch);
    // The free buffer closest in size, to grow as little as possible.
    auto const distance = [&](int s) {
      std::size_t const have = sizes[static_cast<std::size_t>(s)];
      return have > size ? have - size : size - have;
    };
    auto const best = std::ranges::min_element(free_slots, {}, distance);
    if (best == free_slots.end()) {
      slot = static_cast<int>(sizes.size());
      sizes.push_back(size);
      largest.push_back(node);
      return;
    }
    slot = *best;
    free_slots.erase(best);
    if (size <= sizes[static_cast<std::size_t>(slot)]) return;
    sizes[static_cast<std::size_t>(slot)] = size;
    largest[static_cast<std::size_t>(slot)] = node;
  };
  for (std::size_t i = nodes.size(); i-- > 0;) {
    int const node = static_cast<int>(i);
    if (!needed_[i] || root(node) != node || fused_into_[i] >= 0) continue;
    claim(node);
    std::size_t source = i;
    if (std::holds_alternative<io::Activation>(nodes[i].op) &&
        fused_into_[static_cast<std::size_t>(nodes[i].inputs[0])] == node) {
      source = static_cast<std::size_t>(nodes[i].inputs[0]);
    }
    for (int input : nodes[source].inputs) claim(input);
    if (node != root(gradient_node_)) free_slots.push_back(gradient_slot_[i]);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    gradient_buffers_.push_back(allocate_tensor(largest[i], sizes[i]));
  }
}

void Runner::plan_operators(std::int64_t batch) {
  auto const& nodes = network_->file().nodes;
  auto plan = std::make_unique<Plan>();
  plan->batch = batch;
  plan->touched.resize(nodes.size());
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    int const node = static_cast<int>(i);
    if (!needed_[i] || root(node) != node || fused_into_[i] >= 0) continue;
    io::Node const* source = &nodes[i];
    io::Activation fused;
    auto const before = static_cast<std::size_t>(nodes[i].inputs[0]);
    if (fused_into_[before] == node) {
      fused = std::get<io::Activation>(nodes[i].op);
      source = &nodes[before];
    }
    Plan::Step step;
    step.node = node;
    std::vector<Shape> shapes;
    for (int input : source->inputs) {
      step.inputs.push_back(root(input));
      shapes.push_back(nodes[static_cast<std::size_t>(input)].shape);
    }
    step.x.resize(step.inputs.size());
    step.dx.resize(step.inputs.size());
    step.modes.resize(step.inputs.size());
    step.op = backend_->plan(source->op, fused, shapes, nodes[i].shape, batch);
    plan->steps.push_back(std::move(step));
  }
  plans_.push_back(std::move(plan));
}

Runner::Plan const& Runner::plan(std::int64_t batch) const {
  if (!std::ranges::count(batches_, batch)) {
    SONDE_FAIL_AS(std::logic_error, "batch size " << batch << " was not planned");
  }
  if (piece_ > 0) return *plans_.front();
  return **std::ranges::find(plans_, batch, [](auto const& plan) { return plan->batch; });
}

float* Runner::value(int node, std::int64_t first_sample) {
  auto const index = static_cast<std::size_t>(root(node));
  Shape const& shape = network_->file().nodes[index].shape;
  return values_[index].data() + (first_sample > 0 ? backend_->tensor_size(shape, first_sample) : 0);
}

template <class Run>
void Runner::for_pieces(std::int64_t batch, Run run) const {
  std::int64_t const step = piece_ > 0 ? piece_ : batch;
  for (std::int64_t first = 0; first < batch; first += step) run(first, std::min(step, batch - first));
}

void Runner::forward(std::int64_t batch, float const* rows) {
  Plan const& plan = this->plan(batch);
  std::int64_t const features = volume(network_->input_shape());
  for_pieces(batch, [&](std::int64_t first, std::int64_t count) {
    backend_->load(*queue_, rows + first * features, network_->input_shape(), count, value(0, first));
    for (Plan::Step& step : plan.steps) {
      for (std::size_t i = 0; i < step.inputs.size(); ++i) step.x[i] = value(step.inputs[i], first);
      step.op->forward(*queue_, step.x, value(step.node, first));
    }
  });
}

float const* Runner::rows_of_node(std::int64_t batch, int node) {
  EXPECT(is_needed(node) && delivery_.size() > 0);
  EXPECT(fused_into_[static_cast<std::size_t>(root(node))] < 0);
  backend_->store(*queue_, value(node), node_shape(node), batch, delivery_.data());
  return delivery_.data();
}

float const* Runner::rows_of_units(std::int64_t batch, int node, backend::UnitReduction reduction) {
  EXPECT(is_needed(node) && delivery_.size() > 0);
  EXPECT(fused_into_[static_cast<std::size_t>(root(node))] < 0);
  backend_->unit_values(*queue_, value(node), node_shape(node), batch, reduction, delivery_.data());
  return delivery_.data();
}

template <class Fill>
void Runner::deliver(std::size_t count, float* rows, Fill fill) {
  if (delivery_.size() == 0) return fill(rows);
  EXPECT(count <= delivery_.size());
  fill(delivery_.data());
  queue_->copy_out(rows, delivery_.data(), count * sizeof(float));
  queue_->wait();
}

void Runner::store_outputs(std::int64_t batch, float* rows) {
  int const output = network_->file().output;
  backend_->store(*queue_, value(output), node_shape(output), batch, rows);
}

void Runner::outputs(std::int64_t batch, float* rows) { node_values(batch, network_->file().output, rows); }

void Runner::node_values(std::int64_t batch, int node, float* rows) {
  EXPECT(is_needed(node));
  EXPECT(fused_into_[static_cast<std::size_t>(root(node))] < 0);
  Shape const& shape = node_shape(node);
  deliver(static_cast<std::size_t>(batch * volume(shape)), rows,
          [&](float* to) { backend_->store(*queue_, value(node), shape, batch, to); });
}

void Runner::unit_values(std::int64_t batch, std::size_t layer, backend::UnitReduction reduction, float* values) {
  node_unit_values(batch, network_->layers()[layer].node, reduction, values);
}

void Runner::node_unit_values(std::int64_t batch, int node, backend::UnitReduction reduction, float* values) {
  EXPECT(is_needed(node));
  EXPECT(fused_into_[static_cast<std::size_t>(root(node))] < 0);
  Shape const& shape = node_shape(node);
  deliver(static_cast<std::size_t>(batch * unit_count(shape)), values,
          [&](float* to) { backend_->unit_values(*queue_, value(node), shape, batch, reduction, to); });
}

/// Adds what starts at `node` itself to its gradient. Returns whether the gradient holds anything.
bool Runner::inject(std::int64_t batch, int node, int objective_node, backend::UnitPick const* objective,
                    backend::UnitPick const* picks, bool touched) {
  auto const& nodes = network_->file().nodes;
  float* gradient = gradient_buffers_[static_cast<std::size_t>(gradient_slot_[static_cast<std::size_t>(node)])].data();
  std::size_t const size = backend_->tensor_size(nodes[static_cast<std::size_t>(node)].shape, batch);
  auto const add = [&](backend::UnitPick const* from, std::int32_t layer, Shape const& shape) {
    if (!touched) backend_->zero(*queue_, gradient, size);
    touched = true;
    backend_->add_unit_gradient(*queue_, from, layer, shape, batch, gradient);
  };
  // The objective's units are the outputs one by one, whatever their shape.
  if (root(objective_node) == node) add(objective, 0, objective_shape_);
  if (picks) {
    for (std::size_t k = 0; k < network_->layers().size(); ++k) {
      Layer const& layer = network_->layers()[k];
      if (root(layer.node) == node) add(picks, static_cast<std::int32_t>(k), layer.shape);
    }
  }
  return touched;
}

void Runner::backward(std::int64_t batch, int objective_node, backend::UnitPick const* objective,
                      backend::UnitPick const* picks, float* gradient) {
  EXPECT(gradient_);
  Plan const& plan = this->plan(batch);
  std::int64_t const features = volume(node_shape(gradient_node_));
  for_pieces(batch, [&](std::int64_t first, std::int64_t count) {
    backward_piece(plan, first, count, objective_node, objective + first, picks ? picks + first : nullptr,
                   gradient + first * features);
  });
}

void Runner::backward_piece(Plan const& plan, std::int64_t first, std::int64_t count, int objective_node,
                            backend::UnitPick const* objective, backend::UnitPick const* picks, float* gradient) {
  auto const buffer = [&](int node) {
    return gradient_buffers_[static_cast<std::size_t>(gradient_slot_[static_cast<std::size_t>(node)])].data();
  };
  std::ranges::fill(plan.touched, char{0});
  int const end = root(gradient_node_);
  for (auto step = plan.steps.rbegin(); step != plan.steps.rend(); ++step) {
    if (step->node < end) break;  // what is read by `end` or by nothing that matters
    auto const node = static_cast<std::size_t>(step->node);
    plan.touched[node] = inject(count, step->node, objective_node, objective, picks, plan.touched[node] != 0);
    if (!plan.touched[node] || step->node == end) continue;
    for (std::size_t i = 0; i < step->inputs.size(); ++i) {
      auto const input = static_cast<std::size_t>(step->inputs[i]);
      step->modes[i] = plan.touched[input] ? GradientMode::accumulate : GradientMode::overwrite;
      plan.touched[input] = 1;
      step->x[i] = value(step->inputs[i], first);
      step->dx[i] = buffer(step->inputs[i]);
    }
    step->op->backward(*queue_, step->x, value(step->node, first), buffer(step->node), step->dx, step->modes);
  }
  Shape const& shape = node_shape(gradient_node_);
  bool const touched = plan.touched[static_cast<std::size_t>(end)] != 0;
  if (!touched) backend_->zero(*queue_, buffer(end), backend_->tensor_size(shape, count));
  backend_->store(*queue_, buffer(end), shape, count, gradient);
}

std::size_t Runner::bytes() const {
  auto const sum = [](auto const& buffers) {
    return std::accumulate(buffers.begin(), buffers.end(), std::size_t{0},
                           [](std::size_t total, auto const& b) { return total + b.size() * sizeof(float); });
  };
  return sum(values_) + sum(gradient_buffers_);
}

}  // namespace sonde::nn
