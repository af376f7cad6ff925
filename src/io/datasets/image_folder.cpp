// Opens a folder of JPEG and PNG, in the order of their names.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "comm/agree.hpp"
#include "io/datasets/formats.hpp"
#include "io/datasets/image.hpp"
#include "io/datasets/once.hpp"
#include "io/provenance.hpp"

namespace sonde::io {

namespace {

bool is_image_name(std::filesystem::path const& path) {
  std::string suffix = path.extension();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return suffix == ".jpg" || suffix == ".jpeg" || suffix == ".png";
}

std::vector<std::string> image_names(std::string const& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (is_image_name(entry->path())) names.push_back(entry->path().filename());
  }
  VALIDATE(!failed, "folder " << folder << ": it cannot be read (" << failed.message() << "). Check its permissions.");
  VALIDATE(!names.empty(),
           "folder " << folder << ": it holds no image (no file ends in .jpg, .jpeg or .png). Give another folder.");
  std::sort(names.begin(), names.end());
  return names;
}

/// What one rank finds out about all images, for all ranks.
struct FolderScan {
  std::vector<std::string> names;
  std::string sha256;
  bool color = false;  // at least one image has colours: gray ones are then read as RGB
  Shape shape;         // of every image after the steps
};

FolderScan scan(std::string const& folder, std::vector<ImageStep> const& steps) {
  FolderScan result;
  result.names = image_names(folder);
  std::vector<Shape> shapes;
  Sha256 checksum;
  for (std::string const& name : result.names) {
    std::string const path = folder + "/" + name;
    auto const bytes = read_whole_file(path);
    checksum.update(std::as_bytes(std::span(name.c_str(), name.size() + 1)));
    checksum.update(std::as_bytes(std::span(bytes)));
    shapes.push_back(image_shape(path, bytes));
    result.color = result.color || shapes.back()[2] == 3;
  }
  result.sha256 = checksum.hex();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    shapes[i][2] = result.color ? 3 : 1;
    Shape const after = shape_after(steps, shapes[i]);
    if (i == 0) result.shape = after;
    VALIDATE(after == result.shape, "image "
                                        << folder << "/" << result.names[i] << ": it is " << to_string(after) << " but "
                                        << result.names[0] << " is " << to_string(result.shape)
                                        << " (all inputs of a model have one size). Give --preprocess resize=HxW.");
  }
  return result;
}

class ImageFolder : public Dataset {
 public:
  ImageFolder(DatasetInfo info, std::string folder, bool color, std::vector<ImageStep> steps)
      : Dataset(std::move(info)), folder_(std::move(folder)), color_(color), steps_(std::move(steps)) {}

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    for (std::int64_t index : indices) {
      std::string const path = folder_ + "/" + record_name(index);
      Image image = read_image(path);
      if (color_ && image.channels == 1) image = gray_to_rgb(image);
      image = apply_steps(steps_, std::move(image));
      VALIDATE(image.shape() == sample_shape(), "image " << path << ": it is now " << to_string(image.shape())
                                                         << " after --preprocess (it was " << to_string(sample_shape())
                                                         << " at the start). Leave data files alone during a run.");
      rows = std::copy(image.pixels.begin(), image.pixels.end(), rows);
    }
  }

  std::string folder_;
  bool color_;
  std::vector<ImageStep> steps_;
};

}  // namespace

bool is_image_folder(DataSource const& source) { return source.folder; }

std::unique_ptr<Dataset> open_image_folder(DataSource const& source, DataOptions const& options,
                                           comm::Communicator const& comm) {
  Preprocess const& preprocess = options.preprocess;
  comm::agree(comm, [&] {
    VALIDATE(preprocess.shape.empty() && !preprocess.channels_first,
             "data set " << source.spec << ": shape= and layout= are for arrays and tables "
                         << "(images have their shape). Leave them out.");
  });
  // The scan as one text: a line of JSON, then the names with '/' between, since names may hold any other byte.
  std::string const text = once(comm, [&] {
    FolderScan const result = scan(source.path, preprocess.steps);
    nlohmann::json const facts = {{"sha256", result.sha256}, {"color", result.color}, {"shape", result.shape}};
    return facts.dump() + '\n' + join(result.names, "/");
  });
  auto const line_end = text.find('\n');
  auto const found = nlohmann::json::parse(text.substr(0, line_end));

  std::unique_ptr<Dataset> dataset;
  comm::agree(comm, [&] {
    DatasetInfo info;
    info.path = source.spec;
    info.sha256 = found.at("sha256");
    std::istringstream names(text.substr(line_end + 1));
    for (std::string name; std::getline(names, name, '/');) info.record_names.push_back(name);
    info.size = static_cast<std::int64_t>(info.record_names.size());
    info.sample_shape = found.at("shape").get<Shape>();
    info.domain = domain_of(ElementType::uint8, options.input_range);
    dataset = std::make_unique<ImageFolder>(std::move(info), source.path, found.at("color"), preprocess.steps);
  });
  return dataset;
}

}  // namespace sonde::io
