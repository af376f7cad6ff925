// python:FILE.py where sonde is built without Python (SONDE_PYTHON_HYPOTHESES=OFF).
#include "base/check.hpp"
#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::inspect {

std::unique_ptr<Hypothesis> make_python(std::string const& name, std::string const&, DataFacts const&) {
  SONDE_FAIL_AS(InputError, "hypothesis " << name
                                          << ": this sonde cannot run Python (it was built without). Build it with "
                                             "-DSONDE_PYTHON_HYPOTHESES=ON, or give another kind.");
}

}  // namespace sonde::inspect
