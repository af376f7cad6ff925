// The pass over all records that ranks, quantiles and top sets need before the sums.
#pragma once

#include <memory>

#include "inspect/pass_context.hpp"
#include "inspect/tile_run.hpp"

namespace sonde::inspect {

class OrderPass {
 public:
  /// `columns`: places among all hypotheses; `first`: rows of the first block.
  OrderPass(PassContext& context, MeasureSet const& measures, std::vector<std::int64_t> columns, Pilot const& pilot,
            Rows const& first);
  /// Goes on from a checkpoint, of this pass or of the one after it. Not collective.
  OrderPass(PassContext& context, MeasureSet const& measures, std::vector<std::int64_t> columns, Pilot const& pilot,
            StateReader const& state);

  /// False: the run is to stop. Collective.
  bool run();
  /// Finished, of all ranks. Collective.
  std::shared_ptr<Order> order();

 private:
  PassContext& context_;
  std::vector<std::int64_t> columns_;
  Pilot const& pilot_;
  std::vector<std::unique_ptr<Order>> workers_;
  Reading reading_;
};

}  // namespace sonde::inspect
