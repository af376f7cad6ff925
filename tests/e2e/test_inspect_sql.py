#!/usr/bin/python3
"""The committed inspections as their jobs run them; scores of the SQL net against NumPy, from the bytes of its files alone."""
import json
import re
import subprocess
import sys
import unittest

import h5py
import numpy as np

from sonde_case import SOURCE, Case, main

SQL = SOURCE / "inputs" / "sql"


def job(name):
    """The options of a job file; its paths are seen from the root of the repository."""
    words = []
    for line in (SOURCE / "jobs" / name).read_text().splitlines():
        if line and not line.startswith("#"):
            key, value = line.split(" = ", 1)
            words += [f"--{key}", re.sub(r"(^|[:=])inputs/", rf"\g<1>{SOURCE}/inputs/", value)]
    return words


# --- an LSTM from an ONNX file, without sonde and without ONNX ---

def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def fields(data):
    """(number, value) of a protobuf message: an int, or bytes."""
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        if key & 7 == 0:
            value, place = varint(data, place)
        else:
            size, place = varint(data, place) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], place)
            value, place = data[place:place + size], place + size
        yield key >> 3, value


def initializers(path):
    """[float array] of an ONNX file, in its order (onnx.proto: ModelProto.graph 7, GraphProto.initializer 5)."""
    graph = next(value for number, value in fields(path.read_bytes()) if number == 7)
    arrays = []
    for tensor in (list(fields(value)) for number, value in fields(graph) if number == 5):
        shape = [value for number, value in tensor if number == 1]
        raw = next(value for number, value in tensor if number == 9)
        arrays.append(np.frombuffer(raw, "f4").reshape(shape).astype("f8"))
    return arrays


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def states(arrays, ids):
    """Hidden states (records, symbols, units) of embedding and LSTM (ONNX: gates i, o, f, c)."""
    embedding = next(a for a in arrays if a.ndim == 2 and len(a) > 1)
    (weights, recurrent), bias = [a[0] for a in arrays if a.ndim == 3], next(a[0] for a in arrays if a.ndim == 2 and len(a) == 1)
    units = recurrent.shape[1]
    hidden, cell = np.zeros((2, len(ids), units))
    steps = []
    for t in range(ids.shape[1]):
        gates = embedding[ids[:, t]] @ weights.T + hidden @ recurrent.T + bias[:4 * units] + bias[4 * units:]
        i, o, f, c = np.split(gates, 4, axis=1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        hidden = sigmoid(o) * np.tanh(cell)
        steps.append(hidden)
    return np.stack(steps, axis=1)


def span_hypotheses():
    """{column: (rows)} of the three forms of spans.h5."""
    with h5py.File(SQL / "spans.h5") as file:
        record, start, end, label = (file["spans"][name][()] for name in ("record", "start", "end", "label"))
        names = [name.decode() for name in file["spans/labels"]]
        shape = (int(file["spans"].attrs["records"]), int(file["spans"].attrs["symbols"]) + 1, len(names))
    change = np.zeros(shape)
    np.add.at(change, (record, start, label), 1)
    np.add.at(change, (record, end, label), -1)
    depth = change.cumsum(axis=1)[:, :-1].reshape(-1, len(names))
    ends = np.zeros((shape[0], shape[1] - 1, len(names)))
    ends[record, start, label] = ends[record, end - 1, label] = 1
    columns = {"depth": depth.sum(axis=1)}
    for k, name in enumerate(names):
        columns[f"node={name}"] = depth[:, k] > 0
        columns[f"ends={name}"] = ends.reshape(-1, len(names))[:, k]
        columns[f"depth={name}"] = depth[:, k]
    return columns


class Sql(Case):
    def test_job(self):
        path = self.folder / "sql.h5"
        done = self.run_sonde("inspect", *job("inspect_sql.ini"), "--out", path)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        with h5py.File(path) as file:
            names = [name.decode() for name in file["hypotheses/name"]]
            pearson, rows = file["scores/pearson/value"][()], file["scores/pearson/rows"][()]
            probe = {name: file[f"scores/logistic/{name}"][0] for name in ("group_value", "accuracy", "majority")}
            units = file["units/unit"][()]
        self.assertEqual(units.tolist(), list(range(128)))
        vocabulary = json.loads((SQL / "vocab.json").read_text())
        text = (SQL / "queries.txt").read_text()
        self.assertTrue((rows == len(text)).all())

        wanted = span_hypotheses()
        self.assertEqual(len(wanted), 190)
        self.assertEqual(set(names) - {"quoted", "upper", "keyword"}, set(wanted))
        ids = np.array([vocabulary[character] for character in text]).reshape(-1, 30)
        values = states(initializers(SQL / "model.onnx"), ids).reshape(len(text), -1)
        wanted["upper"] = [character.isupper() for character in text]
        quoted = np.zeros(len(text))
        for begin in range(0, len(text), 30):
            for match in re.finditer("'[^']*'", text[begin:begin + 30]):
                quoted[begin + match.start():begin + match.end()] = 1
        wanted["quoted"] = quoted
        columns = np.stack([np.asarray(wanted[name], "f8") for name in names if name in wanted], axis=1)
        here = [h for h, name in enumerate(names) if name in wanted]
        values -= values.mean(axis=0)
        columns -= columns.mean(axis=0)
        reference = values.T @ columns / np.sqrt(np.outer((values ** 2).sum(axis=0), (columns ** 2).sum(axis=0)))
        np.testing.assert_allclose(pearson[:, here], reference, rtol=0, atol=1e-5)

        # What the net must know to go on, its state tells.
        decoded = dict(zip(names, probe["group_value"]))
        for name in ("node=string", "node=digit", "node=column_name", "upper"):
            self.assertGreater(decoded[name], 0.9, name)
        known = np.isfinite(probe["group_value"])
        self.assertGreater(np.count_nonzero(known), 150)  # of depth only the kinds that do not nest are 0 or 1
        self.assertGreater(np.mean((probe["accuracy"] >= probe["majority"] - 0.005)[known]), 0.95)

        summary = subprocess.run([sys.executable, SOURCE / "scripts" / "sonde_results.py", path], capture_output=True, text=True)
        self.assertEqual(summary.returncode, 0, summary.stderr)
        self.assertIn("hypotheses             193", summary.stdout)


class Shapes(Case):
    def test_job(self):
        """Every colour and every texture has its detector; NetDissect takes 0.04 for the least."""
        path = self.folder / "shapes.h5"
        done = self.run_sonde("inspect", *job("inspect_shapes.ini"), "--out", path)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        with h5py.File(path) as file:
            best = dict(zip((name.decode() for name in file["hypotheses/name"]), np.nanmax(file["scores/jaccard/value"][()], axis=0)))
        self.assertEqual(len(best), 11 + 3, "the ground is in each of three folders")
        for name, score in best.items():
            if name.split("=")[0] in ("colour", "texture") and "ground" not in name:
                self.assertGreater(score, 0.5, name)


if __name__ == "__main__":
    main()
