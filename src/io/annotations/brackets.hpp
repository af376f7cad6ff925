// Penn-style bracketed trees: (S (NP (DT The) (NN dog)) (VP (VBZ barks))).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/annotations/line_reader.hpp"

namespace sonde::io {

/// A node of a tree over leaves [first, last).
struct BracketNode {
  std::string label;  // may be empty
  std::size_t first = 0, last = 0;
};

struct BracketTree {
  std::int64_t line = 0;            // on which it starts
  std::vector<std::string> leaves;  // words of the text: -LRB- is "(", \/ is "/"; traces (-NONE- ...) are left out
  std::vector<BracketNode> nodes;   // in the order of their closing brackets; without leaves: first == last
};

/// Tree by tree; a tree may take several lines, and several may stand on one. Throws InputError naming the line for a
/// word outside brackets, a bracket that closes nothing, and one that is not closed. Depth is not limited: nothing
/// recurses.
class BracketReader {
 public:
  explicit BracketReader(std::string const& path) : lines_(path) {}
  bool next(BracketTree& tree);

 private:
  bool next_token(std::string& token);

  LineReader lines_;
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace sonde::io
