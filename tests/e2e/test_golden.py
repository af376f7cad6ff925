#!/usr/bin/python3
"""The figures that real models and data must reach; skipped without the reference data beside the checkout."""
import csv
import gzip
import json

import numpy as np

from sonde_case import columns, digest, main, options, shared
from test_findings import GENERATED, Findings


class Mnist(Findings):
    """DeepXplore's own LeNets on MNIST's test set."""

    def words(self, *more):
        models = [shared(f"data/mnist/lenet{n}.h5") for n in (1, 4, 5)]
        return options(models, shared("data/mnist/t10k-images-idx3-ubyte.gz"), "--preprocess", "scale=1/255", *more)

    def test_published(self):
        summary = self.folder / "summary.json"
        path = self.generate(*self.words("--mode", "published", "--constraint", "light", "--lambda1", "1", "--lambda2", "0.1",
                                         "--threshold", "0", "--max-iterations", "20", "--num-seeds", "2000", "--summary", summary),
                             ranks=2, timeout=240)
        told = json.loads(summary.read_text())
        agreeing = told["seeds"] - told["already_differed"]
        self.assertEqual(told["seeds"], 2000)
        self.assertGreaterEqual(told["generated"], 0.7 * agreeing)
        covered, units = (sum(model[key] for model in told["coverage"]) for key in ("covered", "units"))
        self.assertEqual(units, 52 + 148 + 268)
        self.assertGreaterEqual(covered, 0.95 * units)
        self.assertIn("coverage holds", self.verify(path))

    def test_valid(self):
        for constraint in ("none", "light", "occlusion", "blackout"):
            path = self.generate(*self.words("--constraint", constraint, "--num-seeds", "200"))
            self.assertIn("coverage holds", self.verify(path))
            inputs, seeds, table = self.found(path)
            flat = inputs.reshape(len(inputs), -1)
            self.assertTrue((flat.min(axis=1) < flat.max(axis=1)).all())
            self.assertTrue((flat != seeds.reshape(flat.shape)).any(axis=1).all())
            self.assert_labels_differ(table)


class Pdf(Findings):
    """135 standardised features; the published lists of what may grow and what is free (DeepXplore, PDF/configs.py)."""
    INCREMENT = [*range(10, 27), *range(28, 41), 42, 43, 119]
    FREE = [0, 1, 4, 5, 6, 46, 47, 49, 50, 53, 54, 55, 60, 61, 64, 65, 66, 75, 76, 108, 109, 112, 113, 114, 120, 121, *range(124, 129),
            *range(131, 135)]

    def test_rules(self):
        models = [shared(f"data/pdf/dense200x{n}.h5") for n in (2, 3, 4)]
        data = shared("data/pdf/test.csv.gz")
        with gzip.open(data, "rt", newline="") as file:
            names = next(csv.reader(file))[2:]
        self.assertEqual((len(self.INCREMENT), len(self.FREE), len(names)), (33, 35, 135))
        rules = self.folder / "rules.csv"
        rules.write_text("name,rule,min,max,integer\n" + "".join(f"{names[i]},increase,,,1\n" for i in self.INCREMENT)
                         + "".join(f"{names[i]},any,,,1\n" for i in self.FREE))
        path = self.generate(*options(models, data, "--columns", f"{names[0]}-{names[-1]}", "--constraint", f"features:{rules}",
                                      "--lambda1", "2", "--step", "0.1", "--num-seeds", "300", "--max-iterations", "60"))
        self.assertIn("coverage holds", self.verify(path))
        inputs, seeds, table = self.found(path)
        self.assertGreaterEqual(len(inputs), 100)
        self.assert_labels_differ(table)
        changed = inputs != seeds
        self.assertTrue((inputs[:, self.INCREMENT] >= seeds[:, self.INCREMENT]).all(), "a count went down")
        frozen = [i for i in range(135) if i not in self.INCREMENT + self.FREE]
        self.assertFalse(changed[:, frozen].any(), "a frozen feature has changed")
        self.assertTrue((inputs[changed] == np.rint(inputs[changed])).all(), "a change is not rounded")


class Steering(Findings):
    """Two regression nets with a Lambda layer, by the published rule."""

    def words(self, *more):
        models = [shared(f"data/steering/{name}_weights.h5") for name in ("rgb", "yuv")]
        return options(models, shared("data/steering/frames"), "--preprocess", "crop=rows:40:-20,resize=66x200:area,scale=1",
                       "--constraint", "light:factor=10", *more)

    def test_regression_rule(self):
        path = self.generate(*self.words("--lambda", "lambda_1=0.00784313725490196,-1", "--num-seeds", "24", "--max-iterations", "10"), timeout=240)
        self.assertIn("coverage holds", self.verify(path))
        table = columns(path, "findings")
        self.assertTrue((table["kind"] == GENERATED).any())
        first, second = table["output_0"], table["output_1"]
        self.assertTrue((np.abs(first - second) > 0.2).all())
        self.assertTrue((np.minimum(first, second) <= 0).all() and (np.maximum(first, second) >= 0).all(), "all of one sign")

    def test_lambda_must_be_given(self):
        done = self.run_sonde("generate", *self.words(), "--out", self.folder / "out.h5")
        self.assertEqual(done.returncode, 2)
        self.assertIn("lambda_1", done.stderr)


class ImageNet(Findings):
    def test_differences(self):
        models = [shared(f"data/imagenet/{name}_rgb255.onnx") for name in ("squeezenet11_torchvision", "squeezenet11_caffe", "darknet_tiny")]
        words = options(models, shared("data/imagenet/seeds"), "--preprocess", "resize=shorter:256,crop=224x224,scale=1", "--constraint", "none",
                        "--num-seeds", "12", "--batch", "4", "--first-round", "8", "--max-iterations", "4")
        path = self.generate(*words, timeout=240)
        self.assertIn("coverage holds", self.verify(path))
        inputs, seeds, table = self.found(path)
        self.assert_labels_differ(table)
        self.assertTrue((inputs != seeds).reshape(len(inputs), -1).any(axis=1).all())
        self.assertEqual(digest(path), digest(self.generate(*words, ranks=2, out="two.h5", timeout=240)))


if __name__ == "__main__":
    main()
