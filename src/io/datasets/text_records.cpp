#include "io/datasets/text_records.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/check.hpp"
#include "base/parameters.hpp"
#include "io/annotations/conllu.hpp"
#include "io/datasets/csv.hpp"
#include "io/datasets/file_bytes.hpp"

namespace sonde::io {
namespace {

constexpr std::int64_t most_symbols = 1 << 20;  // of a record
constexpr std::size_t longest_line = 1 << 26;   // bytes
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::int64_t integer_of(std::string const& option, std::string const& text, std::int64_t least, std::int64_t most) {
  std::int64_t const value = parse_integer(text, option);
  VALIDATE(value >= least && value <= most,
           option << ": " << value << " is out of range (" << least << " to " << most << "). Give another.");
  return value;
}

/// Bytes of a file, front to back, with a look at those that follow.
class TextStream {
 public:
  TextStream(std::string const& path, bool drop_carriage_return)
      : stream_(path), drop_(drop_carriage_return), buffer_(1 << 18) {
    if (rest().starts_with(byte_order_mark)) skip(byte_order_mark.size());
  }

  /// What follows: at least 512 bytes unless the file ends before.
  std::string_view rest() {
    if (filled_ - used_ < 512 && !ended_) fill();
    return {buffer_.data() + used_, filled_ - used_};
  }
  void skip(std::size_t count) { used_ += count; }

 private:
  void fill() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(used_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), buffer_.begin());
    filled_ -= used_;
    used_ = 0;
    std::size_t const read = stream_.read(std::as_writable_bytes(std::span(buffer_)).subspan(filled_));
    ended_ = read < buffer_.size() - filled_;
    std::size_t const end = filled_ + read;
    for (std::size_t i = filled_; i < end; ++i) {
      if (drop_ && buffer_[i] == '\n' && filled_ > 0 && buffer_[filled_ - 1] == '\r') --filled_;
      buffer_[filled_++] = buffer_[i];
    }
  }

  FileStream stream_;
  bool drop_;
  bool ended_ = false;
  std::vector<char> buffer_;
  std::size_t used_ = 0, filled_ = 0;
};

/// Cuts one file; read_records() in steps.
class Cutter {
 public:
  Cutter(std::string const& path, RecordPlan const& plan, Vocabulary const& vocabulary,
         std::function<void(std::string_view)> const& sink)
      : path_(path), plan_(plan), vocabulary_(vocabulary), sink_(sink) {}

  /// One line is one record.
  void add_line(std::string_view text, std::int64_t line) {
    if (text.empty()) {
      ++counts_.empty;
      return;
    }
    std::int64_t const most =
        plan_.length > 0 ? plan_.length - plan_.starts() : std::numeric_limits<std::int64_t>::max();
    std::int64_t symbols = 0;
    std::size_t used = 0;
    line_ = line;
    column_ = 1;
    for (; used < text.size() && symbols < most; ++symbols) used += next_symbol(text.substr(used));
    if (used < text.size()) ++counts_.cut;
    VALIDATE(symbols + plan_.starts() <= most_symbols, where() << "the line has more than " << most_symbols
                                                               << " symbols (a record holds no more). Give --length.");
    add_record(text.substr(0, used), symbols);
  }

  void add_lines() {
    TextStream stream(path_, false);
    std::string line;
    for (std::int64_t number = 1; !stream.rest().empty(); ++number) {
      read_line(stream, number, line);
      add_line(line, number);
    }
  }

  void add_windows() {
    TextStream stream(path_, !vocabulary_.carriage_return());
    std::string window;
    std::int64_t symbols = 0;
    for (std::string_view rest = stream.rest(); !rest.empty(); rest = stream.rest()) {
      std::size_t const bytes = next_symbol(rest);
      window += rest.substr(0, bytes);
      stream.skip(bytes);
      if (++symbols == plan_.window) {
        add_record(window, symbols);
        window.clear();
        symbols = 0;
      }
    }
    if (symbols == 0) return;
    if (plan_.padded) {
      add_record(window, symbols);
    } else {
      counts_.left_out = symbols;
    }
  }

  TextCounts const& counts() const { return counts_; }

 private:
  /// "file x.txt: line 3, column 7: "
  std::string where() const {
    return "file " + path_ + ": line " + std::to_string(line_) + ", column " + std::to_string(column_) + ": ";
  }

  /// Bytes of the symbol that `rest` begins with; moves line and column (in characters) past it.
  std::size_t next_symbol(std::string_view rest) {
    TextSymbol const symbol = vocabulary_.match(rest);
    if (symbol.bytes == 0) refuse(rest);
    if (!symbol.known) ++counts_.unknown;
    for (char const letter : rest.substr(0, symbol.bytes)) {
      if ((static_cast<unsigned char>(letter) & 0xc0U) != 0x80) ++column_;
      if (letter == '\n') {
        ++line_;
        column_ = 1;
      }
    }
    return symbol.bytes;
  }

  [[noreturn]] void refuse(std::string_view rest) const {
    std::size_t const bytes = utf8_length(rest);
    VALIDATE(bytes > 0 && rest[0] != '\0',
             where() << "byte " << static_cast<int>(static_cast<unsigned char>(rest[0]))
                     << " is no text in UTF-8 (--vocab is for text). Convert the file, or leave --vocab out.");
    SONDE_FAIL_AS(InputError, where() << "the symbol '" << rest.substr(0, bytes) << "' is not in the vocabulary "
                                      << vocabulary_.path() << " (" << vocabulary_.size()
                                      << " symbols). Add it there, or give --unknown ID for such symbols.");
  }

  void read_line(TextStream& stream, std::int64_t number, std::string& line) const {
    line.clear();
    for (std::string_view rest = stream.rest(); !rest.empty(); rest = stream.rest()) {
      auto const end = rest.find('\n');
      line += rest.substr(0, end);
      VALIDATE(line.size() <= longest_line,
               "file " << path_ << ": line " << number
                       << " has more than 64 MiB (a record is a line). Give --record window:N.");
      stream.skip(end == std::string_view::npos ? rest.size() : end + 1);
      if (end != std::string_view::npos) break;
    }
    if (line.ends_with('\r')) line.pop_back();
  }

  void add_record(std::string_view text, std::int64_t symbols) {
    if (counts_.records == 0 || symbols < counts_.shortest) {
      counts_.shortest = symbols;
      counts_.shortest_line = line_;
    }
    counts_.longest = std::max(counts_.longest, symbols);
    counts_.bytes += static_cast<std::int64_t>(text.size());
    ++counts_.records;
    sink_(text);
  }

  std::string const& path_;
  RecordPlan const& plan_;
  Vocabulary const& vocabulary_;
  std::function<void(std::string_view)> const& sink_;
  TextCounts counts_;
  std::int64_t line_ = 1, column_ = 1;
};

/// The separator of a table's name ("x.csv.gz"); '\0' for other files.
char separator_of(std::string const& path) {
  std::string_view name = path;
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return name.ends_with(".csv") ? ',' : name.ends_with(".tsv") ? '\t' : '\0';
}

}  // namespace

RecordPlan plan_records(TextOptions const& options) {
  RecordPlan plan;
  if (options.start)
    plan.start = static_cast<std::int32_t>(integer_of("--start", std::to_string(*options.start), 0, most_ids - 1));
  if (options.unknown) integer_of("--unknown", std::to_string(*options.unknown), 0, most_ids - 1);
  plan.lines = options.record == "line";
  if (!plan.lines) {
    VALIDATE(options.record.starts_with("window:"), "--record '"
                                                        << options.record
                                                        << "' is unknown (no such way to cut a text). Give line, or "
                                                           "window:N for N symbols.");
    plan.window = integer_of("--record window", options.record.substr(7), 1, most_symbols - 1);
  }
  if (!options.pad.empty()) {
    auto const comma = options.pad.find(',');
    std::string const side = options.pad.substr(0, comma);
    VALIDATE(comma != std::string::npos && (side == "left" || side == "right"),
             "--pad '" << options.pad << "' is not of the form SIDE,ID (side left or right). Write e.g. left,0.");
    plan.padded = true;
    plan.pad_left = side == "left";
    plan.pad = static_cast<std::int32_t>(integer_of("--pad", options.pad.substr(comma + 1), 0, most_ids - 1));
  }
  plan.length = options.length;
  if (options.length != 0) {
    std::int64_t const least = (plan.lines ? 1 : plan.window) + plan.starts();
    integer_of("--length", std::to_string(options.length), least, most_symbols);
    VALIDATE(plan.lines || plan.padded || plan.length == least, "--length "
                                                                    << plan.length << ": windows are shorter (" << least
                                                                    << " symbols). Give --pad, or another length.");
  }
  return plan;
}

TextCounts read_records(std::string const& path, std::string const& column, RecordPlan const& plan,
                        Vocabulary const& vocabulary, std::function<void(std::string_view)> const& sink) {
  Cutter cutter(path, plan, vocabulary, sink);
  if (!column.empty()) {
    char const separator = separator_of(path);
    VALIDATE(separator != '\0',
             "file " << path << ": --columns names a column (only .csv and .tsv have columns). Leave it out.");
    VALIDATE(plan.lines, "file " << path
                                 << ": a row of a table is a record (windows go through plain text). Give "
                                    "--record line.");
    read_csv_texts(path, separator, column,
                   [&](std::string const& text, std::int64_t line) { cutter.add_line(text, line); });
  } else if (is_conllu_name(path)) {
    VALIDATE(plan.lines,
             "file " << path << ": its sentences are records (windows go through plain text). Give --record line.");
    ConlluReader reader(path);
    for (ConlluSentence sentence; reader.next(sentence);) cutter.add_line(sentence.text, sentence.line);
  } else if (plan.lines) {
    cutter.add_lines();
  } else {
    cutter.add_windows();
  }
  return cutter.counts();
}

}  // namespace sonde::io
