#!/usr/bin/python3
"""Findings obey their constraint and the rules of their domain, as the stored bytes show."""
import unittest

import h5py
import numpy as np

from sonde_case import Case, columns, dense_model, fashion, main, options

GENERATED = 1


class Findings(Case):
    def found(self, path):
        """(inputs, seeds, table) of what was generated, as float64; at least one."""
        table, data = columns(path, "findings"), columns(path, "finding_data")
        rows = table["kind"] == GENERATED
        self.assertTrue(rows.any(), "nothing was generated, nothing is shown")
        return (data["input"][rows].astype("f8"), data["seed"][rows].astype("f8"),
                {name: values[rows] for name, values in table.items()})

    def assert_labels_differ(self, table):
        labels = np.stack([values for name, values in table.items() if name.startswith("label_")])
        self.assertTrue((labels != labels[0]).any(axis=0).all())

    def assert_distances(self, inputs, seeds, table, span):
        change = (np.abs(inputs - seeds) / span).reshape(len(inputs), -1)
        np.testing.assert_allclose(table["l1"], change.sum(axis=1), rtol=1e-9)
        np.testing.assert_allclose(table["l2"], np.sqrt((change ** 2).sum(axis=1)), rtol=1e-9)
        np.testing.assert_allclose(table["linf"], change.max(axis=1), rtol=1e-9)


class Images(Findings):
    """Valid mode on 8-bit images: what every finding must be, and what its constraint allows."""

    def valid(self, *more, found=1):
        path = self.generate(*fashion("--num-seeds", "160", *more))
        self.assertIn("coverage holds", self.verify(path))
        with h5py.File(path) as file:
            self.assertEqual(file["finding_data/input"].dtype, np.uint8)
        inputs, seeds, table = self.found(path)
        self.assertGreaterEqual(len(inputs), found)
        flat = inputs.reshape(len(inputs), -1)
        self.assertTrue((flat.min(axis=1) < flat.max(axis=1)).all(), "a finding is constant")
        self.assertTrue((inputs != seeds).reshape(len(inputs), -1).any(axis=1).all(), "a finding is its seed")
        self.assertTrue((table["valid"] == 1).all())
        self.assertTrue(((table["iterations"] >= 1) & (table["iterations"] <= 20)).all())
        self.assert_labels_differ(table)
        self.assert_distances(inputs, seeds, table, 255)
        return inputs[..., 0], seeds[..., 0], table

    def test_none(self):
        self.valid("--constraint", "none", found=100)

    def test_light(self):
        inputs, seeds, _ = self.valid("--constraint", "light", found=20)
        for image, seed in zip(inputs, seeds):
            # Clipped shifts one after another: clamp(seed + shift, low, high).
            inside = (image > image.min()) & (image < image.max())
            if inside.any():
                shift = (image - seed)[inside]
                self.assertLessEqual(shift.max() - shift.min(), 1, "pixels change by different amounts")  # 1: a tie of rounding
            order = np.argsort(seed, axis=None, kind="stable")
            self.assertTrue((np.diff(image.ravel()[order]) >= -1).all(), "the order of the pixels has changed")

    def test_occlusion(self):
        for text, rows, cols in [("occlusion", slice(0, 10), slice(0, 10)),
                                 ("occlusion:row=8,col=5,height=12,width=20", slice(8, 20), slice(5, 25))]:
            inputs, seeds, _ = self.valid("--constraint", text, found=5)
            change = inputs != seeds
            self.assertTrue(change[:, rows, cols].any())
            change[:, rows, cols] = False
            self.assertFalse(change.any(), "a pixel outside the rectangle has changed")

    def test_blackout(self):
        inputs, seeds, _ = self.valid("--constraint", "blackout:size=6,count=2", "--max-iterations", "20", found=5)
        self.assertTrue((inputs <= seeds).all(), "a pixel got brighter")
        self.assertTrue((inputs[inputs < seeds] == 0).all(), "with a step of the whole range a dark pixel is black")

    def test_bounds(self):
        inputs, seeds, table = self.valid("--constraint", "none", "--max-linf", "0.1", "--max-l2", "1.5", "--step", "0.05", found=5)
        self.assertLessEqual(np.abs(inputs - seeds).max(), 0.1 * 255)
        self.assertLessEqual(table["l2"].max(), 1.5 + 1e-6)

    def test_levels(self):
        inputs, seeds, _ = self.found(self.generate(*fashion("--num-seeds", "64", "--quantize", "2", "--constraint", "none")))
        self.assertTrue(np.isin(inputs[inputs != seeds], [0, 255]).all(), "a changed value is on neither of two levels")

    def test_fixed_target_and_probability(self):
        _, _, table = self.valid("--constraint", "light", "--target", "2", "--objective", "probability")
        self.assertEqual(set(table["target_model"]), {2})

    def test_two_models(self):
        words = fashion("--num-seeds", "64", "--constraint", "light")[2:]
        path = self.generate(*words)
        self.verify(path)
        self.assertEqual({name for name in columns(path, "findings") if name.startswith("label_")}, {"label_0", "label_1"})

    def test_published(self):
        """Left as the program leaves them, and judged by what a file of bytes would keep."""
        path = self.generate(*fashion("--num-seeds", "160", "--constraint", "occlusion", "--mode", "published"))
        self.assertIn("coverage holds", self.verify(path))
        inputs, seeds, table = self.found(path)
        self.assertEqual(set(table["target_model"]), {0})
        self.assertTrue((inputs < 0).any() or (inputs > 255).any(), "a step of ten times the range stays inside it")
        self.assert_distances(inputs, seeds, table, 255)
        self.assertTrue((table["valid"] == 0).any())
        # The valid ones, saved as bytes, still differ.
        saved = np.clip(np.rint(inputs), 0, 255)
        self.assertFalse((table["valid"][(saved == seeds).reshape(len(saved), -1).all(axis=1)] == 1).any())

    def test_float_images(self):
        from sonde_case import FASHION_MODELS, FASHION_SEEDS
        import gzip
        pixels = np.frombuffer(gzip.decompress(FASHION_SEEDS.read_bytes()), "u1", offset=16).reshape(-1, 28, 28)
        np.save(self.folder / "floats.npy", (pixels[:64] / 255).astype("f4"))
        path = self.generate(*options(FASHION_MODELS, self.folder / "floats.npy", "--input-range", "0,1", "--constraint", "light"))
        self.verify(path)
        inputs, _, _ = self.found(path)
        self.assertTrue(((inputs >= 0) & (inputs <= 1)).all())


class Tables(Findings):
    """Rules per feature: freeze, increase, any, add-only; bounds; whole numbers."""

    def models(self, features, last="softmax", outputs=2):
        return [dense_model(self.folder / f"m{seed}.h5", [features, 16, outputs], seed, last=last) for seed in (1, 2, 3)]

    def test_every_rule(self):
        rules = ("name,rule,min,max,integer\nup,increase,,,\nup_whole,increase,,5,1\nany,any,-0.5,0.5,\nany_whole,any,,,1\n"
                 "flag,add-only,,,\nkept,freeze,0,0.1,1\n")
        (self.folder / "rules.csv").write_text(rules)
        names = ["up", "up_whole", "any", "any_whole", "flag", "kept", "unnamed"]
        draws = np.random.default_rng(5)
        values = draws.normal(0, 1, (150, 7))
        values[:, 1] = draws.choice([0, 1.4, 3, 9], 150)  # fractions and values above the bound are what a file may hold
        values[:, 4] = draws.integers(0, 2, 150)
        with open(self.folder / "seeds.csv", "w") as file:
            file.write(",".join(names) + "\n")
            np.savetxt(file, values, delimiter=",", fmt="%.6g")
        path = self.generate(*options(self.models(7), self.folder / "seeds.csv", "--constraint", f"features:{self.folder}/rules.csv",
                                      "--step", "0.3", "--max-iterations", "40"))
        self.verify(path)
        inputs, seeds, table = self.found(path)
        self.assert_labels_differ(table)
        up, up_whole, free, whole, flag, kept, unnamed = inputs.T
        before = dict(zip(names, seeds.T))
        self.assertTrue((up >= before["up"]).all() and (up > before["up"]).any())
        self.assertTrue((up_whole >= before["up_whole"]).all(), "rounding or a bound took a feature down")
        changed = up_whole != before["up_whole"]
        self.assertTrue(changed.any() and (up_whole[changed] == np.rint(up_whole[changed])).all() and (up_whole[changed] <= 5).all())
        changed = free != before["any"]
        self.assertTrue(changed.any() and (np.abs(free[changed]) <= 0.5).all())
        changed = whole != before["any_whole"]
        self.assertTrue(changed.any() and (whole[changed] == np.rint(whole[changed])).all())
        self.assertTrue(np.isin(flag, [0, 1]).all() and (flag >= before["flag"]).all() and (flag > before["flag"]).any())
        self.assertTrue((kept == before["kept"]).all() and (unnamed == before["unnamed"]).all(), "a frozen feature has changed")

    def test_flags_of_bytes(self):
        """Drebin's rule on 8-bit flags: whatever range the type has, 0 becomes 1."""
        draws = np.random.default_rng(6)
        np.save(self.folder / "flags.npy", draws.integers(0, 2, (80, 12), dtype="u1"))
        (self.folder / "rules.csv").write_text("*,add-only\n")
        path = self.generate(*options(self.models(12), self.folder / "flags.npy", "--constraint", f"features:{self.folder}/rules.csv"))
        self.verify(path)
        inputs, seeds, _ = self.found(path)
        self.assertTrue(np.isin(inputs, [0, 1]).all())
        self.assertTrue((inputs >= seeds).all())

    def test_integers(self):
        for kind in ("i4", "u8"):
            np.save(self.folder / "whole.npy", np.random.default_rng(7).integers(0, 9, (80, 6)).astype(kind))
            (self.folder / "rules.csv").write_text("0,any\n1,any,0.5,2.5\n2,increase\n")
            path = self.generate(*options(self.models(6), self.folder / "whole.npy", "--constraint", f"features:{self.folder}/rules.csv",
                                          "--step", "0.7"))
            self.verify(path)
            inputs, seeds, _ = self.found(path)
            with h5py.File(path) as file:
                self.assertEqual(file["finding_data/input"].dtype, np.dtype(kind))
            changed = inputs[:, 1] != seeds[:, 1]
            self.assertTrue(np.isin(inputs[changed, 1], [1, 2]).all())
            self.assertTrue((inputs[:, 2] >= seeds[:, 2]).all())
            self.assertTrue((inputs[:, 3:] == seeds[:, 3:]).all())

    def test_huge_integers(self):
        """As far as the type and float32 go: no wrap around."""
        top = np.iinfo("i8").max
        np.save(self.folder / "huge.npy", np.array([[top, -top, 5, 1]] * 8, "i8"))
        path = self.generate(*options(self.models(4), self.folder / "huge.npy", "--constraint", "none", "--step", "1e30",
                                      "--preprocess", "scale=1e-18"))
        data = columns(path, "finding_data")
        self.assertTrue((data["seed"][:, 0] == top).all())
        self.assertTrue((np.abs(data["input"][:, 2].astype("f8")) <= 2 ** 24).all())

    def test_binary_rule(self):
        values = np.random.default_rng(8).normal(0, 1, (60, 5))
        np.savetxt(self.folder / "seeds.csv", values, delimiter=",", fmt="%.6g")
        path = self.generate(*options(self.models(5, last="sigmoid", outputs=1), self.folder / "seeds.csv"))
        self.verify(path)
        _, _, table = self.found(path)
        self.assert_labels_differ(table)
        self.assertTrue(np.isin(table["label_0"], [0, 1]).all())
        self.assertTrue((table["confidence_0"] >= 0.5).all(), "confidence is in the label given")

    def test_regression_rule(self):
        values = np.random.default_rng(9).normal(0, 1, (60, 5))
        np.savetxt(self.folder / "seeds.csv", values, delimiter=",", fmt="%.6g")
        for divergence in (0.2, 1.5):
            path = self.generate(*options(self.models(5, last="tanh", outputs=1), self.folder / "seeds.csv", "--divergence", divergence))
            self.verify(path)
            table = columns(path, "findings")
            self.assertTrue((table["kind"] == GENERATED).any())
            outputs = np.stack([table[f"output_{k}"] for k in range(3)])
            self.assertTrue((outputs.max(axis=0) - outputs.min(axis=0) > divergence).all())
            self.assertFalse((outputs > 0).all(axis=0).any() or (outputs < 0).all(axis=0).any(), "all of one sign")
            self.assertNotIn("seed_label", table)


if __name__ == "__main__":
    main()
