// Options several subcommands share, and the objects made from them.
#pragma once

#include <memory>

#include "app/command_line.hpp"
#include "comm/communicator.hpp"
#include "io/datasets/dataset.hpp"
#include "io/preprocess.hpp"
#include "nn/network.hpp"

namespace sonde::app {

/// --model, --lambda; a positional model when `positional`.
void add_model_options(CommandLine& line);
/// --NAME (the data), --preprocess, --input-range, --columns, --label-column.
void add_data_options(CommandLine& line, std::string const& name);
/// --backend, --threads, --log-level.
void add_execution_options(CommandLine& line);
/// --out, --overwrite.
void add_output_options(CommandLine& line, bool required);

/// Reads every --model. Throws InputError.
std::vector<std::shared_ptr<nn::Network const>> read_networks(CommandLine const& line, bool regression);
io::ModelOptions model_options(CommandLine const& line);

struct Data {
  std::shared_ptr<io::Dataset const> records;
  io::Preprocess preprocess;
};
/// Opens the data named by option `name`; collective over `comm`. Throws InputError.
Data open_data(CommandLine const& line, std::string const& name, comm::Communicator const& comm);

/// Warns when 8-bit images are given to models as 0..255 and no model domain was declared.
void warn_about_scale(CommandLine const& line, io::Dataset const& data);

/// Checks that OUT can be written: it does not stand already (unless --overwrite), its folder exists and takes files.
void check_output(CommandLine const& line);

/// Checks that the folder `file` is to lie in exists and takes files; `option` names it in messages.
void check_folder(std::string const& option, std::string const& file);

}  // namespace sonde::app
