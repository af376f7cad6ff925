#!/usr/bin/python3
"""Bad input ends with exit status 2, one message that says what, why and what to do, and nothing half-written."""
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import h5py
import numpy as np
from PIL import Image

from sonde_case import (Case, FASHION_MODELS, FASHION_SEEDS, MPIEXEC, SONDE, conv_model, dense_model, fashion, keras_model, main,
                        options)

SCALE = ("--preprocess", "scale=1/255")


def noise(length):
    return np.random.default_rng(1).bytes(length)


class BadInput(Case):
    def assert_refused(self, words, *texts, ranks=1, out=None):
        """PROBLEM (WHY IT IS ONE). SUGGESTION, said once, naming every text."""
        path = pathlib.Path(out or self.folder / "out.h5")
        before = sorted(p.name for p in self.folder.iterdir())
        done = self.run_sonde("generate", *words, "--out", path, ranks=ranks, timeout=60)
        told = f"{words} on {ranks} rank(s):\n{done.stderr}{done.stdout}"
        self.assertEqual(done.returncode, 2, told)
        for text in texts:
            self.assertIn(text, done.stderr, told)
        messages = [line for line in done.stderr.split("\n") if line.startswith("sonde: ")]
        self.assertEqual(len(messages), 1, told)
        # What is wrong with a word of the command line is plain to see; what is wrong with a file needs a why.
        about_a_file = messages[0].startswith(("sonde: model ", "sonde: file ", "sonde: data set ", "sonde: image ", "sonde: folder "))
        self.assertRegex(messages[0], r"(?s)\(.+\)[.:] .+\.$" if about_a_file else r"(?s)\. .+\.$|is outside .+\.$",
                         "not of the form PROBLEM (WHY IT IS ONE). SUGGESTION")
        self.assertEqual(before, sorted(p.name for p in self.folder.iterdir()), "something half-written was left")

    def assert_refused_everywhere(self, words, *texts):
        for ranks in (1, 2):
            self.assert_refused(words, *texts, ranks=ranks)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def truncated(self, source, name, share=0.5):
        content = pathlib.Path(source).read_bytes()
        return self.write(name, content[:int(len(content) * share)])

    def garbage(self, name, start=b""):
        return self.write(name, start + noise(4096))

    def with_model(self, model):
        """A run of a good model and this one."""
        return options([FASHION_MODELS[0], model], FASHION_SEEDS, *SCALE)

    def with_seeds(self, seeds, *more):
        return options(FASHION_MODELS, seeds, *(more or SCALE))

    def table_models(self, inputs=3):
        return [dense_model(self.folder / f"table{seed}.h5", [inputs, 8, 2], seed) for seed in (1, 2)]


class Models(BadInput):
    def test_missing(self):
        self.assert_refused_everywhere(self.with_model(self.folder / "none.onnx"), "model ", "none.onnx")

    def test_folder(self):
        (self.folder / "folder.onnx").mkdir()
        self.assert_refused(self.with_model(self.folder / "folder.onnx"), "folder.onnx")

    def test_empty(self):
        self.assert_refused(self.with_model(self.write("empty.onnx", b"")), "empty.onnx")

    def test_truncated_onnx(self):
        for share in (0.02, 0.5, 0.99):
            self.assert_refused(self.with_model(self.truncated(FASHION_MODELS[0], "cut.onnx", share)), "cut.onnx")
        self.assert_refused(self.with_model(self.folder / "cut.onnx"), "cut.onnx", ranks=2)

    def test_garbage_onnx(self):
        self.assert_refused(self.with_model(self.garbage("noise.onnx")), "noise.onnx")

    def test_truncated_hdf5(self):
        whole = conv_model(self.folder / "whole.h5", (28, 28, 1), 1, classes=10)
        for share in (0.1, 0.5, 0.99):
            self.assert_refused(self.with_model(self.truncated(whole, "cut.h5", share)), "cut.h5")
        self.assert_refused(self.with_model(self.folder / "cut.h5"), "cut.h5", ranks=2)

    def test_garbage_hdf5(self):
        self.assert_refused(self.with_model(self.garbage("noise.h5", b"\x89HDF\r\n\x1a\n")), "noise.h5")

    def test_not_finite_weights(self):
        for bad in (np.nan, np.inf):
            def spoil(arrays):
                arrays[1][0][2, 1] = bad
            model = dense_model(self.folder / "spoilt.h5", [3, 8, 2], 1, edit=spoil)
            seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
            self.assert_refused(options([model, self.table_models()[0]], seeds), "spoilt.h5", "fc2",
                                ranks=2 if np.isnan(bad) else 1)

    def test_wrong_dtype_of_weights(self):
        def edit(arrays):
            arrays[0] = (arrays[0][0].astype("S4"), arrays[0][1])
        model = dense_model(self.folder / "texts.h5", [3, 8, 2], 1, edit=edit)
        seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
        self.assert_refused(options([model, self.table_models()[0]], seeds), "texts.h5", "fc1")

    def test_other_input_shape(self):
        model = conv_model(self.folder / "larger.h5", (32, 32, 3), 1, classes=10)
        self.assert_refused_everywhere(self.with_model(model), "larger.h5", "32x32x3", "28x28", "lenet1.onnx", "share one input")

    def test_other_number_of_classes(self):
        model = conv_model(self.folder / "five.h5", (28, 28, 1), 1, classes=5)
        self.assert_refused_everywhere(self.with_model(model), "five.h5", "5 classes", "10 classes")

    def test_none_and_one(self):
        self.assert_refused_everywhere(["--seeds", FASHION_SEEDS], "--model")
        self.assert_refused_everywhere(options(FASHION_MODELS[:1], FASHION_SEEDS, *SCALE), "at least two models")

    def test_unsupported_layer(self):
        layers = [("Dense", {"name": "first", "units": 2, "activation": "linear", "use_bias": True, "batch_input_shape": [None, 3]}),
                  ("FancyAttention", {"name": "fancy"})]
        model = keras_model(self.folder / "fancy.h5", layers, {"first": [("first/kernel:0", np.ones((3, 2), "f4")),
                                                                        ("first/bias:0", np.ones(2, "f4"))]})
        seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
        self.assert_refused_everywhere(options([model, self.table_models()[0]], seeds), "fancy.h5", "fancy", "FancyAttention", "Conv2D", "Dense")

    def test_unsupported_function(self):
        model = dense_model(self.folder / "odd.h5", [3, 8, 2], 1, last="wobble")
        seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
        self.assert_refused(options([model, self.table_models()[0]], seeds), "odd.h5", "wobble", "relu")

    def test_lambda_layer(self):
        layers = [("Lambda", {"name": "scaler", "function": ["code", None, None], "batch_input_shape": [None, 3]}),
                  ("Dense", {"name": "first", "units": 2, "activation": "softmax", "use_bias": True})]
        model = keras_model(self.folder / "lambda.h5", layers, {"first": [("first/kernel:0", np.eye(3, 2, dtype="f4")),
                                                                         ("first/bias:0", np.ones(2, "f4"))]})
        seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
        words = options([model, self.table_models()[0]], seeds)
        self.assert_refused(words, "lambda.h5", "scaler", "--lambda")
        for text in ("scaler", "scaler=1", "scaler=1,x", "scaler=nan,0"):
            self.assert_refused([*words, "--lambda", text], "--lambda")


class Seeds(BadInput):
    def test_none_named(self):
        self.assert_refused(["--model", FASHION_MODELS[0], "--model", FASHION_MODELS[1]], "--seeds")

    def test_missing(self):
        self.assert_refused_everywhere(self.with_seeds(self.folder / "none.gz"), "none.gz")

    def test_truncated_gz(self):
        for share in (0.01, 0.5, 0.999):
            self.assert_refused(self.with_seeds(self.truncated(FASHION_SEEDS, "cut-idx3-ubyte.gz", share)), "cut-idx3-ubyte.gz")
        self.assert_refused(self.with_seeds(self.folder / "cut-idx3-ubyte.gz"), "cut-idx3-ubyte.gz", ranks=2)

    def test_garbage_gz(self):
        self.assert_refused(self.with_seeds(self.garbage("noise-idx3-ubyte.gz", b"\x1f\x8b\x08\0")), "noise-idx3-ubyte.gz")

    def test_truncated_idx(self):
        inflated = gzip.decompress(FASHION_SEEDS.read_bytes())
        self.assert_refused(self.with_seeds(self.write("cut-idx3-ubyte", inflated[:5000])), "cut-idx3-ubyte", "5000")
        self.assert_refused(self.with_seeds(self.write("head-idx3-ubyte", inflated[:6])), "head-idx3-ubyte")

    def test_hostile_sizes(self):
        huge = b"\0\0\x08\x03" + b"\xff\xff\xff\xff" * 3
        self.assert_refused(self.with_seeds(self.write("huge-idx3-ubyte", huge + b"\0" * 100)), "huge-idx3-ubyte")
        header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4611686018427387904, 28, 28), }"
        npy = b"\x93NUMPY\x01\0" + (118).to_bytes(2, "little") + header.ljust(117).encode() + b"\n"
        self.assert_refused(self.with_seeds(self.write("huge.npy", npy + b"\0" * 100)), "huge.npy")

    def test_hdf5(self):
        with h5py.File(self.folder / "seeds.h5", "w") as file:
            file["x"] = np.zeros((8, 28, 28), "u1")
            file["texts"] = [b"a", b"b"]
        self.assert_refused(self.with_seeds(f"{self.folder}/seeds.h5:/none"), "seeds.h5", "none")
        self.assert_refused(self.with_seeds(f"{self.folder}/seeds.h5:/texts"), "seeds.h5", "texts")
        self.truncated(self.folder / "seeds.h5", "cut.h5", 0.4)
        self.assert_refused(self.with_seeds(f"{self.folder}/cut.h5:/x"), "cut.h5")
        self.garbage("noise.h5", b"\x89HDF\r\n\x1a\n")
        self.assert_refused(self.with_seeds(f"{self.folder}/noise.h5:/x"), "noise.h5")

    def images(self, spoil):
        """A folder of four 28x28 PNG, the third of them spoilt."""
        folder = self.folder / "images"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for i in range(4):
            values = np.random.default_rng(i).integers(0, 256, (28, 28), dtype="u1")
            Image.fromarray(values).save(folder / f"{i}.png")
        spoil(folder / "2.png")
        return self.with_seeds(folder, "--preprocess", "color=gray,scale=1/255")

    def test_truncated_png(self):
        def cut(path):
            path.write_bytes(path.read_bytes()[:-300])
        words = self.images(cut)
        self.assert_refused_everywhere(words, "2.png")

    def test_garbage_png(self):
        self.assert_refused(self.images(lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + noise(500))), "2.png")

    def test_image_of_another_size(self):
        words = self.images(lambda path: Image.fromarray(np.zeros((30, 28), "u1")).save(path))
        self.assert_refused_everywhere(words, "2.png", "30x28", "resize")

    def test_wrong_size_without_resize(self):
        np.save(self.folder / "large.npy", np.zeros((4, 32, 32), "u1"))
        self.assert_refused_everywhere(self.with_seeds(self.folder / "large.npy"), "32x32", "28x28", "resize=")

    def test_csv(self):
        models = self.table_models()
        for name, text, *expected in [("words.csv", "a,b,c\n1,2,3\n1,cat,3\n", "line 3", "cat"),
                                      ("ragged.csv", "a,b,c\n1,2,3\n1,2\n", "line 3"),
                                      ("nan.csv", "a,b,c\n1,2,3\n1,nan,3\n", "nan"),
                                      ("noise.csv", noise(3000))]:
            self.assert_refused(options(models, self.write(name, text)), name, *expected)
        self.assert_refused(options(models, self.write("cut.csv", "a,b,c\n1,2,3\n1,cat,3\n")), "cut.csv", ranks=2)

    def test_truncated_csv_gz(self):
        rows = "a,b,c\n" + "\n".join(f"{i},{i * 7 % 13},{i * 5 % 11}" for i in range(2000)) + "\n"
        content = gzip.compress(rows.encode())
        self.assert_refused(options(self.table_models(), self.write("cut.csv.gz", content[:len(content) // 2])), "cut.csv.gz")

    def test_wrong_dtype(self):
        np.save(self.folder / "complex.npy", np.zeros((4, 28, 28), "c8"))
        self.assert_refused(self.with_seeds(self.folder / "complex.npy"), "complex.npy")
        np.save(self.folder / "texts.npy", np.full((4, 28, 28), "a"))
        self.assert_refused_everywhere(self.with_seeds(self.folder / "texts.npy"), "texts.npy")
        np.save(self.folder / "objects.npy", np.full((4, 28), None), allow_pickle=True)
        self.assert_refused(self.with_seeds(self.folder / "objects.npy"), "objects.npy")

    def test_empty(self):
        self.assert_refused_everywhere(self.with_seeds(self.write("empty-idx3-ubyte", b"\0\0\x08\x03" + b"\0\0\0\0" + b"\0\0\0\x1c" * 2)), "empty-idx3-ubyte")
        np.save(self.folder / "empty.npy", np.zeros((0, 28, 28), "u1"))
        self.assert_refused(self.with_seeds(self.folder / "empty.npy"), "empty.npy")
        (self.folder / "nothing").mkdir()
        self.assert_refused(self.with_seeds(self.folder / "nothing"), "nothing")
        self.assert_refused(options(self.table_models(), self.write("header.csv", "a,b,c\n")), "header.csv")

    def test_floats_without_range(self):
        np.save(self.folder / "floats.npy", np.random.default_rng(1).random((4, 28, 28), "f4"))
        self.assert_refused_everywhere(self.with_seeds(self.folder / "floats.npy"), "--input-range")

    def test_floats_outside_the_range(self):
        values = np.random.default_rng(1).random((300, 28, 28), "f4")
        for bad in (1.5, np.nan, np.inf):
            values[201, 3, 3] = bad
            np.save(self.folder / "floats.npy", values)
            words = options(FASHION_MODELS, self.folder / "floats.npy", "--input-range", "0,1", "--first-round", "32", "--max-iterations", "1")
            self.assert_refused(words, "floats.npy", "record 201")
        self.assert_refused(words, "floats.npy", "record 201", ranks=2)


class Options(BadInput):
    def test_unknown(self):
        self.assert_refused_everywhere(fashion("--constrain", "light"), "--constrain", "--constraint")
        self.assert_refused(fashion("light"), "without an option")

    def test_unknown_values(self):
        for name, value, known in [("mode", "fast", "published"), ("constraint", "rain", "occlusion"), ("backend", "gpu", "reference"),
                                   ("order", "sorted", "shuffle"), ("repick", "never", "iteration"), ("objective", "loss", "probability"),
                                   ("log-level", "loud", "debug")]:
            self.assert_refused(fashion(f"--{name}", value), f"'{value}'", known)
        self.assert_refused(fashion("--mode", "fast"), "'fast'", "published", ranks=2)

    def test_numbers(self):
        for name, value in [("step", "0"), ("step", "-1"), ("step", "big"), ("step", "nan"), ("max-iterations", "0"), ("max-iterations", "x"),
                            ("threshold", "2"), ("threshold", "nan"), ("target", "3"), ("target", "-2"), ("target", "a"), ("quantize", "1"),
                            ("quantize", "-4"), ("max-linf", "-1"), ("max-l2", "inf"), ("num-seeds", "-1"), ("passes", "0"), ("batch", "0"),
                            ("round", "0"), ("first-round", "0"), ("threads", "0"), ("until-coverage", "1.5"), ("lambda1", "nan"),
                            ("divergence", "-1"), ("rng-seed", "-1"), ("input-range", "1,0"), ("input-range", "0"), ("input-range", "-1,300")]:
            with self.subTest(option=name, value=value):
                self.assert_refused(fashion(f"--{name}={value}"), name)

    def test_constraint_arguments(self):
        for text, *expected in [("occlusion:row=20", "20", "28x28"), ("occlusion:height=29,width=1", "28x28"), ("blackout:size=29", "29", "28x28"),
                                ("occlusion:size=3", "size", "height"), ("occlusion:row=-1", "row"), ("occlusion:row", "key=value"),
                                ("light:factor=0", "factor"), ("blackout:count=0", "count"), ("none:a=1", "a"),
                                ("occlusion:row=9223372036854775807", "row"), ("blackout:size=99999999999999999999", "size")]:
            self.assert_refused(fashion("--constraint", text), *expected)
        self.assert_refused(fashion("--constraint", "blackout:size=29"), "29", "28x28", ranks=2)

    def test_preprocess(self):
        for text in ("scale", "scale=0", "scale=x", "std=0", "std=0:0", "zoom=2", "resize=0x0", "mean=1:2", "channels=bgr", "shape=5x5"):
            with self.subTest(preprocess=text):
                self.assert_refused(options(FASHION_MODELS, FASHION_SEEDS, "--preprocess", text))

    def test_constraints_of_images_on_tables(self):
        seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
        for constraint in ("occlusion", "blackout"):
            self.assert_refused(options(self.table_models(), seeds, "--constraint", constraint), constraint, "images")
        self.write("rules.csv", "name,rule\na,any\n")
        self.assert_refused(fashion("--constraint", f"features:{self.folder}/rules.csv"), "tables")

    def test_feature_files(self):
        seeds = self.write("seeds.csv", "a,b,c\n1,2,3\n2,3,4\n")
        for text, *expected in [("name,rule\nsize,any\n", "line 2", "'size'", "a, b, c"), ("name,rule\na,grow\n", "line 2", "'grow'", "increase"),
                                ("name,rule\na\n", "line 2"), ("a,any,x\n", "line 1", "min"), ("a,any,2,1\n", "line 1", "min 2"), ("a,any,,,2\n", "integer"),
                                ("a,any,,,,1\n", "cells"), ("", "frozen"), ("a,freeze\n", "frozen"), ("zz*,any\n", "'zz*'"),
                                (noise(3000), "rules.csv"), (",".join(["a"] * 100000), "cells"), ("a,any,nan,\n", "min")]:
            rules = self.write("rules.csv", text)
            self.assert_refused(options(self.table_models(), seeds, "--constraint", f"features:{rules}"), "feature file", *expected)
        words = options(self.table_models(), seeds, "--constraint", f"features:{self.write('rules.csv', 'size,any')}")
        self.assert_refused(words, "'size'", ranks=2)
        self.assert_refused(options(self.table_models(), seeds, "--constraint", f"features:{self.folder}/none.csv"), "none.csv")
        self.assert_refused(options(self.table_models(), seeds, "--constraint", f"features:{self.folder}"), "feature file")
        self.assert_refused(options(self.table_models(), seeds, "--constraint", "features"), "features:FILE")

    def test_config_file(self):
        self.assert_refused_everywhere(fashion("--config", self.folder / "none.ini"), "--config", "none.ini")
        self.assert_refused(fashion("--config", self.folder), "--config")
        for text, *expected in [("constraing = light\n", "constraing", "--constraint"), ("no equals sign\n", "bad.ini"), ("step\n", "bad.ini"),
                                ("threads = many\n", "bad.ini", "many"), ("mode = fast\n", "'fast'"), (noise(500).replace(b"#", b"x"), "bad.ini")]:
            self.assert_refused(fashion("--config", self.write("bad.ini", text)), *expected)
        self.assert_refused(fashion("--config", self.write("bad.ini", "constraing = light\n")), "constraing", ranks=2)


class Output(BadInput):
    def test_none_named(self):
        for words in ([], ["--out", ""]):
            done = self.run_sonde("generate", *fashion(*words))
            self.assertEqual(done.returncode, 2)
            self.assertIn("--out", done.stderr)

    def test_exists(self):
        path = self.write("there.h5", "precious")
        self.assert_refused(fashion(), "there.h5", "--overwrite", out=path)
        self.assert_refused(fashion(), "there.h5", "--overwrite", out=path, ranks=2)
        self.assertEqual(path.read_text(), "precious")
        done = self.run_sonde("generate", *fashion("--num-seeds", "8", "--max-iterations", "1"), "--out", path, "--overwrite")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(h5py.is_hdf5(path))

    def test_unfinished_run(self):
        part = self.folder / "out.h5.part"
        part.mkdir()
        (part / "000001.h5").write_text("of an earlier run")
        self.assert_refused(fashion(), "out.h5.part", "--overwrite")
        self.assertEqual((part / "000001.h5").read_text(), "of an earlier run")

    def test_unwritable(self):
        for ranks in (1, 2):
            self.assert_refused(fashion(), "missing-folder", out=self.folder / "missing-folder" / "out.h5", ranks=ranks)
            self.assert_refused(fashion(), "/proc", out="/proc/out.h5", ranks=ranks)
        self.assert_refused(fashion(), "folder", out=self.folder)
        self.write("file", "")
        self.assert_refused(fashion(), "file", out=self.folder / "file" / "out.h5")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_no_permission(self):
        locked = self.folder / "locked"
        locked.mkdir(mode=0o555)
        self.assert_refused(fashion(), "locked", out=locked / "out.h5")

    def test_unwritable_summary(self):
        self.assert_refused(fashion("--num-seeds", "8", "--max-iterations", "1", "--summary", self.folder / "nowhere" / "s.json"),
                            "--summary", "nowhere")


class FullDisk(Case):
    """16 MiB run full: the run ends within seconds, with the reason."""

    def run_on_full_disk(self, ranks):
        disk = self.folder / "disk"
        disk.mkdir()
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        mount = f"mount -t tmpfs -o size=16m tmpfs '{disk}'"
        try:
            if subprocess.run([*namespace, "sh", "-c", mount], capture_output=True, check=False).returncode:
                self.skipTest("no tmpfs can be mounted here (needs root or user namespaces)")
        except FileNotFoundError:
            self.skipTest("no unshare")
        models = [conv_model(self.folder / f"conv{seed}.h5", (64, 64, 3), seed) for seed in (1, 2)]
        np.save(self.folder / "seeds.npy", np.random.default_rng(1).random((1500, 64, 64, 3), "f4"))
        command = [SONDE, "generate", *map(str, options(models, self.folder / "seeds.npy", "--input-range", "0,1", "--max-iterations", "2")),
                   "--out", f"{disk}/out.h5", "--checkpoint-every", "0.1"]
        if ranks > 1:
            command = [*MPIEXEC, str(ranks), *command]
        script = (f'{mount} && "$@"; status=$?; ls "{disk}" >&2; mount -o remount,size=500m tmpfs "{disk}"; "$@" --resume;'
                  'echo "resumed: $?"; exit $status')
        try:
            return subprocess.run([*namespace, "sh", "-c", script, "sh", *command], capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            self.fail("it hangs on a full disk")

    def test_ends_with_the_reason(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                done = self.run_on_full_disk(ranks)
                shutil.rmtree(self.folder / "disk")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("no space left", done.stderr.lower())
                left = done.stderr.splitlines()
                self.assertNotIn("out.h5", left)
                self.assertIn("resumed: 0", done.stdout, done.stderr)
                self.assertNotIn("out.h5.tmp", left)


class Elsewhere(Case):
    """The same manners of commands other than generate."""

    def test_no_command(self):
        for words, texts in [([], ["usage"]), (["generat"], ["generat", "generate"]), (["verify"], ["sonde verify F.h5"]),
                             (["verify", self.folder / "none.h5"], ["none.h5"])]:
            for ranks in (1, 2):
                done = self.run_sonde(*words, ranks=ranks, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                for text in texts:
                    self.assertEqual(done.stderr.count(text) > 0, True, done.stderr)
                self.assertLessEqual(done.stderr.count("sonde: "), 1, done.stderr)

    def test_verify_of_something_else(self):
        other = self.folder / "other.h5"
        with h5py.File(other, "w") as file:
            file["x"] = [1, 2]
        done = self.run_sonde("verify", other)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("not a result of sonde generate", done.stderr)


if __name__ == "__main__":
    main()
