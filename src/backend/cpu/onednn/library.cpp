#include "backend/cpu/onednn/library.hpp"

#include "backend/threads.hpp"

namespace sonde::backend::onednn {

dnnl::memory Library::packed(io::Weights const& weights, Desc const& given, Desc const& wanted) {
  std::lock_guard const lock(mutex_);
  for (Packed const& entry : packed_) {
    if (entry.weights == weights && entry.given == given && entry.memory.get_desc() == wanted) return entry.memory;
  }
  dnnl::memory source(given, engine_, const_cast<float*>(weights->data.data()));
  if (given == wanted) return source;  // kept alive by the op
  dnnl::memory target(wanted, engine_);
  dnnl::stream stream(engine_);
  dnnl::reorder(source, target).execute(stream, source, target);
  stream.wait();
  packed_.push_back({weights, given, target});
  return target;
}

void Library::need_scratch(std::size_t bytes) {
  std::size_t known = scratch_size_;
  while (known < bytes && !scratch_size_.compare_exchange_weak(known, bytes)) {
  }
}

std::byte* LibraryQueue::scratch() {
  if (scratch_.size() < library_->scratch_size()) scratch_ = Buffer<std::byte>(library_->scratch_size());
  return scratch_.data();
}

Call::Call(dnnl::primitive primitive, std::vector<std::pair<int, dnnl::memory>> arguments, Desc const& scratchpad,
           ScratchPlan& scratch)
    : primitive_(std::move(primitive)),
      arguments_(std::move(arguments)),
      scratch_at_(scratch.add(scratchpad.get_size())) {
  if (scratchpad.get_size() > 0) {
    arguments_.emplace_back(DNNL_ARG_SCRATCHPAD,
                            dnnl::memory(scratchpad, arguments_.front().second.get_engine(), DNNL_MEMORY_NONE));
  }
  for (auto const& [name, memory] : arguments_) handles_.push_back({name, memory.get()});
}

void Call::set(int argument, void const* data) {
  for (auto& [name, memory] : arguments_) {
    if (name == argument) memory.set_data_handle(const_cast<void*>(data));
  }
}

void Call::run(LibraryQueue& queue) {
  set(DNNL_ARG_SCRATCHPAD, queue.scratch() + scratch_at_);
  use_one_thread();  // whoever calls: results may depend on the number of threads
  dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), queue.stream().get(),
                                                 static_cast<int>(handles_.size()), handles_.data()),
                          "could not execute a primitive");
}

}  // namespace sonde::backend::onednn
