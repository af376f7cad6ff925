#include "io/annotations/brackets.hpp"

#include <array>
#include <utility>

#include "base/check.hpp"

namespace sonde::io {

namespace {

/// A leaf as it stands in the text (Penn Treebank bracketing guidelines: brackets and slashes are escaped).
std::string unescaped(std::string const& leaf) {
  constexpr std::array<std::pair<char const*, char const*>, 6> names = {
      {{"-LRB-", "("}, {"-RRB-", ")"}, {"-LSB-", "["}, {"-RSB-", "]"}, {"-LCB-", "{"}, {"-RCB-", "}"}}};
  for (auto const& [name, text] : names) {
    if (leaf == name) return text;
  }
  std::string text;
  for (std::size_t i = 0; i < leaf.size(); ++i) {
    bool const escape = leaf[i] == '\\' && i + 1 < leaf.size() && (leaf[i + 1] == '/' || leaf[i + 1] == '*');
    if (!escape) text += leaf[i];
  }
  return text;
}

/// A node whose closing bracket has not come.
struct OpenNode {
  BracketNode node;
  bool trace = false;
};

}  // namespace

/// "(", ")" or a word; false at the end of the file.
bool BracketReader::next_token(std::string& token) {
  for (;;) {
    at_ = text_.find_first_not_of(" \t", at_);
    if (at_ != std::string::npos) break;
    if (!lines_.next(text_)) return false;
    at_ = 0;
  }
  bool const bracket = text_[at_] == '(' || text_[at_] == ')';
  std::size_t const end = bracket ? at_ + 1 : std::min(text_.find_first_of(" \t()", at_), text_.size());
  token = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

bool BracketReader::next(BracketTree& tree) {
  tree = {};
  std::vector<OpenNode> open;
  bool after_open = false;  // a word right after a bracket is its label
  for (std::string token; next_token(token);) {
    std::string const where = "file " + lines_.path() + ": line " + std::to_string(lines_.line());
    if (token == "(") {
      if (open.empty()) tree.line = lines_.line();
      open.push_back({{"", tree.leaves.size(), 0}});
      after_open = true;
      continue;
    }
    VALIDATE(!open.empty(), where << ": '" << token.substr(0, 40)
                                  << "' stands outside of brackets (a tree starts with '('). Mend the tree.");
    if (token == ")") {
      OpenNode closed = std::move(open.back());
      open.pop_back();
      closed.node.last = tree.leaves.size();
      if (!closed.trace) tree.nodes.push_back(std::move(closed.node));
      if (open.empty()) return true;
    } else if (after_open) {
      open.back().node.label = token;
      open.back().trace = token == "-NONE-";
    } else if (!open.back().trace) {
      tree.leaves.push_back(unescaped(token));
    }
    after_open = false;
  }
  VALIDATE(open.empty(), "file " << lines_.path() << ": the tree of line " << tree.line << " is not closed ("
                                 << open.size() << " brackets are open at the end). Mend the tree.");
  return false;
}

}  // namespace sonde::io
