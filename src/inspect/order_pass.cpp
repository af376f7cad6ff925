#include "inspect/order_pass.hpp"

#include <algorithm>

namespace sonde::inspect {

OrderPass::OrderPass(PassContext& context, MeasureSet const& measures, std::vector<std::int64_t> columns,
                     Pilot const& pilot, Rows const& first)
    : context_(context), columns_(std::move(columns)), pilot_(pilot) {
  for (int worker = 0; worker < context.config.threads; ++worker) {
    workers_.push_back(measures.make_order(first, context.config.memory / 4));
  }
}

OrderPass::OrderPass(PassContext& context, MeasureSet const& measures, std::vector<std::int64_t> columns,
                     Pilot const& pilot, StateReader const& state)
    : context_(context), columns_(std::move(columns)), pilot_(pilot) {
  for (int worker = 0; worker < context.config.threads; ++worker) {
    workers_.push_back(measures.make_order(state, context.config.memory / 4));
  }
  workers_.front()->load(state, context.comm);
  if (state.number<std::int64_t>("stage", stage_order, stage_count) == stage_order) {
    reading_.load(state, context.order.blocks());
  } else {
    reading_.position = context.order.blocks();
  }
}

bool OrderPass::run() {
  std::int64_t const blocks = context_.order.blocks();
  while (!reading_.left.empty() || reading_.position < blocks) {
    if (reading_.left.empty()) reading_.go_to(std::min(reading_.position + context_.rounds.size(), blocks));
    auto const before = static_cast<std::int64_t>(reading_.left.size());
    reading_.left = context_.rounds.run(reading_.left, [&](int worker, std::int64_t block) {
      auto const rows = context_.reader.read(worker, block, columns_);
      if (rows) workers_[static_cast<std::size_t>(worker)]->update(*rows);
      return rows.has_value();
    });
    context_.tell(before - static_cast<std::int64_t>(reading_.left.size()));
    bool const more = context_.go_on([&](StateWriter& state) {
      state.number<std::int64_t>("stage", stage_order);
      save_pilot(state, pilot_);
      reading_.save(state);
      for (std::size_t worker = 1; worker < workers_.size(); ++worker) {
        workers_.front()->add(*workers_[worker]);
        workers_[worker]->clear();
      }
      workers_.front()->save(state);
    });
    if (!more) return false;
  }
  return true;
}

std::shared_ptr<Order> OrderPass::order() {
  for (std::size_t worker = 1; worker < workers_.size(); ++worker) workers_.front()->add(*workers_[worker]);
  workers_.front()->merge(context_.comm);
  workers_.front()->finish();
  return std::move(workers_.front());
}

}  // namespace sonde::inspect
