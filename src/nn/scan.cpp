#include "nn/scan.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "backend/mirrored.hpp"
#include "base/check.hpp"
#include "nn/worker_pool.hpp"

namespace sonde::nn {
namespace {

void check_fit(Network const& network, io::Dataset const& records) {
  Shape const& sample = records.sample_shape();
  Shape const& input = network.input_shape();
  VALIDATE(network.takes(sample), "data "
                                      << records.path() << ": a sample is " << sonde::to_string(sample) << " but model "
                                      << network.file().path << " takes " << sonde::to_string(input)
                                      << " (height x width x channels). Give --preprocess resize=, crop= or shape=.");
}

}  // namespace

/// One thread's copies of the models and its block.
struct Scan::Worker {
  std::vector<Runner> runners;
  std::vector<std::int64_t> indices;  // of a block of run()
  backend::Mirrored<float> stored;    // (batch, F)
  Buffer<float> model_rows;           // (batch, F)
  backend::Mirrored<backend::LoopState> state;
  std::unique_ptr<backend::RowOps> ops;
};

Scan::Scan(Networks networks, std::shared_ptr<io::Dataset const> records, io::ModelDomain const& domain,
           ScanOptions options)
    : networks_(std::move(networks)), records_(std::move(records)), options_(std::move(options)) {
  EXPECT(options_.batch > 0 && options_.threads > 0);
  for (auto const& network : networks_) check_fit(*network, *records_);
  // The same two steps as in an ascent, so that a stored input means the same bits to a model here and there.
  if (records_->domain().known) {
    lo_ = records_->domain().lo;
    range_ = records_->domain().hi - lo_;
  }
  auto const map = io::channel_map(domain, lo_, lo_ + range_, unit_count(records_->sample_shape()));
  map_ = {map.source, map.scale, map.shift};
  for (auto const& network : networks_) {
    backends_.push_back(options_.make_backend(network->file()));
  }
  auto const kept_nodes = [&](std::size_t k) {
    return options_.kept_nodes.empty() ? std::vector<int>{} : options_.kept_nodes[k];
  };
  auto const values = static_cast<std::size_t>(options_.batch * volume(records_->sample_shape()));
  for (int t = 0; t < options_.threads; ++t) {
    auto worker = std::make_unique<Worker>();
    for (std::size_t k = 0; k < networks_.size(); ++k) {
      worker->runners.emplace_back(networks_[k], backends_[k],
                                   RunnerOptions{{options_.batch}, false, kept_nodes(k), options_.only_kept, 0});
    }
    device::Memory& memory = backends_.front()->memory();
    worker->stored = {values, memory};
    worker->model_rows = Buffer<float>(values, memory);
    worker->state = {1, memory};
    worker->ops = backends_.front()->make_row_ops();
    workers_.push_back(std::move(worker));
  }
}

Scan::~Scan() = default;

std::int64_t Scan::blocks() const { return (records_->size() + options_.batch - 1) / options_.batch; }

comm::Block Scan::records_of(comm::Block blocks) const {
  std::int64_t const first = std::min(blocks.first * options_.batch, records_->size());
  std::int64_t const last = std::min((blocks.first + blocks.count) * options_.batch, records_->size());
  return {first, last - first};
}

std::size_t Scan::bytes() const {
  std::size_t total = 0;
  for (auto const& worker : workers_) {
    total += (worker->stored.size() + worker->model_rows.size()) * sizeof(float);
    for (Runner const& runner : worker->runners) total += runner.bytes();
  }
  return total;
}

std::vector<Runner>& Scan::forward(int number, std::span<std::int64_t const> indices) {
  Worker& worker = *workers_[static_cast<std::size_t>(number)];
  EXPECT(static_cast<std::int64_t>(indices.size()) <= options_.batch);
  backend::Queue& queue = worker.runners.front().queue();
  for (Runner& runner : worker.runners) queue.wait_for(runner.queue());
  queue.wait();  // for what was sent last
  float* const x = worker.stored.host().data();
  records_->read(indices, x);
  std::int64_t const features = volume(records_->sample_shape());
  auto const used = indices.size() * static_cast<std::size_t>(features);
  for (std::size_t i = 0; i < used; ++i) x[i] = static_cast<float>((static_cast<double>(x[i]) - lo_) / range_);
  std::fill(x + used, x + worker.stored.size(), 0.0F);  // samples that only fill the batch
  worker.state[0].live = static_cast<std::int32_t>(options_.batch);
  worker.stored.send(queue);
  worker.state.send(queue);
  worker.ops->to_model(queue, worker.state.device(), worker.stored.device(), features, map_, worker.model_rows.data());
  for (Runner& runner : worker.runners) {
    runner.queue().wait_for(queue);
    runner.forward(options_.batch, worker.model_rows.data());
  }
  return worker.runners;
}

void Scan::run(comm::Block blocks, std::function<void(Visit const&)> const& visit,
               std::function<void(std::int64_t)> const& progress) {
  std::atomic<std::int64_t> done{0};
  for_items(options_.threads, blocks, [&](int worker, std::int64_t block) {
    auto const [first, count] = records_of({block, 1});
    std::vector<std::int64_t>& indices = workers_[static_cast<std::size_t>(worker)]->indices;
    indices.resize(static_cast<std::size_t>(count));
    std::iota(indices.begin(), indices.end(), first);
    visit({worker, first, count, forward(worker, indices)});
    done += count;
    if (worker == 0 && progress) progress(done);
  });
}

}  // namespace sonde::nn
