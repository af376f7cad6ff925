#include <algorithm>

#include "base/registry.hpp"
#include "inspect/measures/requirements.hpp"

namespace sonde::inspect {
namespace {

struct Entry {
  MakeMeasure* make;
  char const* usage;
};

Registry<Entry> const& measures() {
  static Registry<Entry> const registry(
      "measure",
      {{"pearson", {make_pearson, "pearson: correlation"}},
       {"spearman", {make_spearman, "spearman: correlation of ranks (two passes)"}},
       {"mean-difference",
        {make_mean_difference, "mean-difference: between rows where a binary hypothesis is 1 and 0; Welch t, Cohen d"}},
       {"mutual-information",
        {make_mutual_information,
         "mutual-information[:bins=16]: in nats, of the unit in bins of equal frequency (two passes)"}},
       {"jaccard",
        {make_jaccard,
         "jaccard[:top=0.005]: overlap of a unit's largest values with a binary hypothesis; F1, MCC "
         "(two passes)"}},
       {"auc", {make_auc, "auc: area under the ROC curve of a binary hypothesis (two passes)"}}});
  return registry;
}

}  // namespace

MeasureSet::MeasureSet(std::vector<std::string> const& texts, MeasureContext const& context)
    : context_(context), required_(std::make_unique<Requirements>()) {
  for (std::string const& text : texts) {
    measures_.push_back(measures().at(text.substr(0, text.find(':'))).make(text, context, *required_));
    std::string const& name = measures_.back()->name();
    VALIDATE(std::ranges::none_of(measures_.begin(), measures_.end() - 1,
                                  [&](auto const& other) { return other->name() == name; }),
             "measure '" << name << "' is given twice (a result has one place for it). Give it once.");
  }
}

MeasureSet::~MeasureSet() = default;

bool MeasureSet::needs_order() const { return required_->order; }

OrderOptions MeasureSet::order_options(std::size_t memory) const {
  return {context_.units, context_.hypotheses, context_.total_rows, memory, required_->top};
}

std::unique_ptr<Order> MeasureSet::make_order(Rows const& pilot, std::size_t memory) const {
  return std::make_unique<Order>(order_options(memory), pilot);
}

std::unique_ptr<Order> MeasureSet::make_order(StateReader const& state, std::size_t memory) const {
  return std::make_unique<Order>(order_options(memory), state);
}

Statistics MeasureSet::make_statistics(Pilot const& pilot, std::shared_ptr<Order const> const& order) const {
  EXPECT(order || !required_->order);
  std::vector<std::unique_ptr<Statistic>> all;
  for (Requirements::Entry const& entry : required_->statistics) all.push_back(entry.make(pilot, order));
  return Statistics(std::move(all));
}

std::vector<std::string> measure_usage() {
  std::vector<std::string> lines;
  for (std::string const& name : measures().names()) lines.emplace_back(measures().at(name).usage);
  return lines;
}

}  // namespace sonde::inspect
