#include "inspect/scan_order.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "base/parameters.hpp"
#include "base/rng.hpp"

namespace sonde::inspect {
namespace {

bool is_held_out(Holdout const& holdout, std::uint64_t rng_seed, std::int64_t record) {
  if (holdout.kind == Holdout::Kind::modulo) return record % holdout.modulo == 0;
  auto const words = draw(rng_seed, Purpose::holdout, {0, static_cast<std::uint64_t>(record), 0, 0});
  return static_cast<double>(words[0]) < holdout.share * 4294967296.0;
}

}  // namespace

Holdout parse_holdout(std::string const& text) {
  auto const colon = text.find(':');
  std::string const kind = text.substr(0, colon);
  std::string const value = colon == std::string::npos ? "" : text.substr(colon + 1);
  Holdout holdout;
  if (kind == "hash") {
    if (!value.empty()) holdout.share = parse_number(value, "--holdout hash");
    VALIDATE(holdout.share > 0 && holdout.share < 1,
             "--holdout " << text
                          << ": the share is not between 0 and 1 (some records train, some test). Give e.g. "
                             "hash:0.2.");
    return holdout;
  }
  VALIDATE(kind == "modulo", "--holdout '" << text << "' is unknown (no such rule). Give hash:SHARE or modulo:N.");
  holdout.kind = Holdout::Kind::modulo;
  if (!value.empty()) holdout.modulo = parse_integer(value, "--holdout modulo");
  VALIDATE(holdout.modulo >= 2, "--holdout " << text
                                             << ": N is below 2 (nothing would be left to train on). Give e.g. "
                                                "modulo:5.");
  return holdout;
}

ScanOrder::ScanOrder(std::int64_t records, ScanOrderOptions const& options) : block_(options.block) {
  EXPECT(records > 0 && options.block > 0);
  order_.resize(static_cast<std::size_t>(records));
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  if (options.shuffle) shuffle(options.rng_seed, 0, order_);
  training_ = records;
  if (options.hold_out) {
    auto const test = std::ranges::stable_partition(
        order_, [&](std::int64_t record) { return !is_held_out(options.holdout, options.rng_seed, record); });
    training_ = records - static_cast<std::int64_t>(test.size());
    VALIDATE(training_ > 0 && training_ < records,
             "--holdout: of " << records << " record(s) " << training_
                              << " are left to train on (joint probes need records to train on and to test on). Give "
                                 "more records, or another --holdout.");
  }
  training_blocks_ = (training_ + block_ - 1) / block_;
  held_out_blocks_ = (records - training_ + block_ - 1) / block_;
}

std::span<std::int64_t const> ScanOrder::block(std::int64_t number) const {
  bool const test = number >= training_blocks_;
  std::int64_t const end = test ? records() : training_;
  std::int64_t const first = test ? training_ + (number - training_blocks_) * block_ : number * block_;
  return std::span(order_).subspan(static_cast<std::size_t>(first),
                                   static_cast<std::size_t>(std::min(block_, end - first)));
}

}  // namespace sonde::inspect
