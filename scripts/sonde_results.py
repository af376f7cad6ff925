#!/usr/bin/python3
"""Reads sonde's result files with h5py; prints a summary when run: sonde_results.py RESULT.h5 [--top N]

    import sonde_results
    table = sonde_results.findings("result.h5")      # pandas.DataFrame when pandas is installed, else dict of columns
"""
import argparse
import collections
import os

import h5py
import numpy as np

# Values of the columns `kind` and `status` (README, section "Results").
ALREADY_DIFFERENT, GENERATED, EXHAUSTED = 0, 1, 2


def decoded(values):
    """Fixed-length UTF-8 as Python text: an array of str, or one str for a scalar."""
    if isinstance(values, bytes):
        return values.decode()
    if isinstance(values, np.ndarray) and values.dtype.kind in "SO":
        return np.array([v.decode() if isinstance(v, bytes) else v for v in values.ravel()]).reshape(values.shape)
    return values


def columns(group):
    """A table group as {column name: array}."""
    return {name: decoded(data[()]) for name, data in group.items() if isinstance(data, h5py.Dataset)}


def table(path, group):
    """A table group of a result file as a pandas.DataFrame, or as a dict of columns where there is no pandas."""
    with h5py.File(path, "r") as file:
        found = columns(file[group])
    try:
        import pandas
    except ImportError:
        return found
    return pandas.DataFrame(found)


def findings(path):
    """Inputs on which the models disagree, one row each: pass, seed_index, kind, labels, distances, ..."""
    return table(path, "findings")


def model_names(file):
    """Short names of the models of an open result file, in their order: the file name without its suffix."""
    def path_of(model):
        stored = model["path"][()] if "path" in model else model.attrs["path"]
        return str(decoded(stored.item() if isinstance(stored, np.ndarray) else stored))
    models = file["models"]
    return [os.path.splitext(os.path.basename(path_of(models[key])))[0] for key in sorted(models, key=int)]


def predictions(found, count, row):
    """What each of `count` models says of finding `row`: "7 (98 %)" for classes, "-0.123" for a regression."""
    if "label_0" in found:
        return [f"{found[f'label_{m}'][row]} ({100 * found[f'confidence_{m}'][row]:.0f} %)" for m in range(count)]
    return [f"{found[f'output_{m}'][row]:.3f}" for m in range(count)]


def coverage(file):
    """[(model, covered units, all units)] of an open result file."""
    return [(key, int(np.count_nonzero(group["covered"][()])), group["covered"].size)
            for key, group in sorted(file["coverage"].items()) if "covered" in group]


def percent(part, whole):
    return f"{part:8d}  {100 * part / whole if whole else 0:5.1f} %"


def summary(path, top=5):
    """The text that the command prints."""
    lines = []
    with h5py.File(path, "r") as file:
        about = {key: decoded(value) for key, value in file.attrs.items()}
        found, names = columns(file["findings"]), model_names(file)
        seeds = file["seeds/status"][()]
        generated, valid = found["kind"] == GENERATED, found["valid"] != 0

        lines.append(f"{path}: {'complete' if about.get('complete', 1) else 'NOT complete'}, "
                     f"sonde {about.get('sonde_version', '?')}, {about.get('ranks', '?')} rank(s), "
                     f"{about.get('threads', '?')} thread(s) each, backend {about.get('backend', '?')}")
        lines.append(f"models: {', '.join(names)}")
        lines.append(f"seeds             {len(seeds):8d}")
        for text, status in (("already different", ALREADY_DIFFERENT), ("generated", GENERATED), ("exhausted", EXHAUSTED)):
            lines.append(f"  {text:<16s}{percent(int(np.count_nonzero(seeds == status)), len(seeds))}")
        lines.append(f"findings          {len(valid):8d}")
        lines.append(f"  {'valid':<16s}{percent(int(np.count_nonzero(valid)), len(valid))}")
        if generated.any():
            lines.append("distance of a generated input from its seed (median, largest)")
            for name, text in (("linf", "largest change"), ("l2", "L2"), ("l1", "L1")):
                values = found[name][generated]
                lines.append(f"  {text:<16s}{np.median(values):10.4g}{values.max():10.4g}")
            lines.append(f"iterations        {np.median(found['iterations'][generated]):8.0f}  (median)")
        lines.append("neuron coverage")
        for index, (key, covered, units) in enumerate(coverage(file)):
            name = names[int(key)] if key.isdigit() and int(key) < len(names) else key
            lines.append(f"  {name:<16s}{percent(covered, units)}  ({units} units)")
        if "label_0" in found and generated.any():
            lines.append("most frequent disagreements of generated inputs")
            votes = collections.Counter(zip(*(found[f"label_{m}"][generated] for m in range(len(names)))))
            for labels, count in votes.most_common(top):
                said = ", ".join(f"{name} says {label}" for name, label in zip(names, labels))
                lines.append(f"  {count:6d}  {said}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Prints a summary of a result of sonde generate.")
    parser.add_argument("result", help="HDF5 file")
    parser.add_argument("--top", type=int, default=5, help="disagreements to list (default 5)")
    args = parser.parse_args()
    try:
        print(summary(args.result, args.top))
    except (OSError, KeyError) as error:
        parser.exit(2, f"{args.result}: {error} (not a readable result of sonde generate).\n")


if __name__ == "__main__":
    main()
