// Images of class ids, one for each record of the data.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "inspect/record_block.hpp"

namespace sonde::inspect {

/// size x size class ids per record: nearest neighbour, row-major pixels.
class LabelImages {
 public:
  virtual ~LabelImages() = default;
  /// ids (size * size). Thread safe. Throws InputError naming the file for one that is damaged.
  virtual void read(std::int64_t record, std::vector<std::uint16_t>& ids) const = 0;
  /// sha256 over the contents.
  virtual std::string checksum() const = 0;
};

/// Opens
///   a folder   PNG of class ids, of the record's name ("a.jpg" has "a.png"), or, when records have no names, in the
///              order of their names; of the size of the record's image, or of its aspect
///   other      a data set of open_dataset, (records, h, w), whole numbers from 0 to 65535; it is held in memory
/// Steps of facts.steps that move pixels are done to the label images, too. Throws InputError naming the record's mask
/// when it is missing, unreadable, or of another size or aspect than its image (or, without images, its neighbours).
std::unique_ptr<LabelImages> open_label_images(std::string const& path, std::string const& part, std::int64_t size,
                                               DataFacts const& facts);

}  // namespace sonde::inspect
