// Sums of squares of units over the rows of a class: with the moments, variances within both classes of a binary
// hypothesis.
#pragma once

#include "inspect/statistics/statistic.hpp"

namespace sonde::inspect {

struct Pilot;

class ClassSquares final : public Statistic {
 public:
  /// `partial`: hypotheses may be unannotated (NaN) in rows.
  ClassSquares(Pilot const& pilot, bool partial);

  void update(Rows const& rows) override;
  bool takes_tables() const override { return !partial_; }
  std::vector<Sums> sums() override;
  void retain(std::span<std::int64_t const> hypotheses) override;

  /// Sum of (x - pilot mean)^2 y, y as it is given; rows that are not annotated count as 0.
  double operator()(std::int64_t u, std::int64_t h) const {
    return squares_[static_cast<std::size_t>(u * hypotheses_ + h)];
  }

 private:
  void sum_there(Rows const& rows);

  std::int64_t units_, hypotheses_;
  bool partial_;
  std::vector<double> shift_;    // (U)
  std::vector<double> squares_;  // (U, H)
  std::vector<double> xx_, y_;   // (piece, U), (piece, H)
  backend::BlockSums block_;     // of values that are elsewhere
};

}  // namespace sonde::inspect
