#include "harness/distant_backend.hpp"

#include <sys/mman.h>

#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "backend/reference/reference_backend.hpp"
#include "backend/rows.hpp"

namespace sonde::test {
namespace {

using backend::LoopState;
using backend::Queue;
using backend::RowKey;
using backend::UnitPick;

void require(bool holds) {
  if (!holds) throw std::logic_error("the host's memory and the device's are mixed up, or a recording waits");
}

/// Nothing is ever given back: tests are short.
class DistantMemory final : public device::Memory {
 public:
  DistantMemory()
      : first_(static_cast<std::byte*>(
            mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}

  void* allocate(std::size_t bytes) override {
    std::size_t const start = used_;
    used_ += (bytes + 63) / 64 * 64;
    if (used_ > size) throw std::bad_alloc();
    return first_ + start;
  }
  void release(void*) noexcept override {}
  void write(void* to, void const* host, std::size_t bytes) override {
    require(holds(to) && !holds(host));
    Visit const visit(*this);
    std::memcpy(to, host, bytes);
  }

  bool holds(void const* pointer) const {
    auto const* byte = static_cast<std::byte const*>(pointer);
    return byte >= first_ && byte < first_ + size;
  }

  /// While it lives the memory can be reached.
  class Visit {
   public:
    explicit Visit(DistantMemory& memory) : memory_(memory) {
      if (memory_.visits_++ == 0) mprotect(memory_.first_, size, PROT_READ | PROT_WRITE);
    }
    ~Visit() {
      if (--memory_.visits_ == 0) mprotect(memory_.first_, size, PROT_NONE);
    }
    Visit(Visit const&) = delete;
    Visit& operator=(Visit const&) = delete;

   private:
    DistantMemory& memory_;
  };

 private:
  static constexpr std::size_t size = std::size_t{1} << 28;
  std::byte* first_;
  std::size_t used_ = 0;
  int visits_ = 0;
};

DistantMemory& memory() {
  static auto* const memory = new DistantMemory;  // outlives every buffer
  return *memory;
}

/// Every array an op is handed.
template <class... Pointers>
void expect_distant(Pointers... pointers) {
  for (void const* pointer : {static_cast<void const*>(pointers)...}) require(!pointer || memory().holds(pointer));
}

using Work = std::function<void()>;

/// What is being recorded, if anything is.
std::vector<Work>* recording = nullptr;

class DistantQueue final : public Queue {
 public:
  void enqueue(Work work) {
    if (recording) return recording->push_back(std::move(work));
    work_.push_back(std::move(work));
  }
  void wait() override {
    require(!recording);
    run_to(done_ + work_.size());
  }
  void wait_for(Queue& other) override {
    if (recording) return;  // kept in the order of the calls
    auto& queue = static_cast<DistantQueue&>(other);
    enqueue([&queue, mark = queue.done_ + queue.work_.size()] { queue.run_to(mark); });
  }
  void copy_in(void* to, void const* host, std::size_t bytes) override {
    require(memory().holds(to) && !memory().holds(host) && !recording);
    enqueue([=] { std::memcpy(to, host, bytes); });
  }
  void copy_out(void* host, void const* from, std::size_t bytes) override {
    require(!memory().holds(host) && memory().holds(from) && !recording);
    enqueue([=] { std::memcpy(host, from, bytes); });
  }

 private:
  void run_to(std::size_t mark) {
    while (done_ < mark && !work_.empty()) {
      Work const work = std::move(work_.front());
      work_.pop_front();
      ++done_;
      DistantMemory::Visit const visit(memory());
      work();
    }
  }

  std::deque<Work> work_;
  std::size_t done_ = 0;
};

void enqueue(Queue& queue, Work work) { static_cast<DistantQueue&>(queue).enqueue(std::move(work)); }

class DistantStep final : public backend::Step {
 public:
  DistantStep(std::vector<Queue*> queues, Work const& calls) : Step([] {}), queues_(std::move(queues)) {
    recording = &work_;
    calls();
    recording = nullptr;
  }
  void replay() override {
    for (std::size_t k = 1; k < queues_.size(); ++k) queues_[0]->wait_for(*queues_[k]);
    enqueue(*queues_[0], [this] {
      for (Work const& work : work_) work();
    });
    for (std::size_t k = 1; k < queues_.size(); ++k) queues_[k]->wait_for(*queues_[0]);
  }

 private:
  std::vector<Queue*> queues_;
  std::vector<Work> work_;
};

Queue& none() {
  static Queue queue;
  return queue;
}

class DistantOperator final : public backend::Operator {
 public:
  explicit DistantOperator(std::unique_ptr<Operator> op) : op_(std::move(op)) {}

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    for (float const* each : x) expect_distant(each);
    expect_distant(y);
    enqueue(queue, [this, x = std::vector(x.begin(), x.end()), y] { op_->forward(none(), x, y); });
  }
  void backward(Queue& queue, std::span<float const* const> x, float const* y, float const* dy,
                std::span<float* const> dx, std::span<backend::GradientMode const> modes) override {
    for (float const* each : x) expect_distant(each);
    for (float const* each : dx) expect_distant(each);
    expect_distant(y, dy);
    enqueue(queue, [this, x = std::vector(x.begin(), x.end()), y, dy, dx = std::vector(dx.begin(), dx.end()),
                    modes = std::vector(modes.begin(), modes.end())] { op_->backward(none(), x, y, dy, dx, modes); });
  }

 private:
  std::unique_ptr<Operator> op_;
};

class DistantRowOps final : public backend::RowOps {
 public:
  using State = LoopState const*;
  void to_model(Queue& q, State s, float const* x, std::int64_t f, backend::DomainMap const& map,
                float* rows) const override {
    expect_distant(s, x, rows);
    enqueue(q, [=, this] { RowOps::to_model(none(), s, x, f, map, rows); });
  }
  void add_model_gradient(Queue& q, State s, float const* gradient, std::int64_t f, backend::DomainMap const& map,
                          bool first, float* g) const override {
    expect_distant(s, gradient, g);
    enqueue(q, [=, this] { RowOps::add_model_gradient(none(), s, gradient, f, map, first, g); });
  }
  void normalise_rms(Queue& q, State s, std::int64_t f, float* g) const override {
    expect_distant(s, g);
    enqueue(q, [=, this] { RowOps::normalise_rms(none(), s, f, g); });
  }
  void mean_fill(Queue& q, State s, std::int64_t f, float factor, float* g) const override {
    expect_distant(s, g);
    enqueue(q, [=, this] { RowOps::mean_fill(none(), s, f, factor, g); });
  }
  void mask(Queue& q, State s, std::int64_t f, float const* mask, float* g) const override {
    expect_distant(s, mask, g);
    enqueue(q, [=, this] { RowOps::mask(none(), s, f, mask, g); });
  }
  void dark_patches(Queue& q, State s, Shape const& image, std::int64_t size, std::int64_t count,
                    std::int32_t const* positions, float* g) const override {
    expect_distant(s, positions, g);
    enqueue(q, [=, this] { RowOps::dark_patches(none(), s, image, size, count, positions, g); });
  }
  void feature_rules(Queue& q, State s, std::int64_t f, backend::FeatureRule const* rules, float zero, float one,
                     float const* x, float* g) const override {
    expect_distant(s, rules, x, g);
    enqueue(q, [=, this] { RowOps::feature_rules(none(), s, f, rules, zero, one, x, g); });
  }
  void ascend(Queue& q, State s, std::int64_t f, float step, backend::FeatureRule const* rules, float const* g,
              float* x) const override {
    expect_distant(s, rules, g, x);
    enqueue(q, [=, this] { RowOps::ascend(none(), s, f, step, rules, g, x); });
  }
  void clip(Queue& q, State s, std::int64_t f, float const* low, float const* high, float* x) const override {
    expect_distant(s, low, high, x);
    enqueue(q, [=, this] { RowOps::clip(none(), s, f, low, high, x); });
  }
  void project(Queue& q, State s, std::int64_t f, float const* seed, float max_linf, float max_l2,
               float* x) const override {
    expect_distant(s, seed, x);
    enqueue(q, [=, this] { RowOps::project(none(), s, f, seed, max_linf, max_l2, x); });
  }
  void pick_units(Queue& q, State s, std::uint64_t run_seed, RowKey const* keys, std::uint32_t model,
                  backend::UnitList const& list, float weight, UnitPick* picks) const override {
    expect_distant(s, keys, list.layers, list.units, list.count, picks);
    enqueue(q, [=, this] { RowOps::pick_units(none(), s, run_seed, keys, model, list, weight, picks); });
  }
  void draw_patches(Queue& q, State s, std::uint64_t run_seed, RowKey const* keys, Shape const& image,
                    std::int64_t size, std::int64_t count, std::int32_t* positions) const override {
    expect_distant(s, keys, positions);
    enqueue(q, [=, this] { RowOps::draw_patches(none(), s, run_seed, keys, image, size, count, positions); });
  }
  void gather(Queue& q, State s, std::int64_t f, std::int32_t const* places, float const* from,
              float* to) const override {
    expect_distant(s, places, from, to);
    enqueue(q, [=, this] { RowOps::gather(none(), s, f, places, from, to); });
  }
  void scatter(Queue& q, State s, std::int64_t f, std::int32_t const* places, float const* from,
               float* to) const override {
    expect_distant(s, places, from, to);
    enqueue(q, [=, this] { RowOps::scatter(none(), s, f, places, from, to); });
  }
};

class DistantBackend final : public backend::Backend {
 public:
  std::string name() const override { return "distant"; }
  device::Memory& memory() const override { return test::memory(); }
  std::unique_ptr<Queue> make_queue() const override { return std::make_unique<DistantQueue>(); }
  std::unique_ptr<backend::RowOps> make_row_ops() const override { return std::make_unique<DistantRowOps>(); }
  std::unique_ptr<backend::Step> record(std::vector<Queue*> const& queues, Work calls) const override {
    return std::make_unique<DistantStep>(queues, calls);
  }
  std::size_t tensor_size(Shape const& shape, std::int64_t batch) const override {
    return reference_.tensor_size(shape, batch);
  }
  void load(Queue& q, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const override {
    expect_distant(rows, tensor);
    enqueue(q, [=, this] { reference_.load(none(), rows, shape, batch, tensor); });
  }
  void store(Queue& q, float const* tensor, Shape const& shape, std::int64_t batch, float* rows) const override {
    expect_distant(tensor, rows);
    enqueue(q, [=, this] { reference_.store(none(), tensor, shape, batch, rows); });
  }
  void zero(Queue& q, float* tensor, std::size_t size) const override {
    expect_distant(tensor);
    enqueue(q, [=, this] { reference_.zero(none(), tensor, size); });
  }
  bool supports(io::Op const&, std::vector<Shape> const&) const override { return true; }
  std::unique_ptr<backend::Operator> plan(io::Op const& op, io::Activation const& fused,
                                          std::vector<Shape> const& inputs, Shape const& output,
                                          std::int64_t batch) const override {
    return std::make_unique<DistantOperator>(reference_.plan(op, fused, inputs, output, batch));
  }
  void unit_values(Queue& q, float const* tensor, Shape const& shape, std::int64_t batch,
                   backend::UnitReduction reduction, float* values) const override {
    expect_distant(tensor, values);
    enqueue(q, [=, this] { reference_.unit_values(none(), tensor, shape, batch, reduction, values); });
  }
  void add_unit_gradient(Queue& q, UnitPick const* picks, std::int32_t layer, Shape const& shape, std::int64_t batch,
                         float* gradient) const override {
    expect_distant(picks, gradient);
    enqueue(q, [=, this] { reference_.add_unit_gradient(none(), picks, layer, shape, batch, gradient); });
  }

 private:
  backend::ReferenceBackend reference_;
};

}  // namespace

std::shared_ptr<backend::Backend const> make_distant_backend() { return std::make_shared<DistantBackend>(); }

}  // namespace sonde::test
