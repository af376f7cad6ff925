// The probes, each in the file of its name.
#pragma once

#include "inspect/probes/joint_probe.hpp"

namespace sonde::inspect {

using MakeProbe = std::unique_ptr<JointProbe>(std::string const& text, ProbeContext const& context);
MakeProbe make_logistic, make_ridge;

}  // namespace sonde::inspect
