#include "inspect/hypotheses/mask.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <sstream>

#include "base/check.hpp"
#include "inspect/hypotheses/file_argument.hpp"
#include "inspect/hypotheses/hypothesis.hpp"
#include "inspect/hypotheses/label_images.hpp"
#include "inspect/hypotheses/span_hypothesis.hpp"
#include "io/annotations/line_reader.hpp"
#include "io/provenance.hpp"

namespace sonde::inspect {

namespace {

constexpr std::int64_t default_size = 112;  // of NetDissect
constexpr std::int64_t largest_size = 4096;
constexpr std::size_t ids = 1 << 16;

std::int64_t size_of(Parameters& parameters) { return parameters.integer("size", default_size, 1, largest_size); }

std::size_t parse_id(std::string const& text, std::string const& where) {
  std::size_t id = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  VALIDATE(error == std::errc() && end == text.data() + text.size() && id < ids,
           where << ": '" << text.substr(0, 40) << "' is no class id (a whole number from 0 to 65535).");
  return id;
}

/// What is known of the class ids before a mask is read.
struct Classes {
  std::vector<std::uint8_t> ignored = std::vector<std::uint8_t>(ids, 0);
  bool listed = false;                                             // a file names them
  std::vector<std::string> names = std::vector<std::string>(ids);  // empty: not listed
  std::vector<std::int32_t> category = std::vector<std::int32_t>(ids, 0);
  std::int32_t categories = 1;
};

void read_ignored(std::string const& list, Classes& classes) {
  for (std::size_t begin = 0; begin < list.size();) {
    std::size_t const end = std::min(list.find('+', begin), list.size());
    classes.ignored[parse_id(list.substr(begin, end - begin), "mask:ignore=" + list)] = 1;
    begin = end + 1;
  }
}

/// Lines "ID NAME [CATEGORY]", separated by tabs if the line holds one, by white space otherwise; '#' starts a comment.
void read_categories(std::string const& path, Classes& classes) {
  classes.listed = true;
  std::map<std::string, std::int32_t> known;
  io::LineReader lines(path);
  for (std::string line; lines.next(line);) {
    if (line.find_first_not_of(" \t") == std::string::npos || line[0] == '#') continue;
    std::string const where = "file " + path + ": line " + std::to_string(lines.line());
    std::vector<std::string> fields;
    std::istringstream text(line);
    bool const tabs = line.find('\t') != std::string::npos;
    for (std::string field;
         tabs ? static_cast<bool>(std::getline(text, field, '\t')) : static_cast<bool>(text >> field);) {
      fields.push_back(field);
    }
    VALIDATE(fields.size() == 2 || fields.size() == 3, where << " has " << fields.size()
                                                             << " fields (it is to be ID NAME [CATEGORY]; separate "
                                                                "by tabs when names hold blanks). Mend the line.");
    std::size_t const id = parse_id(fields[0], where);
    VALIDATE(!fields[1].empty() && classes.names[id].empty(),
             where << ": class " << id << (fields[1].empty() ? " has no name" : " stands twice") << ". Mend the line.");
    classes.names[id] = fields[1];
    std::string const category = fields.size() == 3 ? fields[2] : "";
    classes.category[id] = known.try_emplace(category, static_cast<std::int32_t>(known.size())).first->second;
  }
  classes.categories = std::max(1, static_cast<std::int32_t>(known.size()));
}

class MaskHypothesis : public Hypothesis {
 public:
  MaskHypothesis(std::string const& name, std::unique_ptr<LabelImages> images, Classes classes, std::int64_t support,
                 DataFacts const& facts)
      : images_(std::move(images)), classes_(std::move(classes)) {
    partial_ = classes_.categories > 1 || std::ranges::count(classes_.ignored, 1) > 0;
    std::vector<std::int64_t> pixels(ids, 0);
    std::vector<std::uint16_t> image;
    for (std::int64_t record = 0; record < facts.records; ++record) {
      images_->read(record, image);
      for (std::uint16_t const id : image) ++pixels[id];
      if (classes_.listed) check_listed(image, record);
    }
    for (std::size_t id = 0; id < ids; ++id) {
      if (classes_.ignored[id] != 0 || pixels[id] < support) continue;
      column_of_[id] = static_cast<std::int32_t>(names_.size());
      category_.push_back(classes_.category[id]);
      names_.push_back(name + "=" + (classes_.listed ? classes_.names[id] : std::to_string(id)));
    }
    VALIDATE(!names_.empty(),
             "no class is on " << support << " pixels of the masks. Give a smaller support=, or ignore less.");
  }

  std::vector<std::string> const& columns() const override { return names_; }
  bool partial() const override { return partial_; }
  bool costly() const override { return true; }  // PNG are decoded
  std::string fingerprint() const override { return fingerprint_; }
  void set_fingerprint(std::string fingerprint) { fingerprint_ = std::move(fingerprint); }

  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override {
    std::vector<std::uint16_t> image;
    std::vector<float> background(names_.size());
    for (std::int64_t const record : block.records) {
      images_->read(record, image);
      set_background(image, background);
      for (std::uint16_t const id : image) {
        if (classes_.ignored[id] != 0) {
          std::fill_n(values, names_.size(), std::numeric_limits<float>::quiet_NaN());
        } else {
          std::copy(background.begin(), background.end(), values);
          if (column_of_[id] >= 0) values[column_of_[id]] = 1;
        }
        values += stride;
      }
    }
  }

 private:
  void check_listed(std::vector<std::uint16_t> const& image, std::int64_t record) const {
    for (std::uint16_t const id : image) {
      VALIDATE(classes_.ignored[id] != 0 || !classes_.names[id].empty(),
               "record " << record << ": its mask holds class " << id
                         << " (the file of categories does not list it). Add it there, or give ignore=" << id << ".");
    }
  }

  /// 0 for columns whose category the image carries, NaN for the others (NetDissect counts a unit's area only where the
  /// category of the label is annotated).
  void set_background(std::vector<std::uint16_t> const& image, std::vector<float>& background) const {
    std::vector<std::uint8_t> present(static_cast<std::size_t>(classes_.categories), 0);
    for (std::uint16_t const id : image) {
      if (classes_.ignored[id] == 0) present[static_cast<std::size_t>(classes_.category[id])] = 1;
    }
    for (std::size_t c = 0; c < background.size(); ++c) {
      bool const annotated = present[static_cast<std::size_t>(category_[c])] != 0;
      background[c] = annotated ? 0.0F : std::numeric_limits<float>::quiet_NaN();
    }
  }

  std::unique_ptr<LabelImages> images_;
  Classes classes_;
  bool partial_ = false;
  std::vector<std::int32_t> column_of_ = std::vector<std::int32_t>(ids, -1);
  std::vector<std::int32_t> category_;  // of each column
  std::vector<std::string> names_;
  std::string fingerprint_;
};

std::unique_ptr<Hypothesis> make(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  FileArgument argument = parse_file_argument("mask", arguments);
  std::int64_t const size = size_of(argument.parameters);
  std::int64_t const support =
      argument.parameters.integer("support", SpanColumns::default_support, 1, std::int64_t{1} << 40);
  std::string const categories = argument.parameters.text("categories", "");
  std::string const ignored = argument.parameters.text("ignore", "");
  argument.parameters.check_all_used();
  VALIDATE(size * size == facts.symbols, "masks of " << size << "x" << size << " have " << size * size
                                                     << " rows a record but the behaviours have " << facts.symbols
                                                     << ". Give size= as behaviours were made for, or a model.");
  Classes classes;
  read_ignored(ignored, classes);
  if (!categories.empty()) read_categories(categories, classes);
  auto images = open_label_images(argument.path, argument.part, size, facts);
  std::string const key = "mask:" + std::to_string(size) + "," + ignored + "," + std::to_string(support) + "," +
                          (categories.empty() ? "" : io::sha256_of_file(categories)) + "," + images->checksum();
  auto hypothesis = std::make_unique<MaskHypothesis>(name, std::move(images), std::move(classes), support, facts);
  hypothesis->set_fingerprint(io::sha256_of(std::as_bytes(std::span(key))));
  return hypothesis;
}

}  // namespace

std::int64_t mask_size(std::vector<std::string> const& hypotheses) {
  std::int64_t size = 0;
  for (std::string const& text : hypotheses) {
    auto const equals = text.find('=');
    if (equals == std::string::npos || text.compare(equals + 1, 5, "mask:") != 0) continue;
    for_hypothesis(text.substr(0, equals), [&] {
      FileArgument argument = parse_file_argument("mask", text.substr(equals + 6));
      std::int64_t const own = size_of(argument.parameters);
      VALIDATE(size == 0 || own == size, "its masks have size=" << own << " but others have size=" << size
                                                                << " (maps are upsampled to one size). Give one.");
      size = own;
    });
  }
  return size;
}

std::unique_ptr<Hypothesis> make_mask(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  std::unique_ptr<Hypothesis> result;
  for_hypothesis(name, [&] { result = make(name, arguments, facts); });
  return result;
}

}  // namespace sonde::inspect
