#!/usr/bin/python3
"""The committed inputs of sonde inspect are what their pages say: spans, values and label images fit their data."""
import json
import pathlib
import sys
import tempfile
import unittest

import h5py
import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import sql_grammar  # noqa: E402

SQL, BOOLEAN, SHAPES = (ROOT / "inputs" / name for name in ("sql", "boolean", "shapes"))


class Grammar(unittest.TestCase):
    def setUp(self):
        self.rules = sql_grammar.read_grammar(sql_grammar.GRAMMAR)

    def test_it_is_closed_and_of_the_size_told(self):
        used = {what for _, alternatives in self.rules.values() for items in alternatives for kind, what in items if kind == "name"}
        self.assertEqual(used | {"query"}, set(self.rules))
        self.assertEqual(sum(len(weights) for weights, _ in self.rules.values()), 142)

    def test_first_alternatives_end(self):
        """What is taken in deep trees must not lead back to where it started."""
        first = {name: {what for kind, what in alternatives[0] if kind == "name"} for name, (_, alternatives) in self.rules.items()}
        finite = set()
        while any(name not in finite and first[name] <= finite for name in first):
            finite |= {name for name in first if first[name] <= finite}
        self.assertEqual(finite, set(first))

    def test_spans_are_cut_where_records_begin(self):
        symbols = sql_grammar.SYMBOLS
        spans = np.array([[3, 5, 0], [symbols - 2, 2 * symbols + 1, 1], [2 * symbols, 2 * symbols + 4, 0], [3 * symbols, 3 * symbols + 1, 0]])
        self.assertEqual(sql_grammar.cut(spans, 3).tolist(), [
            [0, 3, 5, 0], [0, symbols - 2, symbols, 1], [1, 0, symbols, 1], [2, 0, 4, 0], [2, 0, 1, 1]])

    def test_the_committed_files_come_from_it(self):
        with h5py.File(SQL / "spans.h5") as file:
            records = int(file["spans"].attrs["records"])
            wanted = {name: file["spans"][name][()] for name in ("record", "start", "end", "label", "labels")}
        sampler = sql_grammar.Sampler(self.rules, 2019)
        queries, nodes = sampler.stream(records * sql_grammar.SYMBOLS + 1)
        text = (SQL / "queries.txt").read_text()
        self.assertEqual(text, ("\n".join(queries) + "\n")[:records * sql_grammar.SYMBOLS])
        self.assertLessEqual(set(text), set(json.loads((SQL / "vocab.json").read_text())))
        spans, names = sql_grammar.most_frequent(sql_grammar.cut(nodes, records), list(self.rules), len(wanted["labels"]))
        self.assertEqual([name.decode() for name in wanted["labels"]], names)
        for column, name in enumerate(("record", "start", "end", "label")):
            np.testing.assert_array_equal(wanted[name], spans[:, column], name)

    def test_spans_hold_what_their_label_says(self):
        """Seen from the files alone: a `where` begins with WHERE, a string with a quote."""
        text = (SQL / "queries.txt").read_text()
        with h5py.File(SQL / "spans.h5") as file:
            record, start, end, label = (file["spans"][name][()] for name in ("record", "start", "end", "label"))
            names = [name.decode() for name in file["spans/labels"]]
        self.assertTrue(((0 <= start) & (start < end) & (end <= sql_grammar.SYMBOLS)).all())
        for name, first in (("where", "WHERE "), ("string", "'"), ("subquery", "(SELECT "), ("limit", "LIMIT ")):
            rows = np.flatnonzero((label == names.index(name)) & (start > 0))
            self.assertGreater(len(rows), 50, name)
            for row in rows:
                begin = record[row] * sql_grammar.SYMBOLS
                piece = text[begin + start[row]:begin + end[row]]
                self.assertEqual(piece[:len(first)], first[:len(piece)], name)

    def test_another_seed_gives_other_queries(self):
        with tempfile.TemporaryDirectory() as folder:
            queries, nodes = sql_grammar.Sampler(self.rules, 1).stream(3000)
            again, _ = sql_grammar.Sampler(self.rules, 1).stream(3000)
            other, _ = sql_grammar.Sampler(self.rules, 2).stream(3000, avoid=set(queries))
            self.assertEqual(queries, again)
            self.assertFalse(set(queries) & set(other))
            path = pathlib.Path(folder) / "spans.h5"
            sql_grammar.write_spans(path, sql_grammar.cut(nodes, 100), list(self.rules), 100)
            with h5py.File(path) as file:
                self.assertEqual(len({len(file["spans"][name]) for name in ("record", "start", "end", "label")}), 1)


class Boolean(unittest.TestCase):
    def test_values_are_those_of_the_expressions(self):
        with h5py.File(BOOLEAN / "values.h5") as file:
            values = file["value"][()]
        lines = (BOOLEAN / "expressions.txt").read_text().split()
        self.assertEqual(len(values), len(lines))
        self.assertEqual(len(set(lines)), len(lines))
        for line, row in zip(lines, values):
            value = int(line[0])
            for place in range(0, len(line), 2):
                operand = int(line[place])
                if place:
                    value = min(value, operand) if line[place - 1] == "&" else max(value, operand)
                self.assertEqual(row[place], value, line)
                if place + 1 < len(line):
                    self.assertEqual(row[place + 1], value, line)


class Shapes(unittest.TestCase):
    def test_label_images_fit_the_pictures(self):
        labels = [line.split() for line in (SHAPES / "names.txt").read_text().splitlines()]
        ids = {category: {0} | {int(number) for number, _, of in labels if of == category} for _, _, category in labels[1:]}
        pictures = sorted(path.name for path in (SHAPES / "images").iterdir())
        self.assertGreater(len(pictures), 40)
        seen = set()
        for name in pictures:
            picture = np.asarray(Image.open(SHAPES / "images" / name))
            self.assertEqual((picture.shape, picture.dtype), ((64, 64, 3), np.uint8))
            masks = {category: np.asarray(Image.open(SHAPES / category / name)) for category in ids}
            for category, mask in masks.items():
                self.assertEqual((mask.shape, mask.dtype), ((64, 64), np.uint8))
                self.assertLessEqual(set(np.unique(mask)), ids[category])
                np.testing.assert_array_equal(mask > 0, masks["shape"] > 0)
                seen |= set(np.unique(mask))
            background = picture[masks["shape"] == 0]
            self.assertEqual(len(np.unique(background)), 1, "the ground is of one grey")
        self.assertEqual(seen, set().union(*ids.values()))


if __name__ == "__main__":
    unittest.main()
