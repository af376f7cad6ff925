// Options several subcommands share, and the objects made from them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/command_line.hpp"
#include "backend/backend.hpp"
#include "comm/communicator.hpp"
#include "io/datasets/dataset.hpp"
#include "io/datasets/text.hpp"
#include "io/preprocess.hpp"
#include "nn/network.hpp"

namespace sonde::app {

/// --model, --lambda; a positional model when `positional`.
void add_model_options(CommandLine& line);
/// --NAME (the data), --preprocess, --input-range, --columns, --label-column.
void add_data_options(CommandLine& line, std::string const& name);
/// --vocab, --record, --length, --pad, --start, --unknown: data that are text.
void add_text_options(CommandLine& line);
/// --backend, --precision, --threads, --log-level.
void add_execution_options(CommandLine& line);
/// What --backend and --precision ask for. Throws InputError for names there are not.
backend::BackendMaker backend_maker(CommandLine const& line);
/// Throws InputError on all ranks unless the models' backends, and the GPU where they use one, are the same everywhere:
/// "auto" may have found a GPU on some ranks only. Collective.
void check_same_backends(std::vector<std::string> const& own, comm::Communicator const& comm);
/// --out, --overwrite.
void add_output_options(CommandLine& line, bool required);

/// Reads every --model; `sequence_length` is that of the data, where a model leaves it open. Throws InputError.
std::vector<std::shared_ptr<nn::Network const>> read_networks(CommandLine const& line, bool regression,
                                                              std::int64_t sequence_length = 0);
io::ModelOptions model_options(CommandLine const& line);

struct Data {
  std::shared_ptr<io::Dataset const> records;
  std::shared_ptr<io::TextDataset const> text;  // the same records when they are text, otherwise null
  io::Preprocess preprocess;
  /// Symbols of a record of text, otherwise 0.
  std::int64_t sequence_length() const { return text ? text->symbols() : 0; }
};
/// Opens the data named by option `name`, as text when --vocab is given; collective over `comm`. Throws InputError.
Data open_data(CommandLine const& line, std::string const& name, comm::Communicator const& comm);

/// The text options of a line made with add_text_options(); nothing when --vocab is not given. Throws InputError for
/// options that mean something else than text, or nothing without --vocab.
std::optional<io::TextOptions> text_options(CommandLine const& line);

/// Throws InputError when the text has ids that a model has no embedding for.
void check_vocabulary(std::vector<std::shared_ptr<nn::Network const>> const& networks, Data const& data);

/// Warns when 8-bit images are given to models as 0..255 and no model domain was declared.
void warn_about_scale(CommandLine const& line, io::Dataset const& data);

/// Checks that OUT can be written: it does not stand already (unless --overwrite), its folder exists and takes files.
void check_output(CommandLine const& line);

/// Checks that the folder `file` is to lie in exists and takes files; `option` names it in messages.
void check_folder(std::string const& option, std::string const& file);

}  // namespace sonde::app
