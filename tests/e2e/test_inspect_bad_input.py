#!/usr/bin/python3
"""sonde inspect refuses bad input with exit status 2, one message and a reason."""
import json
import unittest

import h5py
import numpy as np
from PIL import Image

from sonde_case import SOURCE, Case, main

SQL = SOURCE / "inputs" / "sql"
SHAPES = SOURCE / "inputs" / "shapes"
TEXT = ["--model", SQL / "model.onnx", "--data", SQL / "queries.txt", "--vocab", SQL / "vocab.json", "--record", "window:30"]
LSTM = ["--units", "/lstm/LSTM"]
DIGIT = ["--hypothesis", "digit=class:digit"]


class Refused(Case):
    def refused(self, *words, ranks=1, says=()):
        done = self.run_sonde("inspect", *words, "--out", self.folder / "out.h5", ranks=ranks)
        self.assertEqual(done.returncode, 2, done.stderr + done.stdout)
        for text in says:
            self.assertIn(text, done.stderr)
        self.assertEqual(done.stderr.count("sonde: "), 1, done.stderr)
        self.assertFalse((self.folder / "out.h5").exists())

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def behaviors(self, values):
        with h5py.File(self.folder / "b.h5", "w") as file:
            file["units"] = np.asarray(values, "f4")
        return ["--behaviors", f"{self.folder}/b.h5:/units", "--symbols", 5]

    def test_units_that_do_not_exist_are_answered_with_those_that_do(self):
        for ranks in (1, 2):
            self.refused(*TEXT, *DIGIT, "--units", "lstm7", ranks=ranks, says=["lstm7", "/lstm/LSTM"])

    def test_names_that_are_unknown(self):
        self.refused(*TEXT, *LSTM, "--hypothesis", "x=rexeg:a", says=["rexeg", "regex"])
        self.refused(*TEXT, *LSTM, *DIGIT, "--measure", "peerson", says=["peerson", "pearson"])
        self.refused(*TEXT, *LSTM, *DIGIT, *DIGIT, says=["'digit' stands already"])
        self.refused(*TEXT, *LSTM, says=["--hypothesis"])

    def test_a_regex_that_does_not_compile_gives_the_reason(self):
        self.refused(*TEXT, *LSTM, "--hypothesis", "x=regex:(ab", says=["(ab", "missing )"])

    def test_labels_of_another_length(self):
        with h5py.File(self.folder / "l.h5", "w") as file:
            file["few"] = np.zeros((20, 4), "u1")
            file["records"] = np.zeros((19, 5), "u1")
        units = self.behaviors(np.random.default_rng(0).normal(size=(100, 3)))
        self.refused(*units, "--hypothesis", f"x=labels:{self.folder}/l.h5:/few", says=["record 0", "4 labels", "5 symbols"])
        self.refused(*units, "--hypothesis", f"x=labels:{self.folder}/l.h5:/records", says=["19 records", "20"])

    def test_values_that_are_not_finite(self):
        values = np.random.default_rng(0).normal(size=(100, 3))
        values[42, 1] = np.nan
        with h5py.File(self.folder / "l.h5", "w") as file:
            file["good"] = np.tile(np.arange(5.0), (20, 1))
            file["bad"] = np.full((20, 5), np.inf)
        good = ["--hypothesis", f"x=labels:{self.folder}/l.h5:/good"]
        self.refused(*self.behaviors(values), *good, ranks=2, says=["record 42", "value 1", "nan"])
        self.refused(*self.behaviors(np.ones((100, 3))), "--hypothesis", f"x=labels:{self.folder}/l.h5:/bad", says=["inf"])

    def test_rows_that_are_no_whole_records(self):
        self.refused(*self.behaviors(np.ones((98, 3))), *DIGIT, says=["98 rows", "5"])

    def test_python_that_fails(self):
        broken = self.write("broken.py", "def f(records):\n    return [\n")
        self.refused(*TEXT, *LSTM, "--hypothesis", f"x=python:{broken}", says=["broken.py", "line 2"])
        shape = self.write("shape.py", "def f(records):\n    return [[1, 2] for _ in records]\n")
        self.refused(*TEXT, *LSTM, "--hypothesis", f"x=python:{shape}", says=["hypothesis x.f, record ", "2 numbers for 30 symbols"])
        raises = self.write("raises.py", "def f(records):\n    for r in records:\n        1 / 0\n")
        self.refused(*TEXT, *LSTM, "--hypothesis", f"x=python:{raises}", says=["raises.py", "f", "ZeroDivisionError", "line 3"])

    def test_ids_the_model_does_not_know(self):
        vocabulary = json.loads((SQL / "vocab.json").read_text())
        vocabulary["S"] = 4000
        other = self.write("vocab.json", json.dumps(vocabulary))
        self.refused("--model", SQL / "model.onnx", "--data", SQL / "queries.txt", "--vocab", other, "--record", "window:30",
                     *LSTM, *DIGIT, says=["model.onnx", "4000"])

    def test_text_the_vocabulary_does_not_hold(self):
        text = self.write("text.txt", "SELECT a\nFROM \u2603 b\n")
        self.refused("--model", SQL / "model.onnx", "--data", text, "--vocab", SQL / "vocab.json", "--record", "line", "--pad",
                     "right,0", "--length", 30, *LSTM, *DIGIT, says=["text.txt", "\u2603"])

    def test_spans_outside_their_record(self):
        with h5py.File(self.folder / "s.h5", "w") as file:
            file["spans/record"] = [0, 1]
            file["spans/start"] = [0, 25]
            file["spans/end"] = [3, 31]
            file["spans/label"] = [0, 0]
            file["spans/labels"] = np.array([b"clause"])
        self.refused(*TEXT, *LSTM, "--hypothesis", f"x=spans:{self.folder}/s.h5:time", says=["record 1", "31"])

    def test_conllu_with_broken_columns(self):
        path = self.write("x.conllu", "# text = a b\n1\ta\ta\tNOUN\n\n")
        self.refused(*TEXT, *LSTM, "--hypothesis", f"x=labels:{path}:upos", says=["x.conllu", "line 2", "columns"])

    def test_masks_of_another_size(self):
        folder = self.folder / "masks"
        folder.mkdir()
        for image in sorted((SHAPES / "images").iterdir()):
            Image.fromarray(np.ones((64, 64), "u1")).save(folder / (image.stem + ".png"))
        first = sorted(folder.iterdir())[0]
        Image.fromarray(np.ones((50, 64), "u1")).save(first)
        self.refused("--model", SHAPES / "model.onnx", "--data", SHAPES / "images", "--preprocess", "scale=1/255", "--units",
                     "/conv1/Conv", "--hypothesis", f"m=mask:{folder}", says=[first.stem, "50"])

    def test_memory_for_less_than_a_block(self):
        self.refused(*TEXT, *LSTM, *DIGIT, "--memory", 0.001, "--block", 100000, says=["--memory", "GB"])

    def test_bounds_that_cannot_hold(self):
        self.refused(*TEXT, *LSTM, *DIGIT, "--epsilon", 0.1, "--order", "file", says=["--order"])
        self.refused(*TEXT, *LSTM, *DIGIT, "--measure", "ridge", "--holdout", "modulo:1", says=["--holdout"])


if __name__ == "__main__":
    main()
