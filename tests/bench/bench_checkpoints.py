#!/usr/bin/python3
"""What checkpoints of sonde generate cost: bench_checkpoints.py SONDE SOURCE [--rounds N] [--every S] [--ranks R]

The same run without checkpoints and with one every S seconds, by turns; the cost of one, and of one every 60 s as a share of
the time. One line per case: name value unit; medians over the rounds. `.cpu` counts processor time, which other work on the
machine disturbs less.
"""
import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

TARGET = 60  # seconds between checkpoints, of the share that is printed


def measure(args, folder, every):
    """Seconds by the clock, seconds of processor time, checkpoints written, seconds they took to write."""
    fashion = pathlib.Path(args.source) / "inputs/fashion"
    events = folder / "events.jsonl"
    command = [args.sonde, "generate", "--seeds", str(fashion / "seeds-images-idx3-ubyte.gz"), "--preprocess", "scale=1/255",
               "--constraint", "light", "--passes", str(args.passes), "--out", str(folder / "out.h5"), "--overwrite",
               "--events", str(events), "--checkpoint-every", str(every)]
    for k in (1, 4, 5):
        command += ["--model", str(fashion / f"lenet{k}.onnx")]
    if args.ranks > 1:
        command = ["mpirun", "-n", str(args.ranks), "--bind-to", "core", *command]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    used, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    written = [event["seconds"] for event in map(json.loads, events.read_text().splitlines()) if event["event"] == "checkpoint"]
    return clock, used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, len(written), statistics.median(written)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde")
    parser.add_argument("source", help="root of the repository")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=float, default=1)
    parser.add_argument("--passes", type=int, default=8)
    parser.add_argument("--ranks", type=int, default=1)
    args = parser.parse_args()
    costs, cpu_costs, writes = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            clock, cpu, few, _ = measure(args, pathlib.Path(folder), 0)
            clock_with, cpu_with, many, write = measure(args, pathlib.Path(folder), args.every)
            costs.append((clock_with - clock) / (many - few))
            cpu_costs.append((cpu_with - cpu) / (many - few))
            writes.append(write)
    for name, values in (("checkpoint", costs), ("checkpoint.cpu", cpu_costs), ("checkpoint.until_on_disk", writes)):
        print(f"{name:<40} {statistics.median(values):10.4g} s")
        print(f"{name + f'.share_every_{TARGET}s':<40} {100 * statistics.median(values) / TARGET:10.4g} %", flush=True)


if __name__ == "__main__":
    main()
