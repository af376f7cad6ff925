#include <gtest/gtest.h>

#include "io/annotations/brackets.hpp"
#include "io/dataset_files.hpp"

namespace sonde::io {
namespace {

using namespace test;

std::vector<BracketTree> read(std::string const& text) {
  BracketReader reader(put("trees.txt", text));
  std::vector<BracketTree> trees;
  for (BracketTree tree; reader.next(tree);) trees.push_back(tree);
  return trees;
}

std::string refused(std::string const& text) {
  return refusal([&] { read(text); });
}

std::string to_text(BracketTree const& tree) {
  std::string text;
  for (BracketNode const& node : tree.nodes)
    text += node.label + "[" + std::to_string(node.first) + "," + std::to_string(node.last) + ")";
  return text;
}

TEST(Brackets, ReadsTreesOverLinesAndSeveralOnALine) {
  auto const trees = read("( (S (NP (DT The) (NN dog))\n   (VP barks)) )\r\n(A a)(B b) ()\n");
  ASSERT_EQ(trees.size(), 4U);
  EXPECT_EQ(trees[0].leaves, (std::vector<std::string>{"The", "dog", "barks"}));
  EXPECT_EQ(to_text(trees[0]), "DT[0,1)NN[1,2)NP[0,2)VP[2,3)S[0,3)[0,3)");
  EXPECT_EQ(trees[0].line, 1);
  EXPECT_EQ(to_text(trees[1]), "A[0,1)");
  EXPECT_EQ(trees[2].line, 3);
  EXPECT_EQ(to_text(trees[3]), "[0,0)");
}

TEST(Brackets, UnescapesLeavesAndLeavesTracesOut) {
  auto const tree =
      read("(S (-LRB- -LRB-) (NP (-NONE- *T*-1)) (CD 1\\/2) (-RRB- -RRB-) (X -LSB- -RSB- -LCB- -RCB-))")[0];
  EXPECT_EQ(tree.leaves, (std::vector<std::string>{"(", "1/2", ")", "[", "]", "{", "}"}));
  EXPECT_EQ(to_text(tree), "-LRB-[0,1)NP[1,1)CD[1,2)-RRB-[2,3)X[3,7)S[0,7)");
}

TEST(Brackets, TakesAMillionLevels) {
  constexpr std::size_t depth = 1'000'000;
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "(A ";
  text += "x" + std::string(depth, ')');
  auto const trees = read(text);
  ASSERT_EQ(trees.size(), 1U);
  EXPECT_EQ(trees[0].nodes.size(), depth);
}

TEST(Brackets, NamesTheLineOfAnError) {
  EXPECT_HAS(refused("(A a)\nb (C c)\n"), "trees.txt: line 2: 'b' stands outside of brackets");
  EXPECT_HAS(refused("(A a))\n"), "line 1: ')' stands outside of brackets");
  EXPECT_HAS(refused("(A a)\n(B (C c)\n"), "the tree of line 2 is not closed (1 brackets are open at the end)");
  EXPECT_HAS(refused("(A \xc0\x80)"), "line 1 is not UTF-8");
  EXPECT_EQ(read("").size(), 0U);
}

}  // namespace
}  // namespace sonde::io
