#!/usr/bin/python3
"""sonde inspect against independent float64 numbers (shared/golden/measures.h5), alone and on three ranks."""
import unittest

import h5py
import numpy as np

from sonde_case import Case, main, shared

SYMBOLS = 25
SCORES = {"pearson": "pearson/value", "spearman": "spearman/value", "auc": "auc/value",
          "mutual_information_16": "mutual-information/value", "mean_difference": "mean-difference/value",
          "welch_t": "mean-difference/welch_t", "cohen_d": "mean-difference/cohen_d", "jaccard_top0.005": "jaccard/value",
          "f1_top0.005": "jaccard/f1", "mcc_top0.005": "jaccard/mcc"}
CONSTANT_UNIT = 18


class Measures(Case):
    def setUp(self):
        super().setUp()
        path = shared("golden/measures.h5")
        self.golden = h5py.File(path, "r")
        self.addCleanup(self.golden.close)
        names = [name.decode() for name in self.golden["hypotheses"].attrs["names"]]
        values = self.golden["hypotheses"][()]
        self.words = ["--behaviors", f"{path}:/units", "--symbols", SYMBOLS, "--holdout", "modulo:5"]
        with h5py.File(self.folder / "labels.h5", "w") as file:
            for column, name in enumerate(names):
                file[name] = values[:, column].reshape(-1, SYMBOLS)
                self.words += ["--hypothesis", f"{name}=labels:{self.folder}/labels.h5:/{name},as=number"]

    def inspect(self, *measures, ranks=1):
        out = self.folder / f"{ranks}.h5"
        words = [word for measure in measures for word in ("--measure", measure)]
        done = self.run_sonde("inspect", *self.words, *words, "--out", out, "--overwrite", ranks=ranks)
        self.assertEqual(done.returncode, 0, done.stderr)
        result = h5py.File(out, "r")
        self.addCleanup(result.close)
        return result

    def test_independent_measures(self):
        for ranks in (1, 3):
            result = self.inspect("pearson", "spearman", "auc", "mutual-information:bins=16", "mean-difference",
                                  "jaccard:top=0.005", ranks=ranks)
            for golden, name in SCORES.items():
                # NaN at the same places; unit 19, far from 0, like the others.
                np.testing.assert_allclose(result[f"scores/{name}"][()], self.golden[f"expected/{golden}"][()], rtol=1e-6,
                                           atol=1e-14, err_msg=f"{golden} on {ranks} ranks")

    def test_probes(self):
        result = self.inspect("logistic:penalty=l2,lambda=1e-3", "logistic:penalty=l1,lambda=1e-2")
        binary = self.golden["binary_hypotheses"][()] if "binary_hypotheses" in self.golden else np.arange(6)
        golden = self.golden["logistic"]
        for name, penalty, tolerance in (("logistic", "l2", 1e-3), ("logistic-2", "l1", 1e-2)):
            found = np.delete(result[f"scores/{name}/value"][()], CONSTANT_UNIT, axis=0).T[binary]
            np.testing.assert_allclose(found, golden[f"coef_{penalty}"][()], atol=tolerance, err_msg=penalty)
            self.assertTrue(result[f"scores/{name}/converged"][0, binary].all())
        l1 = np.delete(result["scores/logistic-2/value"][()], CONSTANT_UNIT, axis=0).T[binary]
        self.assertGreater((l1 == 0).sum(), 50, "coefficients that l1 drops are exactly 0")
        group = result["scores/logistic"]
        np.testing.assert_allclose(group["group_value"][0, binary], golden["f1"][()], atol=0.01)
        np.testing.assert_allclose(group["accuracy"][0, binary], golden["accuracy"][()], atol=0.01)
        np.testing.assert_allclose(group["majority"][0, binary], golden["majority_accuracy"][()], atol=1e-12)
        self.assertTrue(np.isnan(group["group_value"][0, 6]), "logistic regression of a real number")


if __name__ == "__main__":
    main()
