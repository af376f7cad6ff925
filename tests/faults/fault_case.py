"""What the tests of faults share: two short jobs that leave checkpoints, and ways to do them harm."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy as np

from sonde_case import MPIEXEC, SONDE, SOURCE, digest, fashion

ON_RANK = SOURCE / "tests" / "faults" / "on_rank.sh"
ENDS_WITHIN = 30  # seconds from a fault to the end of the job

# Each call takes a while, so that a run lasts although it needs no processor.
SLOW = """
import os, select
def slow(records):
    select.select([], [], [], 0.002 * len(records))
    if os.path.exists({fault!r} + os.environ.get("OMPI_COMM_WORLD_RANK", "0")):
        raise ValueError("a fault of this rank")
    return [[float(a == b) for a, b in zip(text, " " + text)] for text in records]
"""


class GenerateJob:
    """Findings on Fashion-MNIST: the same bits whatever happened."""
    name = "generate"

    def __init__(self, folder):
        self.model = folder / "lenet1.onnx"
        self.read_by_all = self.model
        shutil.copy(SOURCE / "inputs" / "fashion" / "lenet1.onnx", self.model)
        self.words = ["generate", *map(str, fashion("--model", self.model, "--constraint", "light", "--num-seeds", "256",
                                                    "--batch", "16", "--first-round", "64", "--round", "128"))]

    def assert_same(self, test, result, whole):
        test.assertEqual(digest(result), digest(whole))


class InspectJob:
    """Stored units against a slow hypothesis and a quick one: the same scores to 1e-9."""
    name = "inspect"

    def __init__(self, folder):
        draws = np.random.default_rng(11)
        lines = ["".join(draws.choice(list("abcd"), 16)) for _ in range(320)]
        (folder / "text.txt").write_text("\n".join(lines) + "\n")
        (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate("abcd")}))
        with h5py.File(folder / "units.h5", "w") as file:
            file["units"] = draws.normal(0, 1, (320 * 16, 12)).astype("f4")
        (folder / "slow.py").write_text(SLOW.format(fault=str(folder / "fault")))
        self.model = folder / "units.h5"
        self.read_by_all = folder / "slow.py"
        self.words = ["inspect", "--behaviors", f"{folder}/units.h5:/units", "--data", f"{folder}/text.txt", "--vocab",
                      f"{folder}/vocab.json", "--record", "line", "--hypothesis", f"slow=python:{folder}/slow.py",
                      "--hypothesis", "a=regex:a", "--block", "256", "--measure", "pearson", "--measure", "spearman",
                      "--measure", "logistic"]

    def assert_same(self, test, result, whole):
        with h5py.File(result) as a, h5py.File(whole) as b:
            names = []
            b["scores"].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            test.assertGreater(len(names), 4)
            for name in names:
                mine, others = a["scores"][name][()], b["scores"][name][()]
                if mine.dtype.kind == "f":
                    near = 1e-6 if name.startswith("logistic") else 1e-9
                    np.testing.assert_allclose(mine, others, rtol=1e-9, atol=near, err_msg=name)
                else:
                    np.testing.assert_array_equal(mine, others, err_msg=name)


class Running:
    """A job under mpiexec, or alone; its output goes to a file, so that nobody waits for a reader."""

    def __init__(self, test, words, out, ranks, prefix=()):
        self.test, self.out = test, str(out)
        self.log = open(test.folder / f"log{time.monotonic_ns()}", "w+", errors="replace")
        command = [*map(str, prefix), SONDE, *words, "--out", self.out]
        if ranks > 1 or prefix:
            command = [*MPIEXEC, str(ranks), *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        test.addCleanup(self.log.close)
        test.addCleanup(self.kill)

    def ranks(self):
        """{rank: process id}"""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cmdline").read_bytes().split(b"\0")[0] == SONDE.encode() \
                        and self.out.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    variables = dict(v.split(b"=", 1) for v in (entry / "environ").read_bytes().split(b"\0") if b"=" in v)
                    found[int(variables.get(b"OMPI_COMM_WORLD_RANK", 0))] = int(entry.name)
            except (OSError, ValueError):  # it has ended
                pass
        return found

    def signal(self, rank, number):
        """Whether the rank was there."""
        process = self.ranks().get(rank)
        try:
            os.kill(process, number)
            return True
        except (TypeError, ProcessLookupError):
            return False

    def kill(self):
        """kill -9 of the whole job."""
        if self.process.poll() is None:
            self.process.kill()
        for process in self.ranks().values():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def wait_for(self, condition, what):
        """Waits until something is the case while the job runs; whether it was before its end."""
        end = time.monotonic() + 60
        while not condition():
            if self.process.poll() is not None:
                return False
            if time.monotonic() > end:
                self.test.fail(f"no {what} in a minute\n{self.text()}")
            time.sleep(0.001)
        return True

    def text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def end(self, seconds=ENDS_WITHIN):
        """Exit status and everything said; no rank is left behind."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.test.fail(f"it has not ended after {seconds} s\n{self.text()}")
        gone = time.monotonic() + 5
        while self.ranks() and time.monotonic() < gone:
            time.sleep(0.05)
        self.test.assertEqual(self.ranks(), {}, "a rank is left running")
        return status, self.text()


class FaultCase(unittest.TestCase):
    """Both jobs, and their results without a fault."""
    jobs = (GenerateJob, InspectJob)

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="sonde-faults-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.made = [job(cls.home) for job in cls.jobs]
        cls.whole, cls.seconds = {}, {}
        for job in cls.made:
            began = time.monotonic()
            path = cls.home / f"{job.name}.h5"
            done = subprocess.run([*MPIEXEC, "2", SONDE, *job.words, "--out", path], capture_output=True, text=True,
                                  timeout=120)
            assert done.returncode == 0, done.stderr + done.stdout
            cls.whole[job.name], cls.seconds[job.name] = path, time.monotonic() - began

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        self.out = self.folder / "out.h5"

    def start(self, job, *words, ranks=3, prefix=()):
        return Running(self, [*job.words, *map(str, words)], self.out, ranks, prefix)

    def resume(self, job, ranks=2):
        """Goes on, and compares with the result of a run without a fault."""
        status, text = self.start(job, "--resume", ranks=ranks).end(120)
        self.assertEqual(status, 0, text)
        job.assert_same(self, self.out, self.whole[job.name])
        self.assertFalse(pathlib.Path(f"{self.out}.part").exists())
        self.assertFalse(pathlib.Path(f"{self.out}.tmp").exists())
        return text

    def stop(self, job, ranks=2):
        """A run that has been stopped in the middle by SIGUSR1."""
        running = self.start(job, ranks=ranks)
        self.assertTrue(running.wait_for(self.part, "OUT.part"), running.text())
        time.sleep(0.1)
        running.process.send_signal(signal.SIGUSR1)
        status, text = running.end()
        self.assertEqual(status, 3, text)

    def part(self):
        return pathlib.Path(f"{self.out}.part").exists()

    def assert_names(self, text, *parts):
        for part in parts:
            self.assertIn(part, text)

    def need_mounts(self):
        """Skips, by name, where no file system can be mounted."""
        if os.geteuid() != 0 or not shutil.which("unshare"):
            self.skipTest("no file system can be mounted here (needs root and unshare)")
        done = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", self.folder], capture_output=True)
        if done.returncode != 0:
            self.skipTest("no file system can be mounted here (unshare --mount is refused)")
