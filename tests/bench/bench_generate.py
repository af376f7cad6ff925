#!/usr/bin/python3
"""The main job as a user runs it: bench_generate.py SONDE SHARED [--rounds N] [--batch B] [--backend cuda [--rates FILE]]

Three DeepXplore LeNets, MNIST, occlusion, published mode: rate on one core beside the PyTorch peer (the two run by turns),
two ranks against one (by turns), memory, and the time from the start of the program to the first round. One line per case:
name value unit. Rates are medians over the rounds; wall clock, so the machine should be quiet. `.cpu` counts processor time,
which other work on the machine disturbs less.

With --backend cuda instead: the rate on one GPU at --batch (16384) and at 256, MNIST's images repeated so that batches are
full, beside the PyTorch peer on the same GPU at the same batch sizes (by torch_on.py, with --python's PyTorch). FILE holds the
output of bench_device on this GPU: the bound is the rate at which its copies would move what an iteration must move. Exit
status 77 without a GPU.
"""
import argparse
import gzip
import json
import math
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
HERE = pathlib.Path(__file__).resolve().parent
REPEATS = 7  # of the 10,000 images on a GPU: 70,000 make four full batches of 16,384


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


def without_device(sonde, model):
    """Why sonde cannot use a GPU; None when it can."""
    result = subprocess.run([sonde, "describe", model, "--backend", "cuda"], stderr=subprocess.STDOUT,
                            stdout=subprocess.PIPE, env=ENVIRONMENT, text=True)
    line = re.search(r"^ *backend +(.*)|\Z", result.stdout, re.MULTILINE)[1] or result.stdout.strip()
    return None if line.startswith("cuda") else line


def read_rates(path):
    """{name: value} of the lines that bench_device prints."""
    if path is None:
        return {}
    lines = [line.split() for line in open(path) if line.startswith("device.")]
    return {words[0]: float(words[1]) for words in lines}


class Bench:
    def __init__(self, args, folder):
        self.args = args
        mnist = pathlib.Path(args.shared) / "data/mnist"
        self.models = [str(mnist / f"lenet{k}.h5") for k in (1, 4, 5)]
        self.images = str(mnist / "t10k-images-idx3-ubyte.gz")
        self.out = pathlib.Path(folder) / "result.h5"

    def sonde(self, seeds, *options, batch=None):
        command = [self.args.sonde, "generate", "--seeds", self.images, "--preprocess", "scale=1/255", "--mode", "published",
                   "--constraint", "occlusion", "--num-seeds", str(seeds), "--batch", str(batch or self.args.batch),
                   "--backend", self.args.backend, "--out", str(self.out), "--overwrite", "--summary", str(self.out) + ".json", *options]
        for model in self.models:
            command += ["--model", model]
        return command

    def summary(self):
        return json.loads(pathlib.Path(str(self.out) + ".json").read_text())

    def peer(self, seeds):
        return [self.args.python, *self.peer_words(seeds)]

    def peer_words(self, seeds):
        return [str(pathlib.Path(self.args.shared) / "peers/deepxplore_torch.py"), "--models", *self.models, "--images", self.images,
                "--mode", "batch", "--constraint", "occl", "--seeds", str(seeds), "--threads", "1"]

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

    def on_device(self, device):
        """All by turns; `device` is PyTorch's name of it."""
        self.repeat_images()
        batch, name = self.args.batch, f"generate.{self.args.backend}"
        sizes = {batch: f"batch{batch}", 256: "batch256"}
        ours, theirs, but_picks = ({size: [] for size in sizes} for _ in range(3))
        peer = not self.peer_missing(device)
        for _ in range(self.args.rounds):
            for size in sizes:
                run(self.sonde(10000 * REPEATS, "--precision", self.args.precision, "--round", "65536", "--first-round", "65536",
                               batch=size))
                ours[size].append(self.summary()["sample_iterations_per_second"])
                if peer:
                    rate, without = self.peer_on(device, size)
                    theirs[size].append(rate)
                    but_picks[size].append(without)
        best = statistics.median(ours[batch])
        for size, text in sizes.items():
            show(f"{name}.{text}", statistics.median(ours[size]), "sample-iterations/s")
            if peer:
                show(f"peer.{device}.{text}", statistics.median(theirs[size]), "sample-iterations/s")
                show(f"peer.{device}.{text}.but_picks", statistics.median(but_picks[size]), "sample-iterations/s")
        if peer:
            show(f"{name}.over_peer", best / statistics.median(theirs[batch]), "(same batch, target 2)")
            show(f"{name}.over_peer.but_picks", best / statistics.median(but_picks[batch]), "(same batch, target 2)")
            show(f"{name}.over_peer_at_256", best / statistics.median(theirs[256]), "(target 20)")
            show(f"{name}.over_peer_at_256.but_picks", best / statistics.median(but_picks[256]), "(target 20)")
        kilobytes = self.traffic() / 1e3
        show(f"{name}.traffic", kilobytes, "kB/sample-iteration")
        copy = read_rates(self.args.rates).get("device.copy")
        if copy:
            show(f"{name}.bound", copy * 1e6 / kilobytes, "sample-iterations/s")
            show(f"{name}.of_bound", best / (copy * 1e6 / kilobytes), "1")

    def repeat_images(self):
        data = gzip.open(self.images).read()
        count = int.from_bytes(data[4:8], "big") * REPEATS
        path = self.out.parent / "images-idx3-ubyte"
        path.write_bytes(data[:4] + count.to_bytes(4, "big") + data[8:16] + data[16:] * REPEATS)
        self.images = str(path)

    def peer_on(self, device, batch):
        """(rate, rate but for picking neurons) of the peer, over four full batches of `batch` or, of small ones, 4,096 seeds"""
        seeds = max(4 * batch, 4096)
        text, _, _ = run([self.args.python, str(HERE / "torch_on.py"), device, self.args.precision, *self.peer_words(seeds),
                          "--batch", str(batch)])
        count, wall = int(re.search(r"sample_iters=(\d+)", text)[1]), float(re.search(r"wall=([\d.]+)", text)[1])
        return count / wall, count / (wall - float(re.search(r"pick_seconds=([\d.]+)", text)[1]))

    def peer_missing(self, device):
        """Whether it cannot run there; says so."""
        program = pathlib.Path(self.args.shared) / "peers/deepxplore_torch.py"
        test = f"import h5py, torch; torch.zeros(1).to('{device}')"
        result = subprocess.run([self.args.python, "-c", test], capture_output=True, text=True)
        reason = f"no {program}" if not program.is_file() else (result.stderr.strip().split("\n") or [""])[-1]
        if reason:
            print(f"peer.{device} skipped: {reason}", flush=True)
        return bool(reason)

    def traffic(self):
        """Bytes that an iteration moves for one sample at the least, when no two layers are computed at once but functions with
        what they are applied to: each activation is written, and read on the way forth and back; each gradient is written and
        read."""
        floats = 0
        for model in json.loads(run([self.args.sonde, "describe", "--json", *self.models])[0]):
            nodes = model["nodes"]
            fused = {i for node in nodes if node["op"] == "relu" for i in node["inputs"]}
            floats += sum(math.prod(node["shape"]) for node in nodes if node["op"] != "reshape" and node["node"] not in fused)
        return 5 * 4 * floats


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sonde", help="the program")
    parser.add_argument("shared", help="folder with data/ and peers/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, help="64; on a GPU 16384")
    parser.add_argument("--backend", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "tf32"], help="on a GPU, of both")
    parser.add_argument("--python", default="/usr/bin/python3", help="the peer's")
    parser.add_argument("--rates", help="file with the output of bench_device")
    args = parser.parse_args()
    args.batch = args.batch or (16384 if args.backend == "cuda" else 64)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, folder)
        if args.backend == "cuda":
            if reason := without_device(args.sonde, bench.models[0]):
                print(f"bench_generate skipped: {reason}")
                sys.exit(77)
            bench.on_device("cuda")
            return
        bench.start_up()
        bench.beside_peer()
        bench.two_ranks()


if __name__ == "__main__":
    main()
