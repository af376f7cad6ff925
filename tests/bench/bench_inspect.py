#!/usr/bin/python3
"""DeepBase's set-up as a user runs it: bench_inspect.py SONDE SHARED [--rounds N] [--records R] [--units U]
                                                     [--backend cuda [--rates FILE]]

An LSTM of 512 units (random weights: they do not matter here) that reads SQL, 190 hypotheses from spans of parse trees, 29,696
records of 30 characters = 890,880 rows; pearson of all pairs and logistic regression, one epoch, everything exact, random-label
controls off. On one core beside the PyTorch peer (the two run by turns), on two cores as threads and as ranks, with early stopping,
and on four times the records for memory. One line per case: name value unit; medians over the rounds.

`.cpu` is the processor time of the whole program, which other work on the machine disturbs less; `.program` is the wall clock of the whole program, from reading model, text and spans to the result file. `.work` is what the program
itself counts (/timing/seconds): forward pass, hypotheses, sums, probes. The peer counts forward pass, correlations and probes of
random hypotheses that it is given; it makes fewer records, and its time is per row.

With --backend cuda instead: the same on one GPU, by the clock, and pearson alone. FILE holds the output of bench_device on this
GPU: what the statistics of pearson would take at the measured rate of double-precision products (bench_unit_table measures
the rate that they reach). SHARED is not needed then. Exit status 77 without a GPU.
"""
import argparse
import pathlib
import re
import statistics
import sys
import tempfile
import time

import h5py

from bench_generate import ENVIRONMENT, ONE_CORE, read_rates, run, show, without_device

SYMBOLS = 30
SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, pathlib.Path(folder)
        self.out = self.folder / "result.h5"
        self.rows = args.records * SYMBOLS
        self.inputs = {factor: self.make_inputs(factor) for factor in ((1, 4) if "memory" in args.only else (1,))}

    def make_inputs(self, factor):
        if self.args.inputs and factor == 1:
            return pathlib.Path(self.args.inputs)
        out = self.folder / f"sql{factor}"
        run([sys.executable, "-W", "ignore", str(SCRIPTS / "train_sql_lstm.py"), "--units", str(self.args.units), "--epochs", "0",
             "--records", str(factor * self.args.records), "--out", str(out)])
        return out

    def sonde(self, *options, factor=1, measures=("pearson", "logistic:penalty=l2,lambda=1e-3,epochs=1")):
        inputs = self.inputs[factor]
        words = [self.args.sonde, "inspect", "--model", str(inputs / "model.onnx"), "--data", str(inputs / "queries.txt"),
                 "--vocab", str(inputs / "vocab.json"), "--record", f"window:{SYMBOLS}", "--units", "/lstm/LSTM", "--no-control",
                 "--top", "0", "--backend", self.args.backend, "--precision", self.args.precision, "--out", str(self.out),
                 "--overwrite", *options]
        for form in ("time", "signal", "depth"):
            words += ["--hypothesis", f"{form}=spans:{inputs}/spans.h5:{form}"]
        for measure in measures:
            words += ["--measure", measure]
        return words

    def timed(self, command):
        """(seconds of the program, seconds it counts itself, MiB, processor seconds)"""
        start = time.monotonic()
        _, cpu, memory = run(command)
        program = time.monotonic() - start
        with h5py.File(self.out) as file:
            return program, float(file["timing/seconds"][()].ravel()[0]), memory, cpu

    def peer(self, records):
        return ["/usr/bin/python3", str(pathlib.Path(self.args.shared) / "peers/inspect_torch.py"), "--units", str(self.args.units),
                "--hyps", "190", "--records", str(records), "--threads", "1"]

    def beside_peer(self):
        ours, programs, theirs, parts, cpus, peer_cpus = [], [], [], [], [], []
        for _ in range(self.args.rounds):
            program, work, memory, cpu = self.timed(ONE_CORE + self.sonde())
            programs.append(program)
            ours.append(work / self.rows * 1e6)
            cpus.append(cpu / self.rows * 1e6)
            _, start, _ = run(ONE_CORE + self.peer(100))  # what it needs to start, about
            text, cpu, _ = run(ONE_CORE + self.peer(2000))
            peer_cpus.append((cpu - start) / 1900 / SYMBOLS * 1e6)
            parts.append([float(number) for number in re.search(r"per-symbol us: (.*)", text)[1].split()])
            theirs.append(sum(parts[-1]))
            pairwise = float(re.search(r"corr_pairwise\(est\)=(\d+)", text)[1]) / 2000 / SYMBOLS * self.rows
        with h5py.File(self.out) as file:
            show("inspect.hypotheses", file["hypotheses/name"].size, "1")
        show("inspect.one_core.program", statistics.median(programs), "s")
        show("inspect.one_core.work", statistics.median(ours), "us/row")
        show("inspect.one_core.memory", memory, "MiB")
        for place, name in enumerate(("forward", "correlations", "logistic")):
            show(f"peer.one_core.{name}", statistics.median(part[place] for part in parts), "us/row")
        show("peer.one_core.all", statistics.median(theirs), "us/row")
        show("inspect.one_core.cpu", statistics.median(cpus), "us/row")
        show("peer.one_core.cpu", statistics.median(peer_cpus), "us/row")
        show("inspect.over_peer.cpu", statistics.median(peer_cpus) / statistics.median(cpus), "1")
        show("inspect.over_peer", statistics.median(b / a for a, b in zip(ours, theirs)), "1")
        show("peer.pair_loop", pairwise, "s (estimate)")
        show("inspect.over_pair_loop", pairwise / statistics.median(programs), "1")

    def parts(self):
        """Forward pass and hypotheses are in both."""
        for name, measures in (("pearson", ("pearson",)), ("logistic", ("logistic:penalty=l2,lambda=1e-3,epochs=1",))):
            _, work, _, cpu = self.timed(ONE_CORE + self.sonde(measures=measures))
            show(f"inspect.one_core.{name}_alone", work / self.rows * 1e6, "us/row")
            show(f"inspect.one_core.{name}_alone.cpu", cpu / self.rows * 1e6, "us/row")

    def two_cores(self):
        seconds = {"threads": [], 1: [], 2: []}
        for _ in range(self.args.rounds):
            program, _, memory, _ = self.timed(self.sonde("--threads", "2"))
            seconds["threads"].append(program)
            for ranks in (1, 2):
                _, work, _, _ = self.timed(["mpiexec", "-n", str(ranks), "--bind-to", "core", *self.sonde()])
                seconds[ranks].append(work)
        show("inspect.two_threads.program", statistics.median(seconds["threads"]), "s")
        show("inspect.two_threads.memory", memory, "MiB")
        show("inspect.two_ranks.over_one", statistics.median(a / b for a, b in zip(seconds[1], seconds[2])), "1")

    def early_stopping(self):
        for name, options in (("all", {}), ("pearson", {"measures": ("pearson",)})):
            full, early = [], []
            for _ in range(self.args.rounds):
                full.append(self.timed(ONE_CORE + self.sonde(**options)))
                early.append(self.timed(ONE_CORE + self.sonde("--epsilon", "0.05", **options)))
            with h5py.File(self.out) as file:
                show(f"inspect.epsilon.{name}.rows_read", float(file["scores/pearson/rows"][()].max()) / self.rows, "of all")
            show(f"inspect.epsilon.{name}.over_exact", statistics.median(b[1] / a[1] for a, b in zip(full, early)), "1")
            show(f"inspect.epsilon.{name}.over_exact.cpu", statistics.median(b[3] / a[3] for a, b in zip(full, early)), "1")

    def memory(self):
        """The probe streams in both."""
        for factor in (1, 4):
            program, _, memory, _ = self.timed(self.sonde("--threads", "2", factor=factor))
            show(f"inspect.records_x{factor}.memory", memory, "MiB")
            show(f"inspect.records_x{factor}.program", program, "s")

    def on_device(self):
        """After loading: the forward pass, hypotheses, statistics and probes."""
        name = f"inspect.{self.args.backend}"
        for part, options, target in (("", {}, " (target 1)"), (".pearson_alone", {"measures": ("pearson",)}, "")):
            runs = [self.timed(self.sonde(**options)) for _ in range(self.args.rounds)]
            work = statistics.median(run[1] for run in runs)
            show(f"{name}{part}.program", statistics.median(run[0] for run in runs), "s")
            show(f"{name}{part}.work", work, "s" + target)
            show(f"{name}{part}.rows", self.rows / work, "rows/s")
        with h5py.File(self.out) as file:
            hypotheses = file["hypotheses/name"].size
        show("inspect.hypotheses", hypotheses, "1")
        rate = read_rates(self.args.rates).get("device.product.fp64")
        if rate:
            show(f"{name}.statistics.bound", 2 * self.rows * self.args.units * hypotheses / (rate * 1e12), "s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde", help="the program")
    parser.add_argument("shared", help="folder with peers/")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=29696)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--only", nargs="*", default=["beside_peer", "parts", "two_cores", "early_stopping", "memory"])
    parser.add_argument("--inputs", help="folder that train_sql_lstm.py wrote with these --units and --records; without it, it is run")
    parser.add_argument("--backend", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "tf32"], help="on a GPU")
    parser.add_argument("--rates", help="file with the output of bench_device")
    args = parser.parse_args()
    args.only = ["on_device"] if args.backend == "cuda" else args.only
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, folder)
        if args.backend == "cuda" and (reason := without_device(args.sonde, str(bench.inputs[1] / "model.onnx"))):
            print(f"bench_inspect skipped: {reason}")
            sys.exit(77)
        for part in args.only:
            getattr(bench, part)()


if __name__ == "__main__":
    main()
