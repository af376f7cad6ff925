#!/usr/bin/python3
"""Reads sonde's result files with h5py; prints a summary when run: sonde_results.py RESULT.h5 [--top N] [--csv SCORES.csv]

    import sonde_results
    table = sonde_results.findings("result.h5")      # of sonde generate
    table = sonde_results.scores("result.h5")        # of sonde inspect: model_id, score_id, hyp_id, h_unit_id, val

Tables are of pandas.DataFrame when pandas is installed, else a dict of columns.
"""
import argparse
import collections
import csv
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
        return frame(columns(file[group]))


def frame(found):
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


def header(path, file):
    about = {key: decoded(value) for key, value in file.attrs.items()}
    return (f"{path}: {'complete' if about.get('complete', 1) else 'NOT complete'}, sonde {about.get('sonde_version', '?')}, "
            f"{about.get('ranks', '?')} rank(s), {about.get('threads', '?')} thread(s) each, backend {about.get('backend', '?')}")


def percent(part, whole):
    return f"{part:8d}  {100 * part / whole if whole else 0:5.1f} %"


def generate_summary(path, top):
    lines = []
    with h5py.File(path, "r") as file:
        found, names = columns(file["findings"]), model_names(file)
        seeds = file["seeds/status"][()]
        generated, valid = found["kind"] == GENERATED, found["valid"] != 0

        lines.append(header(path, file))
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


def unit_names(file):
    """(models, units) of an open result of sonde inspect: the model's name and LAYER[NUMBER] of every unit."""
    units = columns(file["units"])
    models = model_names(file) if "models" in file and len(file["models"]) else ["behaviors"]
    return (np.array([models[model] for model in units["model"]]),
            np.array([f"{layer}[{unit}]" for layer, unit in zip(units["layer"], units["unit"])]))


def scores(path):
    """DeepBase's long frame, one row a score: model_id, score_id, hyp_id, h_unit_id, val.

    Of joint measures the rows of units are coefficients; a group's score on held-out records is a row of its own, with score_id
    such as "logistic:f1" and h_unit_id "*".
    """
    with h5py.File(path, "r") as file:
        models, units = unit_names(file)
        hypotheses = decoded(file["hypotheses/name"][()])
        group_of = file["units/group"][()]
        rows = []  # (model_id, score_id, h_unit_id, values (hypotheses)) of each unit or group
        for measure, found in file["scores"].items():
            rows += [(models[u], measure, units[u], values) for u, values in enumerate(found["value"][()])]
            if "group_value" in found:
                name = f"{measure}:{decoded(found.attrs['group_value'])}"
                rows += [(models[np.flatnonzero(group_of == g)[0]], name, "*", values)
                         for g, values in enumerate(found["group_value"][()])]
    each = len(hypotheses)
    return frame({"model_id": np.repeat([row[0] for row in rows], each), "score_id": np.repeat([row[1] for row in rows], each),
                  "hyp_id": np.tile(hypotheses, len(rows)), "h_unit_id": np.repeat([row[2] for row in rows], each),
                  "val": np.concatenate([row[3] for row in rows])})


def write_csv(path, found):
    """A table, long or wide, as comma-separated values; what is undefined is nan."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(list(found))
        writer.writerows(zip(*(found[name] for name in found)))


def strongest(values, top):
    """Places of the `top` largest |values| that are defined, strongest first."""
    order = np.argsort(-np.abs(values), axis=None, kind="stable")[:np.count_nonzero(~np.isnan(values))]
    return [np.unravel_index(place, values.shape) for place in order[:top]]


def inspect_summary(path, top):
    lines = []
    with h5py.File(path, "r") as file:
        models, units = unit_names(file)
        hypotheses = columns(file["hypotheses"])
        names = hypotheses["name"]
        lines.append(header(path, file))
        lines.append(f"models: {', '.join(dict.fromkeys(models))}")
        lines.append(f"units             {len(units):8d}")
        lines.append(f"hypotheses        {len(names):8d}")
        several = len(set(models)) > 1
        for measure, found in file["scores"].items():
            value = found["value"][()]
            if "group_value" in found:
                score, accuracy, majority = (found[name][()] for name in ("group_value", "accuracy", "majority"))
                lines.append(f"{measure}: best decoded on held-out records ({decoded(found.attrs['group_value'])}, accuracy, majority)")
                for group, h in strongest(score, top):
                    numbers = "".join(f"{part[group, h]:9.3f}" for part in (score, accuracy, majority))
                    lines.append(f"  {numbers}  {names[h]}{f'  in group {group}' if len(score) > 1 else ''}")
                continue
            lines.append(f"{measure}: strongest pairs")
            for unit, h in strongest(value, top):
                model = f"{models[unit]} " if several else ""
                lines.append(f"  {value[unit, h]:9.3f}  {model + units[unit]:<18s} {names[h]}")
        constant = names[hypotheses["constant"] != 0]
        if len(constant):
            lines.append(f"constant, not scored: {', '.join(constant)}")
    return "\n".join(lines)


def is_inspection(path):
    with h5py.File(path, "r") as file:
        return decoded(file.attrs.get("schema", b"")) == "sonde-inspect"


def summary(path, top=5):
    """The text that the command prints."""
    return (inspect_summary if is_inspection(path) else generate_summary)(path, top)


def main():
    parser = argparse.ArgumentParser(description="Prints a summary of a result of sonde generate or sonde inspect.")
    parser.add_argument("result", help="HDF5 file")
    parser.add_argument("--top", type=int, default=5, help="disagreements, or pairs and hypotheses, to list (default 5)")
    parser.add_argument("--csv", metavar="FILE", help="also write the scores (inspect) or findings (generate) as a table")
    args = parser.parse_args()
    try:
        print(summary(args.result, args.top))
        if args.csv:
            write_csv(args.csv, (scores if is_inspection(args.result) else findings)(args.result))
    except (OSError, KeyError) as error:
        parser.exit(2, f"{args.result}: {error} (not a readable result of sonde).\n")


if __name__ == "__main__":
    main()
