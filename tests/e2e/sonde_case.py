"""What the end-to-end tests share: running the binary, alone or under mpiexec, and small model and data files."""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

SONDE = os.environ["SONDE"]
MPIEXEC = shlex.split(os.environ["SONDE_MPIEXEC"])  # "mpiexec -n"
SOURCE = pathlib.Path(os.environ["SONDE_SOURCE_DIR"])
SHARED = pathlib.Path(os.environ["SONDE_SHARED_DIR"])
FASHION = SOURCE / "inputs" / "fashion"
FASHION_MODELS = [FASHION / f"lenet{n}.onnx" for n in (1, 4, 5)]
FASHION_SEEDS = FASHION / "seeds-images-idx3-ubyte.gz"

SKIPPED = 77


def options(models, seeds, *more):
    """--model A --model B --seeds D and what else is given."""
    words = []
    for model in models:
        words += ["--model", model]
    return [*words, "--seeds", seeds, *more]


def fashion(*more):
    return options(FASHION_MODELS, FASHION_SEEDS, "--preprocess", "scale=1/255", *more)


def digest(path):
    script = SOURCE / "scripts" / "result_digest.py"
    return subprocess.run([sys.executable, script, path], check=True, capture_output=True, text=True).stdout.strip()


def shared(relative):
    """Path of reference data beside the checkout; skips the test, by name, without them."""
    path = SHARED / relative
    if not path.exists():
        raise unittest.SkipTest(f"no shared/{relative}")
    return path


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_sonde(self, *words, ranks=1, environment=None, mca=(), timeout=120):
        """Exit status, output and messages; a run that hangs fails the test."""
        command = [SONDE, *map(str, words)]
        if ranks > 1 or mca:
            command = [*MPIEXEC, str(ranks), *mca, *command]
        try:
            return subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True,
                                  errors="replace", timeout=timeout)
        except subprocess.TimeoutExpired:
            self.fail(f"hangs: {shlex.join(command)}")

    def generate(self, *words, out="out.h5", **keywords):
        """Path of the result of a run that must succeed."""
        path = self.folder / out
        done = self.run_sonde("generate", *words, "--out", path, "--overwrite", **keywords)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stderr}{done.stdout}")
        return path

    def verify(self, path, *words, status=0):
        """What sonde verify prints."""
        done = self.run_sonde("verify", path, *words)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done.stdout + done.stderr


def columns(path, group):
    """A table of a result."""
    with h5py.File(path, "r") as file:
        return {name: data[()] for name, data in file[group].items()}


# --- models and data no library is needed for ---

def keras_model(path, layers, weights):
    """A full sequential Keras file. layers: (class, config); weights: {layer: [(name, array)]}."""
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": kind, "config": settings} for kind, settings in layers]}}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.4.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [settings["name"].encode() for _, settings in layers]
        for _, settings in layers:
            group = root.create_group(settings["name"])
            entries = weights.get(settings["name"], [])
            group.attrs["weight_names"] = [name.encode() for name, _ in entries]
            for name, values in entries:
                group[name] = values
    return path


def dense_model(path, sizes, seed, last="softmax", bias=True, edit=None):
    """A multi-layer perceptron with random weights; `edit` may change the list of (kernel, bias)."""
    draws = np.random.default_rng(seed)
    arrays = [(draws.normal(0, (2 / a) ** 0.5, (a, b)).astype("f4"), draws.normal(0, 0.1, b).astype("f4") * bias)
              for a, b in zip(sizes, sizes[1:])]
    if edit:
        edit(arrays)
    layers, weights = [], {}
    for i, (kernel, shift) in enumerate(arrays):
        name = f"fc{i + 1}"
        settings = {"name": name, "units": kernel.shape[1], "use_bias": True,
                    "activation": last if i + 1 == len(arrays) else "relu"}
        if i == 0:
            settings["batch_input_shape"] = [None, sizes[0]]
        layers.append(("Dense", settings))
        weights[name] = [(f"{name}/kernel:0", kernel), (f"{name}/bias:0", shift)]
    return keras_model(path, layers, weights)


def conv_model(path, shape, seed, stride=8, filters=6, classes=5):
    """A convolution, a global mean and a softmax, with random weights."""
    draws = np.random.default_rng(seed)
    layers = [("Conv2D", {"name": "conv", "filters": filters, "kernel_size": [5, 5], "strides": [stride, stride],
                          "padding": "same", "activation": "relu", "use_bias": True, "dilation_rate": [1, 1],
                          "data_format": "channels_last", "batch_input_shape": [None, *shape]}),
              ("GlobalAveragePooling2D", {"name": "pool", "data_format": "channels_last"}),
              ("Dense", {"name": "fc", "units": classes, "activation": "softmax", "use_bias": True})]
    weights = {"conv": [("conv/kernel:0", draws.normal(0, 0.3, (5, 5, shape[2], filters)).astype("f4")),
                        ("conv/bias:0", draws.normal(0, 0.1, filters).astype("f4"))],
               "fc": [("fc/kernel:0", draws.normal(0, 1, (filters, classes)).astype("f4")),
                      ("fc/bias:0", draws.normal(0, 0.1, classes).astype("f4"))]}
    return keras_model(path, layers, weights)


def main():
    """As unittest.main(), but a run of skipped tests alone says so to CTest, and one without tests fails."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    sys.exit(SKIPPED if len(result.skipped) == result.testsRun else 0)
