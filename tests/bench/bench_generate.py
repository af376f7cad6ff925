#!/usr/bin/python3
"""The main job as a user runs it: bench_generate.py SONDE SHARED [--rounds N] [--batch B]

Three DeepXplore LeNets, MNIST, occlusion, published mode: rate on one core beside the PyTorch peer (the two run by turns),
two ranks against one (by turns), memory, and the time from the start of the program to the first round. One line per case:
name value unit. Rates are medians over the rounds; wall clock, so the machine should be quiet. `.cpu` counts processor time,
which other work on the machine disturbs less.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1",
                   OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_btl_base_warn_component_unused="0")
ONE_CORE = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]


def show(name, value, unit):
    print(f"{name:<40} {value:10.4g} {unit}", flush=True)


def run(command):
    """Output and resources used by a command and its children: (text, processor seconds, largest resident MiB)."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, text=True) as process:
        text = process.stdout.read()
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {process.returncode}\n{errors}")
    return text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


class Bench:
    def __init__(self, args, folder):
        self.args = args
        mnist = pathlib.Path(args.shared) / "data/mnist"
        self.models = [str(mnist / f"lenet{k}.h5") for k in (1, 4, 5)]
        self.images = str(mnist / "t10k-images-idx3-ubyte.gz")
        self.out = pathlib.Path(folder) / "result.h5"

    def sonde(self, seeds, *options):
        command = [self.args.sonde, "generate", "--seeds", self.images, "--preprocess", "scale=1/255", "--mode", "published",
                   "--constraint", "occlusion", "--num-seeds", str(seeds), "--batch", str(self.args.batch),
                   "--out", str(self.out), "--overwrite", "--summary", str(self.out) + ".json", *options]
        for model in self.models:
            command += ["--model", model]
        return command

    def summary(self):
        return json.loads(pathlib.Path(str(self.out) + ".json").read_text())

    def peer(self, seeds):
        return ["/usr/bin/python3", str(pathlib.Path(self.args.shared) / "peers/deepxplore_torch.py"), "--models", *self.models,
                "--images", self.images, "--mode", "batch", "--constraint", "occl", "--seeds", str(seeds), "--threads", "1"]

    def beside_peer(self):
        """Processor time leaves out what both programs need to start: a run with next to no seeds."""
        ours, ours_cpu, theirs, theirs_cpu = [], [], [], []
        _, start, _ = run(ONE_CORE + self.sonde(1))
        _, peer_start, _ = run(ONE_CORE + self.peer(1))
        for _ in range(self.args.rounds):
            _, cpu, memory = run(ONE_CORE + self.sonde(10000))
            ours.append(self.summary()["sample_iterations_per_second"])
            ours_cpu.append(self.summary()["sample_iterations"] / (cpu - start))
            text, cpu, _ = run(ONE_CORE + self.peer(2000))
            theirs.append(float(re.search(r"iters/s=([\d.]+)", text)[1]))
            theirs_cpu.append(int(re.search(r"sample_iters=(\d+)", text)[1]) / (cpu - peer_start))
        show("generate.one_core", statistics.median(ours), "sample-iterations/s")
        show("generate.one_core.best", max(ours), "sample-iterations/s")
        show("generate.one_core.cpu", statistics.median(ours_cpu), "sample-iterations/cpu-s")
        show("peer.one_core", statistics.median(theirs), "sample-iterations/s")
        show("peer.one_core.best", max(theirs), "sample-iterations/s")
        show("peer.one_core.cpu", statistics.median(theirs_cpu), "sample-iterations/cpu-s")
        show("generate.over_peer", statistics.median(a / b for a, b in zip(ours, theirs)), "1")
        show("generate.over_peer.cpu", statistics.median(ours_cpu) / statistics.median(theirs_cpu), "1")
        show("generate.memory", memory, "MiB")

    def two_ranks(self):
        seconds = {1: [], 2: []}
        for _ in range(self.args.rounds):
            for ranks in seconds:
                run(["mpiexec", "-n", str(ranks), *self.sonde(10000)])
                seconds[ranks].append(self.summary()["seconds"])
        show("generate.two_ranks.over_one", statistics.median(a / b for a, b in zip(seconds[1], seconds[2])), "1")
        _, _, memory = run(["mpiexec", "-n", "2", *self.sonde(10000)])
        show("generate.two_ranks.memory", memory, "MiB/rank")

    def start_up(self):
        """The folder of segments appears right before the first round."""
        part = pathlib.Path(str(self.out) + ".part")
        seconds = []
        for _ in range(max(self.args.rounds, 5)):
            start = time.monotonic()
            with subprocess.Popen(self.sonde(256), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT) as process:
                while not part.exists() and process.poll() is None:
                    time.sleep(0.001)
                seconds.append(time.monotonic() - start)
        show("generate.start_up", statistics.median(seconds), "s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde", help="the program")
    parser.add_argument("shared", help="folder with data/ and peers/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, folder)
        bench.start_up()
        bench.beside_peer()
        bench.two_ranks()


if __name__ == "__main__":
    main()
