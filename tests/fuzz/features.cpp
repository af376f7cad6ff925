// The file of --constraint features:FILE.
#include "fuzz/fuzz.hpp"
#include "generate/constraints/constraint.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("features.csv", fuzz::text(data, size));
  generate::ConstraintContext context;
  context.sample = {5};
  context.one = 1;
  fuzz::reads([&] { generate::make_features("features:" + path, context); });
  context.feature_names = {"size", "author_len", "count_js", "count_font", "9"};
  fuzz::reads([&] { generate::make_features("features:" + path, context); });
  return 0;
}
