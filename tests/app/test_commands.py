"""sonde describe, coverage and extract, run as a user runs them."""
import json
import os
import pathlib
import sys

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(os.environ["SONDE_SOURCE_DIR"]) / "tests" / "e2e"))
from sonde_case import FASHION, FASHION_MODELS, FASHION_SEEDS, Case, columns, conv_model, dense_model, digest, main, shared  # noqa: E402

LABELS = FASHION / "seeds-labels-idx1-ubyte.gz"


class CommandCase(Case):
    def done(self, *words, **keywords):
        """Output of a run that must succeed."""
        result = self.run_sonde(*words, **keywords)
        self.assertEqual(result.returncode, 0, f"{words}\n{result.stderr}{result.stdout}")
        return result.stdout

    def refused(self, *words, ranks=1):
        """The one message of a run that must end with status 2."""
        result = self.run_sonde(*words, ranks=ranks)
        self.assertEqual(result.returncode, 2, f"{words}\n{result.stderr}{result.stdout}")
        messages = [line for line in result.stderr.split("\n") if line.startswith("sonde: ")]
        self.assertEqual(len(messages), 1, result.stderr)
        return messages[0]


class Describe(CommandCase):
    def test_keras_model(self):
        model = conv_model(self.folder / "m.h5", (28, 28, 3), seed=1)
        text = self.done("describe", model)
        for words in ("28x28x3", "classes", "conv2d", "6 as conv", "6 as pool", "5 as fc", "17 neurons in 3 layers", "backend     cpu/"):
            self.assertIn(words, text)

    def test_json_of_several_models(self):
        facts = json.loads(self.done("describe", *FASHION_MODELS, "--json", ranks=2))
        self.assertEqual([f["counted_units"] for f in facts], [52, 148, 268])
        self.assertEqual([f["parameters"] for f in facts], [7206, 69362, 107786])
        first = facts[0]
        self.assertEqual((first["format"], first["input_shape"], first["task"], first["outputs"]), ("onnx", "1x28x28", "classes", 10))
        self.assertEqual(len(first["sha256"]), 64)
        self.assertEqual(sum(c["units"] for n in first["nodes"] for c in n["counted_as"]), 52)
        self.assertEqual(first["nodes"][0]["shape"], [28, 28, 1])

    def test_supported_ops(self):
        text = self.done("describe", "--ops")
        for name in ("Conv2D", "BatchNormalization", "GlobalAveragePool", "Gemm"):
            self.assertIn(name, text)
        self.assertIn("Relu", json.loads(self.done("describe", "--ops", "--json"))["onnx"])

    def test_refusals(self):
        self.assertIn("no model is named", self.refused("describe"))
        self.assertIn("absent.onnx", self.refused("describe", "absent.onnx", ranks=2))
        self.assertIn("--backned", self.refused("describe", "--backned", "cpu"))
        text = self.done("describe", FASHION_MODELS[0], "--backend", "cuda")  # says why, or that there is one
        self.assertRegex(text, r"backend +(none: |cuda)")


class Coverage(CommandCase):
    def words(self, *more, models=FASHION_MODELS):
        given = [word for model in models for word in ("--model", model)]
        return ["coverage", *given, "--data", FASHION_SEEDS, "--preprocess", "scale=1/255", *more]

    def test_accuracy_disagreement_and_layers(self):
        expected = json.loads((FASHION / "accuracies.json").read_text())
        out = self.folder / "c.h5"
        text = self.done(*self.words("--labels", LABELS, "--criterion", "nc:threshold=0.25", "--criterion", "nc:threshold=0.75", "--out", out))
        scores = columns(out, "scores")
        for accuracy, model in zip(scores["accuracy"], expected["models"].values()):
            self.assertAlmostEqual(accuracy, model["seed_accuracy"], places=12)
            self.assertIn(f"{accuracy:.4g}", text)
        answers = columns(out, "answers")
        differ = (answers["label_0"] != answers["label_1"]) | (answers["label_0"] != answers["label_2"])
        self.assertEqual(differ.sum(), expected["seed_images_on_which_they_disagree"])
        self.assertIn(f"{differ.sum()} of 1000 records", text)
        self.assertAlmostEqual((answers["label_1"] == answers["given"]).mean(), scores["accuracy"][1])
        with h5py.File(out) as file:
            self.assertEqual(file["answers"].attrs["disagreements"], differ.sum())
            self.assertEqual(list(file["coverage/1"]), ["nc:threshold=0.25", "nc:threshold=0.75"])
            low, high = (file[f"coverage/1/nc:threshold={t}"] for t in ("0.25", "0.75"))
            self.assertEqual(low["layer_sizes"][()].sum(), 148)
            self.assertEqual(len(low["layer_names"]), len(low["layer_sizes"]))
            self.assertTrue((high["covered"][()] <= low["covered"][()]).all())
            self.assertIn(f"{low['covered'][()].sum()} of 148", text)

    def test_coverage_is_that_of_the_extracted_values(self):
        out, values = self.folder / "c.h5", self.folder / "v.h5"
        self.done(*self.words("--criterion", "nc:threshold=0.4", "--out", out, models=FASHION_MODELS[:1]))
        self.done("extract", "--model", FASHION_MODELS[0], "--data", FASHION_SEEDS, "--preprocess", "scale=1/255", "--units", "*", "--reduce",
                  "scaled", "--out", values)
        with h5py.File(out) as file, h5py.File(values) as scaled:
            self.assertEqual(file["coverage/0/nc:threshold=0.4/covered"][()].tolist(), (scaled["behaviors"][()] > 0.4).any(0).tolist())

    def test_ranks_and_threads_change_nothing(self):
        digests = set()
        for ranks, threads in ((1, 1), (3, 1), (2, 2), (1, 3)):
            out = self.folder / f"{ranks}-{threads}.h5"
            self.done(*self.words("--labels", LABELS, "--threads", threads, "--out", out, "--batch", "48"), ranks=ranks)
            digests.add(digest(out))
        self.assertEqual(len(digests), 1)

    def test_regression_scores(self):
        model = dense_model(self.folder / "m.h5", [4, 8, 1], seed=3, last="linear")
        other = dense_model(self.folder / "n.h5", [4, 8, 1], seed=4, last="linear")
        draws = np.random.default_rng(5)
        np.save(self.folder / "x.npy", draws.normal(size=(300, 4)).astype("f4"))
        target = draws.normal(size=300).astype("f4")
        np.save(self.folder / "y.npy", target)
        target = target.astype("f8")
        out = self.folder / "c.h5"
        text = self.done("coverage", "--model", model, "--model", other, "--data", self.folder / "x.npy", "--labels", self.folder / "y.npy",
                         "--divergence", "0.5", "--out", out, ranks=2)
        answers, scores = columns(out, "answers"), columns(out, "scores")
        a, b = answers["output_0"].astype("f8"), answers["output_1"].astype("f8")
        self.assertAlmostEqual(scores["rmse"][0], np.sqrt(np.mean((a - target) ** 2)), places=12)
        self.assertAlmostEqual(scores["mean_absolute_error"][1], np.mean(np.abs(b - target)), places=12)
        self.assertAlmostEqual(scores["correlation"][0], np.corrcoef(a, target)[0, 1], places=9)
        self.assertAlmostEqual(scores["r2"][0], 1 - np.sum((a - target) ** 2) / np.sum((target - target.mean()) ** 2), places=9)
        self.assertTrue(np.isnan(scores["accuracy"]).all())
        differ = int(np.sum((np.abs(a - b) > 0.5) & ~((a > 0) & (b > 0)) & ~((a < 0) & (b < 0))))
        self.assertGreater(differ, 0)
        self.assertIn(f"{differ} of 300 records", text)

    def test_refusals(self):
        self.assertIn("Choose one of: nc", self.refused(*self.words("--criterion", "kmnc:k=3"), ranks=2))
        self.assertIn("stands twice", self.refused(*self.words("--criterion", "nc:threshold=0.5", "--criterion", "nc:threshold=.5")))
        self.assertIn("threshold", self.refused(*self.words("--criterion", "nc:threshold=2")))
        np.save(self.folder / "labels.npy", np.full(1000, 10, "i4"))
        self.assertIn("record 0 is 10", self.refused(*self.words("--labels", self.folder / "labels.npy")))
        np.save(self.folder / "short.npy", np.zeros(999, "i4"))
        self.assertIn("999 for 1000", self.refused(*self.words("--labels", self.folder / "short.npy")))
        self.assertIn("--model", self.refused(*self.words(models=[])))
        self.assertIn("there is no folder", self.refused(*self.words("--out", self.folder / "no" / "c.h5")))

    def test_a_record_that_cannot_be_read_in_mid_run(self):
        model = dense_model(self.folder / "m.h5", [2, 3, 2], seed=3)
        values = np.zeros((300, 2), "f4")
        values[290] = np.nan
        np.save(self.folder / "x.npy", values)
        for ranks in (1, 3):
            self.assertIn("290", self.refused("coverage", "--model", model, "--data", self.folder / "x.npy", ranks=ranks))
            self.assertIn("290", self.refused("extract", "--model", model, "--data", self.folder / "x.npy", "--units", "*", "--out",
                                              self.folder / "e.h5", ranks=ranks))
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["m.h5", "x.npy"])

    def test_dry_run_writes_nothing(self):
        text = self.done(*self.words("--dry-run", "--out", self.folder / "c.h5"), ranks=2)
        for words in ("1000 records of 28x28x1", "memory", "time    about"):
            self.assertIn(words, text)
        self.assertEqual(list(self.folder.iterdir()), [])


class Extract(CommandCase):
    def extract(self, *words, name="e.h5", model=FASHION_MODELS[0], **keywords):
        out = self.folder / name
        self.done("extract", "--model", model, "--data", FASHION_SEEDS, "--preprocess", "scale=1/255", "--out", out, *words, **keywords)
        with h5py.File(out) as file:
            return file["behaviors"][()], [(layer.decode(), unit) for layer, unit in zip(file["units/layer"][()], file["units/unit"][()])]

    def layers(self):
        facts = json.loads(self.done("describe", FASHION_MODELS[0], "--json"))[0]
        return {c["layer"]: node for node in facts["nodes"] for c in node["counted_as"]}

    def test_reductions_agree_with_the_maps(self):
        layer, node = next((name, n) for name, n in self.layers().items() if len(n["shape"]) == 3)
        units = node["shape"][2]
        maps, names = self.extract("--units", layer, "--reduce", "map")
        self.assertEqual(maps.shape, (1000, *node["shape"]))
        self.assertEqual(names, [(layer, u) for u in range(units)])
        wide = maps.astype("f8")
        mean, _ = self.extract("--units", layer, name="mean.h5")
        largest, _ = self.extract("--units", layer, "--reduce", "max", name="max.h5")
        scaled, _ = self.extract("--units", layer, "--reduce", "scaled", name="scaled.h5")
        np.testing.assert_allclose(mean, wide.mean((1, 2)), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(largest, maps.max((1, 2)))
        least, most = (f(wide, axis=(1, 2, 3), keepdims=True) for f in (np.min, np.max))
        np.testing.assert_allclose(scaled, ((wide - least) / (most - least)).mean((1, 2)), rtol=1e-5, atol=1e-6)
        part, names = self.extract("--units", f"{layer}:1-2", "--reduce", "map", name="part.h5")
        np.testing.assert_array_equal(part, maps[..., 1:3])
        self.assertEqual(names, [(layer, 1), (layer, 2)])

    def test_all_layers_and_nodes_that_do_not_count(self):
        all_values, names = self.extract("--units", "*")
        self.assertEqual(all_values.shape, (1000, 52))
        self.assertEqual([layer for layer, _ in names], [c for c, n in self.layers().items() for _ in range(n["shape"][-1])])
        facts = json.loads(self.done("describe", FASHION_MODELS[0], "--json"))[0]
        conv = next(n for n in facts["nodes"] if n["op"] == "conv2d" and not n["counted_as"])
        before, _ = self.extract("--units", "node=" + conv["name"], "--reduce", "map", name="conv.h5")
        self.assertLess(before.min(), 0)  # not yet rectified
        layer = next(c for c, n in self.layers().items() if n["shape"] == conv["shape"])
        after, _ = self.extract("--units", layer, "--reduce", "map", name="relu.h5")
        np.testing.assert_allclose(np.maximum(before, 0), after, rtol=1e-5, atol=1e-6)

    def test_ranks_and_threads_change_nothing(self):
        digests = set()
        for ranks, threads in ((1, 1), (3, 1), (2, 2), (4, 1)):
            name = f"{ranks}-{threads}.h5"
            self.extract("--units", "*", "--threads", threads, name=name, ranks=ranks)
            digests.add(digest(self.folder / name))
        self.assertEqual(len(digests), 1)

    def test_refusals(self):
        base = ["extract", "--model", FASHION_MODELS[0], "--data", FASHION_SEEDS, "--preprocess", "scale=1/255"]
        out = ["--out", self.folder / "e.h5"]
        layers = list(self.layers())
        message = self.refused(*base, *out, "--units", "conv9", ranks=2)
        for layer in layers:
            self.assertIn(layer, message)
        self.assertIn("the units 0 to", self.refused(*base, *out, "--units", f"{layers[0]}:0-4"))
        self.assertIn("no units are named", self.refused(*base, *out))
        self.assertIn("Choose one of: map, max, mean, scaled", self.refused(*base, *out, "--units", "*", "--reduce", "sum"))
        self.assertIn("they share one array", self.refused(*base, *out, "--units", "*", "--reduce", "map"))
        self.assertIn("extract reads one", self.refused(*base, *out, "--units", "*", "--model", FASHION_MODELS[1]))
        self.assertIn("no result file is named", self.refused(*base, "--units", "*"))
        (self.folder / "e.h5").write_text("mine")
        self.assertIn("--overwrite", self.refused(*base, *out, "--units", "*"))
        self.assertEqual((self.folder / "e.h5").read_text(), "mine")

    def test_facts_about_the_run(self):
        self.extract("--units", "*")
        with h5py.File(self.folder / "e.h5") as file:
            about = {key: value.decode() if isinstance(value, bytes) else value for key, value in file.attrs.items()}
            self.assertEqual((about["schema"], about["complete"], about["ranks"]), ("sonde-extract", 1, 1))
            self.assertIn("units = *", file["config"][()].decode())
            self.assertEqual(file["models/0/path"][()].decode(), str(FASHION_MODELS[0]))
            self.assertEqual(file["data"].attrs["size"], 1000)
            self.assertEqual(file["behaviors"].dtype, np.float32)


class ReferenceData(CommandCase):
    """Numbers measured with other implementations on the models that DeepXplore and others published."""

    def coverage(self, folder, models, *words):
        folder = shared(f"data/{folder}")
        given = [word for model in models for word in ("--model", folder / model)]
        return self.done("coverage", *given, *(folder / w[1:] if str(w).startswith("@") else w for w in words))

    def test_mnist(self):
        text = self.coverage("mnist", ["lenet1.h5", "lenet4.h5", "lenet5.h5"], "--data", "@t10k-images-idx3-ubyte.gz", "--labels",
                             "@t10k-labels-idx1-ubyte.gz", "--preprocess", "scale=1/255", "--criterion", "nc:threshold=0", "--criterion",
                             "nc:threshold=0.25", "--criterion", "nc:threshold=0.5", "--criterion", "nc:threshold=0.75")
        for words in ("(9788 of 10000)", "(9852 of 10000)", "(9881 of 10000)", "248 of 10000", "266 of 268", "29 of 52 (55.8 %)",
                      "110 of 148 (74.3 %)", "221 of 268 (82.5 %)", "20 of 52 (38.5 %)", "98 of 148 (66.2 %)", "175 of 268 (65.3 %)"):
            self.assertIn(words, text)

    def test_pdf(self):
        text = self.coverage("pdf", ["dense200x2.h5", "dense200x3.h5", "dense200x4.h5"], "--data", "@test.csv.gz", "--columns", "2-136",
                             "--label-column", "class")
        for words in ("(9648 of 10000)", "(9659 of 10000)", "(9615 of 10000)", "92 of 10000"):
            self.assertIn(words, text)

    def test_cifar(self):
        text = self.coverage("cifar10", ["mlperf_pretrainedResnet.h5", "mlperf_pretrainedResnet_alt.h5", "mlperf_trainedResnet_20201216.h5"],
                             "--data", "@test100.csv", "--label-column", "0", "--preprocess", "shape=32x32x3", "--input-range", "0,255")
        for words in ("(88 of 100)", "(87 of 100)", "(78 of 100)"):
            self.assertIn(words, text)

    def test_tables(self):
        text = self.coverage("tabular", ["AC-1.h5", "AC-3.h5", "AC-6.h5"], "--data", "@adult_processed.csv.gz", "--label-column", "label")
        accuracies = [float(line.split()[1]) for line in text.split("\n") if line.startswith("  accuracy")]
        self.assertEqual(len(accuracies), 3)
        for accuracy in accuracies:
            self.assertTrue(0.81 <= accuracy <= 0.85, accuracy)

    def test_steering(self):
        """Correlation with the human; yuv .244 and bgr-read yuv .468 by PyTorch with a like resize."""
        for model, steps, expected in (("yuv_full.h5", "crop=rows:50:140,blur=3,resize=66x200:area,color=yuv", 0.246),
                                       ("rgb_weights.h5", "crop=rows:40:-20,resize=66x200:area", 0.514)):
            text = self.coverage("steering", [model], "--lambda", "lambda_1=0.00784313725490196,-1", "--data", "@frames", "--preprocess",
                                 steps + ",scale=1", "--labels", "@frames.csv", "--label-column", "steering")
            line = next(line for line in text.split("\n") if line.startswith("  correlation"))
            self.assertAlmostEqual(float(line.split()[1]), expected, delta=0.005)


if __name__ == "__main__":
    main()
