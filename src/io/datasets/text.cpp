// Opens a text: read twice, once to measure it and once per node to keep it; symbols are cut again where records are
// read, so that nothing but the text and the places of its records is held.
#include "io/datasets/text.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "base/check.hpp"
#include "base/log.hpp"
#include "comm/agree.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/datasets/once.hpp"
#include "io/datasets/text_records.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

/// The text of records after each other, behind the (records + 1) places in it where they begin.
class TextFile : public TextDataset {
 public:
  TextFile(DatasetInfo info, Vocabulary vocabulary, RecordPlan const& plan, std::shared_ptr<ByteSource const> bytes)
      : TextDataset(std::move(info)), vocabulary_(std::move(vocabulary)), plan_(plan), bytes_(std::move(bytes)) {
    ids_ = std::max({vocabulary_.largest_id(), static_cast<std::int64_t>(plan.pad), plan.start}) + 1;
  }

  std::int64_t ids() const override { return ids_; }

  RecordText record(std::int64_t index) const override {
    RecordText record;
    record.text = text_of(index);
    record.first.assign(static_cast<std::size_t>(symbols()) + 1, 0);
    std::vector<TextSymbol> const cut = symbols_of(record.text);
    std::int64_t const before = first_symbol(cut.size());
    std::uint32_t place = 0;
    for (std::size_t i = 0; i < record.first.size(); ++i) {
      record.first[i] = place;
      std::size_t const symbol = i - static_cast<std::size_t>(before);  // huge before the first
      if (symbol < cut.size()) place += static_cast<std::uint32_t>(cut[symbol].bytes);
    }
    return record;
  }

  void weights(std::int64_t index, std::uint8_t* weights) const override {
    std::size_t const count = symbols_of(text_of(index)).size();
    std::fill(weights, weights + symbols(), std::uint8_t{0});
    std::fill_n(weights + first_symbol(count), count, std::uint8_t{1});
  }

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    for (std::int64_t const index : indices) {
      std::vector<TextSymbol> const cut = symbols_of(text_of(index));
      std::fill(rows, rows + symbols(), static_cast<float>(plan_.pad));
      float* id = rows + first_symbol(cut.size());
      if (plan_.start >= 0) id[-1] = static_cast<float>(plan_.start);
      for (TextSymbol const& symbol : cut) *id++ = static_cast<float>(symbol.id);
      rows += symbols();
    }
  }

  /// Where the text begins in a record of `count` symbols of text.
  std::int64_t first_symbol(std::size_t count) const {
    return plan_.pad_left ? symbols() - static_cast<std::int64_t>(count) : plan_.starts();
  }

  std::string text_of(std::int64_t index) const {
    constexpr auto width = static_cast<std::int64_t>(sizeof(std::int64_t));
    std::int64_t places[2] = {};
    bytes_->read(index * width, std::as_writable_bytes(std::span(places)));
    std::string text(static_cast<std::size_t>(places[1] - places[0]), '\0');
    bytes_->read((size() + 1) * width + places[0], std::as_writable_bytes(std::span(text)));
    return text;
  }

  /// The same symbols as when the file was measured: the longest that fitted there fits here.
  std::vector<TextSymbol> symbols_of(std::string_view text) const {
    std::vector<TextSymbol> symbols;
    while (!text.empty()) {
      symbols.push_back(vocabulary_.match(text));
      text.remove_prefix(symbols.back().bytes);
    }
    return symbols;
  }

  Vocabulary vocabulary_;
  RecordPlan plan_;
  std::shared_ptr<ByteSource const> bytes_;
  std::int64_t ids_ = 0;
};

/// Symbols of every record, from what was seen. Throws InputError when records are unequal and nothing pads them.
std::int64_t record_length(std::string const& path, RecordPlan const& plan, TextCounts const& counts) {
  std::int64_t const needed = plan.lines ? counts.longest + plan.starts() : plan.window + plan.starts();
  std::int64_t const length = plan.length > 0 ? plan.length : needed;
  VALIDATE(plan.padded || counts.shortest + plan.starts() == length,
           "file " << path << ": line " << counts.shortest_line << " has " << counts.shortest + plan.starts() << " of "
                   << length << " symbols (records are equally long). Give --pad left,ID or right,ID.");
  return length;
}

void report(std::string const& path, RecordPlan const& plan, TextCounts const& counts) {
  if (counts.cut > 0) {
    SONDE_LOG(warning, "file " << path << ": " << counts.cut << " of " << counts.records << " lines are longer than "
                               << plan.length << " symbols and were cut. A larger --length keeps them whole.");
  }
  if (counts.unknown > 0) {
    SONDE_LOG(warning, "file " << path << ": " << counts.unknown
                               << " characters are not in the vocabulary and were given the id of unknown ones.");
  }
  if (counts.empty > 0) SONDE_LOG(info, "file " << path << ": " << counts.empty << " empty lines were skipped.");
  if (counts.left_out > 0) {
    SONDE_LOG(info, "file " << path << ": the last " << counts.left_out
                            << " symbols fill no window and were left out. --pad keeps them.");
  }
}

/// What decides the records, as one text.
std::string definition(std::string const& file_sha256, Vocabulary const& vocabulary, TextOptions const& options) {
  auto const number = [](std::optional<std::int64_t> const& value) { return value ? std::to_string(*value) : "none"; };
  return file_sha256 + '\n' + vocabulary.sha256() + '\n' + options.record + '\n' + std::to_string(options.length) +
         '\n' + options.pad + '\n' + number(options.start) + '\n' + number(options.unknown) + '\n' + options.column;
}

/// Reads the whole text: its counts and checksum.
nlohmann::json measure(std::string const& path, TextOptions const& options, RecordPlan const& plan,
                       Vocabulary const& vocabulary) {
  VALIDATE(!read_head(path, 1).empty(), "file " << path << ": it is empty (there is no byte in it). Check the file.");
  TextCounts const counts = read_records(path, options.column, plan, vocabulary, [](std::string_view) {});
  VALIDATE(counts.records > 0, "file " << path
                                       << ": it holds no record (only empty lines, or fewer symbols than a "
                                          "window). Check the file, or give --pad.");
  std::int64_t const length = record_length(path, plan, counts);
  std::int64_t const bytes = counts.bytes + (counts.records + 1) * static_cast<std::int64_t>(sizeof(std::int64_t));
  VALIDATE(bytes <= memory_limit(), "file " << path << ": its records take " << bytes
                                            << " bytes (half of the memory is " << memory_limit()
                                            << "). Give a part of the file.");
  report(path, plan, counts);
  std::string const text = definition(sha256_of_file(path), vocabulary, options);
  return {{"records", counts.records},
          {"bytes", bytes},
          {"symbols", length},
          {"sha256", sha256_of(std::as_bytes(std::span(text)))}};
}

/// Fills `target` with the places of the records and their texts. Throws InputError when the file has changed.
void keep(std::string const& path, TextOptions const& options, RecordPlan const& plan, Vocabulary const& vocabulary,
          std::int64_t records, std::int64_t symbols, std::span<std::byte> target) {
  constexpr std::size_t width = sizeof(std::int64_t);
  std::size_t const texts = static_cast<std::size_t>(records + 1) * width;
  auto const check = [&](bool same) {
    VALIDATE(same, "file " << path << ": it changed while being read (it held " << records
                           << " records before). Leave data files alone during a run.");
  };
  std::int64_t record = 0, place = 0;
  std::memcpy(target.data(), &place, width);
  TextCounts const counts = read_records(path, options.column, plan, vocabulary, [&](std::string_view text) {
    check(record < records && text.size() <= target.size() - texts - static_cast<std::size_t>(place));
    std::memcpy(target.data() + texts + place, text.data(), text.size());
    place += static_cast<std::int64_t>(text.size());
    std::memcpy(target.data() + static_cast<std::size_t>(++record) * width, &place, width);
  });
  check(record == records && texts + static_cast<std::size_t>(place) == target.size() &&
        counts.longest + plan.starts() <= symbols);
}

}  // namespace

std::unique_ptr<TextDataset> open_text(std::string const& path, TextOptions const& options,
                                       comm::Communicator const& comm) {
  RecordPlan plan;
  std::optional<Vocabulary> vocabulary;
  comm::agree(comm, [&] {
    plan = plan_records(options);
    vocabulary.emplace(options.vocabulary, options.unknown);
  });
  auto const measured =
      nlohmann::json::parse(once(comm, [&] { return measure(path, options, plan, *vocabulary).dump(); }));
  std::int64_t const records = measured.at("records"), symbols = measured.at("symbols");
  auto const bytes = once_per_node(comm, measured.at("bytes"), [&](std::span<std::byte> target) {
    keep(path, options, plan, *vocabulary, records, symbols, target);
  });
  DatasetInfo info;
  info.path = path;
  info.sha256 = measured.at("sha256");
  info.size = records;
  info.sample_shape = {symbols};
  info.domain = domain_of(ElementType::int32, {});
  return std::make_unique<TextFile>(std::move(info), std::move(*vocabulary), plan, bytes);
}

}  // namespace sonde::io
