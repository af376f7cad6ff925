#!/usr/bin/python3
"""Planted truth is found: a unit that copies a hypothesis, one that copies its negation, noise, and mixtures of them."""
import json
import re
import unittest

import h5py
import numpy as np

from sonde_case import Case, main

LENGTH = 20   # symbols of a record, filled at the left
PATTERN = "ab+"
UNITS = ["copy", "negation", "noise", "mixture", "constant", "copy far from 0"]
COPY, NEGATION, NOISE, MIXTURE, CONSTANT, FAR = range(len(UNITS))


def ranks(values):
    """Mid-ranks from 1."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


class Planted(Case):
    """Records of unequal length; what stands in rows of padding must not matter."""

    def setUp(self):
        super().setUp()
        draws = np.random.default_rng(42)
        lines = ["".join(draws.choice(list("abc"), draws.integers(5, LENGTH + 1))) for _ in range(600)]
        lines[0] = "abc" * 6 + "ab"  # one of the full length
        (self.folder / "text.txt").write_text("\n".join(lines) + "\n")
        (self.folder / "vocab.json").write_text(json.dumps({"a": 1, "b": 2, "c": 3}))
        truth = np.zeros((len(lines), LENGTH))
        real = np.zeros((len(lines), LENGTH), bool)
        for row, line in enumerate(lines):
            first = LENGTH - len(line)
            real[row, first:] = True
            for match in re.finditer(PATTERN, line):
                truth[row, first + match.start():first + match.end()] = 1
        noise = draws.normal(0, 1, truth.shape)
        units = np.stack([truth, 1 - truth, noise, truth + noise, np.full(truth.shape, 0.25), truth + 1000], axis=-1)
        units[~real] = 12345.0
        with h5py.File(self.folder / "units.h5", "w") as file:
            file["units"] = units.reshape(-1, len(UNITS)).astype("f4")
            file["truth"] = truth.astype("u1")
        self.real, self.truth = real, truth[real]
        self.units = units[real].astype("f4").astype("f8")  # (rows, units)

    def inspect(self, *words, hypotheses=(f"planted=regex:{PATTERN}",), units="units", **keywords):
        """An open result."""
        path = self.folder / "out.h5"
        options = [word for text in hypotheses for word in ("--hypothesis", text)]
        done = self.run_sonde("inspect", "--behaviors", f"{self.folder}/units.h5:/{units}", "--data", self.folder / "text.txt",
                              "--vocab", self.folder / "vocab.json", "--record", "line", "--pad", "left,0", *options, *words,
                              "--out", path, "--overwrite", **keywords)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        file = h5py.File(path, "r")
        self.addCleanup(file.close)
        return file

    def scores(self, measure, column=0, **keywords):
        """(units) scores of one measure for one hypothesis."""
        file = self.inspect("--measure", measure, **keywords)
        return file[f"scores/{measure.split(':')[0]}/value"][:, column]

    def test_pearson(self):
        value = self.scores("pearson")
        wanted = [np.corrcoef(column, self.truth)[0, 1] for i, column in enumerate(self.units.T) if i != CONSTANT]
        np.testing.assert_allclose(np.delete(value, CONSTANT), wanted, rtol=1e-6, atol=1e-9)
        self.assertAlmostEqual(value[COPY], 1, places=9)
        self.assertAlmostEqual(value[NEGATION], -1, places=9)
        self.assertLess(abs(value[NOISE]), 0.06)
        self.assertAlmostEqual(value[FAR], 1, places=9)
        self.assertTrue(np.isnan(value[CONSTANT]), "a constant unit has no correlation")

    def test_spearman_and_auc(self):
        value = self.scores("spearman")
        wanted = np.corrcoef(ranks(self.units[:, MIXTURE]), ranks(self.truth))[0, 1]
        np.testing.assert_allclose(value[[COPY, NEGATION, MIXTURE]], [1, -1, wanted], rtol=1e-9)
        value = self.scores("auc")
        positive = self.truth == 1
        above = ranks(self.units[:, MIXTURE])[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
        np.testing.assert_allclose(value[[COPY, NEGATION, MIXTURE]], [1, 0, above / (positive.sum() * (~positive).sum())],
                                   rtol=1e-9, atol=1e-12)

    def test_mean_difference(self):
        positive = self.truth == 1
        wanted = self.units[positive].mean(axis=0) - self.units[~positive].mean(axis=0)
        value = self.scores("mean-difference")
        rows = [COPY, NEGATION, NOISE, MIXTURE, FAR]
        np.testing.assert_allclose(value[rows], wanted[rows], rtol=1e-6, atol=1e-9)

    def test_mutual_information(self):
        """A copy and a negation tell all there is to know, noise next to nothing."""
        share = self.truth.mean()
        entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
        value = self.scores("mutual-information:bins=16")
        np.testing.assert_allclose(value[[COPY, NEGATION, FAR]], entropy, rtol=1e-2)
        self.assertLess(value[NOISE], 0.02)

    def test_jaccard(self):
        """Ties enter together: a copy covers the hypothesis exactly and its negation misses it."""
        share = self.truth.mean()
        value = self.scores(f"jaccard:top={0.9 * share:.6f}")
        self.assertEqual(value[COPY], 1)
        self.assertEqual(value[NEGATION], 0)
        self.assertLess(value[NOISE], share)

    def test_probes(self):
        """Together the units decode the hypothesis; labels by chance they do not."""
        for measure, at_least in (("logistic", 0.999), ("ridge", 0.99)):
            file = self.inspect("--measure", measure, "--holdout", "modulo:5")
            score = file[f"scores/{measure}/group_value"]
            self.assertEqual(score.shape, (1, 1))
            self.assertGreater(score[0, 0], at_least, measure)

    def test_a_probe_of_noise_knows_nothing(self):
        with h5py.File(self.folder / "units.h5", "a") as file:
            file["noise"] = file["units"][:, NOISE:NOISE + 1]
        file = self.inspect("--measure", "logistic:penalty=l2,lambda=1e-3", "--holdout", "modulo:5", units="noise")
        group = file["scores/logistic"]
        self.assertLess(abs(group["accuracy"][0, 0] - group["majority"][0, 0]), 0.03)

    def test_labels_are_the_same_hypothesis(self):
        """A regular expression and the labels it was checked with agree, and a planted column is told from a chance one."""
        with h5py.File(self.folder / "units.h5", "a") as file:
            file["chance"] = np.random.default_rng(1).integers(0, 2, file["truth"].shape).astype("u1")
        file = self.inspect("--measure", "pearson", hypotheses=(
            f"planted=regex:{PATTERN}", f"labels=labels:{self.folder}/units.h5:truth", f"chance=labels:{self.folder}/units.h5:chance"))
        value = file["scores/pearson/value"][()]
        np.testing.assert_allclose(value[:, 0], value[:, 1], rtol=1e-12)
        self.assertLess(np.nanmax(np.abs(value[:, 2])), 0.06)
        np.testing.assert_array_equal(file["scores/pearson/rows"][()].ravel()[:1], [len(self.truth)])

    def test_any_number_of_ranks(self):
        words = ("--measure", "pearson", "--measure", "mutual-information", "--measure", "logistic", "--holdout", "modulo:5")
        one = self.inspect(*words)
        alone = {name: one[f"scores/{name}/value"][()] for name in ("pearson", "mutual-information", "logistic")}
        one.close()
        for count in (2, 3):
            many = self.inspect(*words, ranks=count)
            for name, value in alone.items():
                np.testing.assert_allclose(many[f"scores/{name}/value"][()], value, rtol=0, err_msg=f"{name} on {count} ranks",
                                           atol=1e-6 if name == "logistic" else 1e-9)
            many.close()


if __name__ == "__main__":
    main()
