// The file of --config, the configuration stored in a result, and the identity stored in a checkpoint.
#include "app/command_line.hpp"
#include "app/run_identity.hpp"
#include "fuzz/fuzz.hpp"

using namespace sonde;

namespace {

/// Options of every type.
app::CommandLine make_line() {
  app::CommandLine line("sonde fuzz", "");
  line.group("All")->add_options()("text", app::po::value<std::string>()->default_value("none"), "")(
      "number", app::po::value<double>()->default_value(1), "")("count",
                                                                app::po::value<std::int64_t>()->default_value(2), "")(
      "model", app::po::value<std::vector<std::string>>(), "")("flag", app::po::bool_switch(), "");
  return line;
}

void use(app::CommandLine const& line) {
  line.number_in("number", 0, 10);
  line.integer_in("count", 0, 10);
  line.texts("model");
  line.flag("flag");
  line.choice<int>("text", {{"none", 0}, {"some", 1}});
}

}  // namespace

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const bytes(fuzz::text(data, size));
  std::string const path = fuzz::put("run.ini", bytes);
  fuzz::reads([&] {
    app::CommandLine line = make_line();
    line.parse({"--config", path}, false);
    use(line);
  });
  fuzz::reads([&] {
    app::CommandLine line = make_line();
    line.parse_config_text(bytes, "/config of F.h5");
    std::string const written = line.effective_config();
    use(line);
    app::CommandLine again = make_line();  // what is written must be readable
    again.parse_config_text(written, "written");
    if (again.effective_config() != written) throw std::logic_error("it is read back as\n" + again.effective_config());
    app::RunIdentity identity;
    identity.add_options(written);
    identity.check_same(identity.text(), "own");
    identity.check_same(bytes, "F.h5.part");
  });
  return 0;
}
