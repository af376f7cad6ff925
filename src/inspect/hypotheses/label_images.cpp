#include "inspect/hypotheses/label_images.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/check.hpp"
#include "comm/communicator.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/datasets/image.hpp"
#include "io/provenance.hpp"

namespace sonde::inspect {

namespace {

/// Those steps that move pixels, without mixing them.
std::vector<io::ImageStep> moving_steps(DataFacts const& facts) {
  std::vector<io::ImageStep> moving;
  if (facts.steps == nullptr) return moving;
  for (io::ImageStep step : *facts.steps) {
    if (auto* to = std::get_if<io::ResizeTo>(&step)) to->filter = io::ResizeFilter::nearest;
    if (auto* shorter = std::get_if<io::ResizeShorter>(&step)) shorter->filter = io::ResizeFilter::nearest;
    if (!std::holds_alternative<io::Blur>(step) && !std::holds_alternative<io::Recolor>(step)) moving.push_back(step);
  }
  return moving;
}

/// Whether two images show the same when one is scaled to the other; a side may be rounded by a pixel.
bool same_aspect(std::int64_t h, std::int64_t w, std::int64_t height, std::int64_t width) {
  return std::abs(h * width - w * height) < std::min(std::max(h, w), std::max(height, width));
}

/// to (size * size) = the pixel at each centre of from (h, w).
template <class From>
void nearest(From const* from, std::int64_t h, std::int64_t w, std::int64_t size, std::uint16_t* to) {
  for (std::int64_t y = 0; y < size; ++y) {
    From const* const line = from + (2 * y + 1) * h / (2 * size) * w;
    for (std::int64_t x = 0; x < size; ++x) *to++ = static_cast<std::uint16_t>(line[(2 * x + 1) * w / (2 * size)]);
  }
}

// --- a folder ---

struct MaskFile {
  std::string path;
  std::int64_t height = 0, width = 0;  // of the record's image; of the mask when there is none
};

class MaskFolder : public LabelImages {
 public:
  MaskFolder(std::vector<MaskFile> files, std::string checksum, std::vector<io::ImageStep> steps, std::int64_t size)
      : files_(std::move(files)), checksum_(std::move(checksum)), steps_(std::move(steps)), size_(size) {}

  void read(std::int64_t record, std::vector<std::uint16_t>& ids) const override {
    MaskFile const& file = files_[static_cast<std::size_t>(record)];
    io::Image image = io::decode_png_ids(file.path, io::read_whole_file(file.path));
    if (!steps_.empty()) {
      if (image.height != file.height || image.width != file.width) {
        image = io::apply_steps({io::ResizeTo{file.height, file.width, io::ResizeFilter::nearest}}, std::move(image));
      }
      image = io::apply_steps(steps_, std::move(image));
    }
    ids.resize(static_cast<std::size_t>(size_ * size_));
    nearest(image.pixels.data(), image.height, image.width, size_, ids.data());
  }
  std::string checksum() const override { return checksum_; }

 private:
  std::vector<MaskFile> files_;
  std::string checksum_;
  std::vector<io::ImageStep> steps_;
  std::int64_t size_;
};

std::vector<std::string> png_names(std::string const& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::string const suffix = entry->path().extension();
    if (suffix == ".png" || suffix == ".PNG") names.push_back(entry->path().filename());
  }
  VALIDATE(!failed, "folder " << folder << ": it cannot be read (" << failed.message() << "). Check its permissions.");
  std::sort(names.begin(), names.end());
  return names;
}

/// The mask of each record.
std::vector<MaskFile> mask_files(std::string const& folder, DataFacts const& facts) {
  std::vector<std::string> const names = png_names(folder);
  bool const named = facts.data != nullptr && !facts.data->record_name(0).empty();
  VALIDATE(
      named || static_cast<std::int64_t>(names.size()) == facts.records,
      "masks " << folder << ": it holds " << names.size() << " PNG but the data have " << facts.records
               << " records (records without names have the masks in the order of their names). Give one for each.");
  std::vector<MaskFile> files;
  for (std::int64_t record = 0; record < facts.records; ++record) {
    if (!named) {
      files.push_back({folder + "/" + names[static_cast<std::size_t>(record)]});
      continue;
    }
    std::string const image = facts.data->record_name(record);
    std::string const stem = std::filesystem::path(image).stem();
    auto const found = std::find_if(names.begin(), names.end(), [&](std::string const& name) {
      return std::filesystem::path(name).stem() == stem;
    });
    VALIDATE(found != names.end(), "masks " << folder << ": there is no mask " << stem << ".png for record " << record
                                            << ", image " << image << " (it holds " << names.size()
                                            << " PNG). Add it, or take the image out.");
    files.push_back({folder + "/" + *found});
  }
  return files;
}

/// Checks the size of a record's mask against its image and fills it in.
void check_size(MaskFile& file, std::int64_t record, Shape const& mask, MaskFile const& first, DataFacts const& facts) {
  Shape other = {first.height, first.width};
  std::string what = "the mask " + first.path;
  bool const has_image = facts.data != nullptr && !facts.data->record_name(record).empty();
  if (has_image) {
    what = facts.data->path() + "/" + facts.data->record_name(record);
    other = io::image_shape(what, io::read_whole_file(what));
    VALIDATE(same_aspect(mask[0], mask[1], other[0], other[1]),
             "mask " << file.path << ": it is " << mask[0] << "x" << mask[1] << " but " << what << " is " << other[0]
                     << "x" << other[1] << " (they must show the same). Make the mask again.");
  } else if (record > 0) {
    VALIDATE(mask[0] == other[0] && mask[1] == other[1],
             "mask " << file.path << ": it is " << mask[0] << "x" << mask[1] << " but " << what << " is " << other[0]
                     << "x" << other[1] << " (masks of one data set have one size). Make the mask again.");
  }
  file.height = has_image ? other[0] : mask[0];
  file.width = has_image ? other[1] : mask[1];
}

std::unique_ptr<LabelImages> open_folder(std::string const& folder, std::int64_t size, DataFacts const& facts) {
  std::vector<MaskFile> files = mask_files(folder, facts);
  io::Sha256 checksum;
  for (std::size_t r = 0; r < files.size(); ++r) {
    auto const bytes = io::read_whole_file(files[r].path);
    VALIDATE(io::is_png(bytes), "mask " << files[r].path << ": it is no PNG (whatever its name says). Convert it.");
    Shape const mask = io::png_shape(files[r].path, bytes);
    check_size(files[r], static_cast<std::int64_t>(r), mask, files[0], facts);
    checksum.update(std::as_bytes(std::span(bytes)));
  }
  return std::make_unique<MaskFolder>(std::move(files), checksum.hex(), moving_steps(facts), size);
}

// --- an array ---

class MaskArray : public LabelImages {
 public:
  MaskArray(std::vector<std::uint16_t> ids, std::string checksum, std::int64_t size)
      : ids_(std::move(ids)), checksum_(std::move(checksum)), size_(size) {}

  void read(std::int64_t record, std::vector<std::uint16_t>& ids) const override {
    auto const begin = ids_.begin() + record * size_ * size_;
    ids.assign(begin, begin + size_ * size_);
  }
  std::string checksum() const override { return checksum_; }

 private:
  std::vector<std::uint16_t> ids_;  // (records, size, size)
  std::string checksum_;
  std::int64_t size_;
};

/// Records of (h, w), or (h, w, 1) as image steps leave them.
Shape checked_shape(io::Dataset const& masks, DataFacts const& facts) {
  Shape const& shape = masks.sample_shape();
  bool const flat = shape.size() == 2 || (shape.size() == 3 && shape[2] == 1);
  VALIDATE(flat, "masks " << masks.path() << ": a record is " << to_string(shape)
                          << " (label images are height x width). Give an array (records, height, width).");
  VALIDATE(masks.size() == facts.records, "masks " << masks.path() << ": they are " << masks.size()
                                                   << " but the data have " << facts.records
                                                   << " records. Give one for each.");
  if (facts.data != nullptr && facts.data->sample_shape().size() == 3) {
    Shape const& image = facts.data->sample_shape();
    VALIDATE(same_aspect(shape[0], shape[1], image[0], image[1]),
             "masks " << masks.path() << ": they are " << shape[0] << "x" << shape[1] << " but images are " << image[0]
                      << "x" << image[1] << " (they must show the same). Make the masks again.");
  }
  return shape;
}

std::unique_ptr<LabelImages> open_array(std::string const& spec, std::int64_t size, DataFacts const& facts) {
  io::DataOptions options;
  options.preprocess.steps = moving_steps(facts);
  if (!options.preprocess.steps.empty()) options.input_range = {0, 255};
  auto const masks = io::open_dataset(spec, options, comm::Communicator());
  Shape const shape = checked_shape(*masks, facts);
  VALIDATE(facts.records <= io::memory_limit() / 4 / (size * size),
           "masks " << spec << ": " << facts.records << " of " << size << "x" << size
                    << " do not fit half of the memory. Give a folder of PNG, or a smaller size=.");
  std::vector<float> pixels(static_cast<std::size_t>(shape[0] * shape[1]));
  std::vector<std::uint16_t> ids(static_cast<std::size_t>(facts.records * size * size));
  for (std::int64_t record = 0; record < facts.records; ++record) {
    masks->read({&record, 1}, pixels.data());
    for (float const pixel : pixels) {
      VALIDATE(pixel >= 0 && pixel <= 65535 && pixel == std::floor(pixel),
               "masks " << spec << ": record " << record << " holds " << pixel
                        << " (class ids are whole numbers from 0 to 65535). Mend the masks.");
    }
    nearest(pixels.data(), shape[0], shape[1], size, ids.data() + record * size * size);
  }
  return std::make_unique<MaskArray>(std::move(ids), masks->sha256(), size);
}

}  // namespace

std::unique_ptr<LabelImages> open_label_images(std::string const& path, std::string const& part, std::int64_t size,
                                               DataFacts const& facts) {
  if (std::filesystem::is_directory(path)) return open_folder(path, size, facts);
  return open_array(part.empty() ? path : path + ":" + part, size, facts);
}

}  // namespace sonde::inspect
