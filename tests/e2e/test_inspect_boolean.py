#!/usr/bin/python3
"""What a net must know is found in its state: an LSTM that evaluates Boolean expressions (Luigi, SysML 2018)."""
import json
import unittest

import h5py
import numpy as np

from sonde_case import SOURCE, Case, main

BOOLEAN = SOURCE / "inputs" / "boolean"


class Boolean(Case):
    def inspect(self, *words, status=0):
        path = self.folder / "out.h5"
        done = self.run_sonde("inspect", "--model", BOOLEAN / "model.onnx", "--data", BOOLEAN / "expressions.txt",
                              "--vocab", BOOLEAN / "vocab.json", "--record", "line", "--pad", "right,0", *words,
                              "--out", path, "--overwrite")
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return path

    def test_the_state_decodes_the_value_so_far(self):
        path = self.inspect("--units", "/lstm/LSTM", "--hypothesis", f"value=labels:{BOOLEAN}/values.h5:value",
                            "--measure", "logistic:penalty=l2,lambda=1e-4", "--measure", "pearson", "--holdout", "hash:0.2")
        with h5py.File(path) as file:
            probe = file["scores/logistic"]
            self.assertGreater(probe["accuracy"][0, 0], 0.99)
            self.assertLess(probe["majority"][0, 0], 0.65)
            self.assertGreater(probe["selectivity"][0, 0], 0.2, "labels by chance are not decoded as well")
            # Five symbols of 19 are X on the average: rows are the symbols of the text alone.
            facts = json.loads((BOOLEAN / "facts.json").read_text())
            symbols = sum(len(line) for line in (BOOLEAN / "expressions.txt").read_text().split())
            self.assertLess(symbols, facts["expressions"] * facts["symbols"])
            self.assertEqual(file["scores/pearson/rows"][()].ravel()[0], symbols)

    def test_what_it_need_not_know_is_not_found(self):
        """The last symbol it has read the state may tell; which line of the file it is in it cannot."""
        records = (BOOLEAN / "expressions.txt").read_text().count("\n")
        with h5py.File(self.folder / "odd.h5", "w") as file:
            file["odd"] = np.repeat(np.random.default_rng(7).integers(0, 2, (records, 1)), 19, axis=1).astype("u1")
        path = self.inspect("--units", "/lstm/LSTM", "--hypothesis", f"odd=labels:{self.folder}/odd.h5:odd",
                            "--measure", "logistic:penalty=l2,lambda=1e-4", "--holdout", "hash:0.2")
        with h5py.File(path) as file:
            self.assertLess(file["scores/logistic/accuracy"][0, 0], 0.6)


if __name__ == "__main__":
    main()
