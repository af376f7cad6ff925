// Joint probes and the units each may use.
#pragma once

#include <memory>
#include <vector>

#include "inspect/probes/joint_probe.hpp"
#include "inspect/run.hpp"

namespace sonde::inspect {

struct GroupProbe {
  ProbeResult result;
  std::unique_ptr<JointProbe> probe;
};

/// One probe for each text and each group of `units`, which are ordered by group. `common`: what their contexts share;
/// its memory is divided among them. Throws InputError.
std::vector<GroupProbe> make_group_probes(std::vector<std::string> const& texts, std::vector<UnitName> const& units,
                                          Grouping grouping, ProbeContext const& common);

}  // namespace sonde::inspect
