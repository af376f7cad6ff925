#!/usr/bin/python3
"""The job files of jobs/, as they are, on a real Slurm: stopped, requeued, out of time, cancelled, in an array."""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

from cluster import Cluster, wait_until, why_not

SONDE = os.environ["SONDE"]
MPIEXEC = shlex.split(os.environ["SONDE_MPIEXEC"])  # "mpiexec -n"
SOURCE = pathlib.Path(os.environ["SONDE_SOURCE_DIR"])
SKIPPED = 77
PATIENCE = 150  # seconds for one job, on a machine that does other things, too

GENERATE = """\
model = inputs/fashion/lenet1.onnx
model = inputs/fashion/lenet4.onnx
model = inputs/fashion/lenet5.onnx
seeds = inputs/fashion/seeds-images-idx3-ubyte.gz
preprocess = scale=1/255
constraint = light
"""


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.chdir(SOURCE)  # where the job files are submitted
        cls.cluster = cls.enterClassContext(Cluster())
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-slurm-out-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        # First of all, since it takes longest: Slurm looks for jobs out of time every 30 s.
        cls.limited = cls.submit("generate", cls.write("limited.ini", GENERATE + "max-iterations = 1000000\n"),
                                 cls.folder / "limited.h5", options=["--time=1", "--signal=USR1@30"])

    @classmethod
    def write(cls, name, text):
        path = cls.folder / name
        path.write_text(text)
        return path

    @classmethod
    def submit(cls, name, *words, options=()):
        """Number of the job. Its log is written to the test's folder; nothing else of a job file is changed."""
        return cls.cluster.run("sbatch", "--parsable", f"--output={cls.folder}/%x-%j.out", *options,
                               f"jobs/{name}.sbatch", *words).strip()

    def facts(self, job):
        """What Slurm knows of each task of a job."""
        text = self.cluster.run("scontrol", "--oneliner", "show", "job", job)
        return [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in text.splitlines()]

    def await_states(self, job, *states, started=0):
        """Waits until each task is in one of the states, after being started again `started` times; returns its facts."""
        reached = wait_until(lambda: all(task["JobState"] in states and int(task["Restarts"]) >= started
                                         for task in self.facts(job)), PATIENCE)
        self.assertTrue(reached, f"job {job} is not {states}: {self.facts(job)}\n{self.logs()}")
        return self.facts(job)

    def await_rounds(self, out):
        """Waits until a job is at work, and hears signals."""
        self.assertTrue(wait_until(pathlib.Path(f"{out}.part").exists, PATIENCE), f"{out} is not begun\n{self.logs()}")

    def logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')}" for path in self.folder.glob("*.out"))

    def log(self, job):
        return "".join(path.read_text(errors="replace") for path in self.folder.glob(f"*-{job}.out"))

    def preempt(self, name, config, out):
        """Submits a job, stops it by a signal; returns when it has been requeued and is complete."""
        job = self.submit(name, config, out)
        self.await_rounds(out)
        self.cluster.run("scancel", "--signal=USR1", job)
        self.await_states(job, "PENDING", "RUNNING", started=1)
        self.assertFalse(out.exists(), "it was complete before it was stopped: make its work longer\n" + self.log(job))
        self.await_states(job, "COMPLETED")
        self.assertTrue(out.exists(), self.log(job))
        self.assertFalse(pathlib.Path(f"{out}.part").exists())
        return job

    def uninterrupted(self, command, config):
        out = self.folder / f"{command}-whole.h5"
        words = [*MPIEXEC, "2", SONDE, command, "--config", config, "--out", out]
        done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def test_generate_preempted_and_requeued(self):
        config = self.write("generate.ini", GENERATE + "max-iterations = 200\n")
        out = self.folder / "generate.h5"
        self.preempt("generate", config, out)
        self.assertEqual(digest(out), digest(self.uninterrupted("generate", config)))

    def test_inspect_preempted_and_requeued(self):
        out = self.folder / "inspect.h5"
        lines = (SOURCE / "jobs" / "inspect_sql.ini").read_text().splitlines(keepends=True)
        config = self.write("inspect.ini", "".join(line for line in lines if "spans.h5" not in line or "node" in line))
        self.preempt("inspect", config, out)
        differences = largest_differences(out, self.uninterrupted("inspect", config))
        self.assertTrue(differences)
        for name, difference in differences.items():
            self.assertLessEqual(difference, 1e-6 if "coefficient" in name else 1e-9, name)

    def test_complete_is_done_at_once(self):
        config, out = self.write("short.ini", GENERATE + "num-seeds = 64\n"), self.folder / "again.h5"
        changed = []
        for _ in range(2):
            job = self.submit("generate", config, out)
            self.await_states(job, "COMPLETED")
            changed.append(out.stat().st_mtime_ns)
        self.assertEqual(changed[0], changed[1], self.log(job))

    def test_array(self):
        job = self.submit("generate_array", "jobs/fashion_pair.ini", self.folder)
        tasks = self.await_states(job, "COMPLETED")
        self.assertEqual(len(tasks), 3)
        for pair in [("lenet1", "lenet4"), ("lenet1", "lenet5"), ("lenet4", "lenet5")]:
            with h5py.File(self.folder / f"{'-'.join(pair)}.h5") as file:
                self.assertEqual([pathlib.Path(file[f"models/{k}/path"].asstr()[()]).stem for k in (0, 1)], list(pair))

    def test_failure_is_not_requeued(self):
        job = self.submit("generate", self.write("wrong.ini", GENERATE + "model = none.onnx\n"), self.folder / "wrong.h5")
        task, = self.await_states(job, "FAILED")
        self.assertEqual((task["ExitCode"], task["Restarts"]), ("2:0", "0"), self.log(job))
        self.assertIn("none.onnx", self.log(job))

    def at_work_again(self, job):
        """Whether a job has been requeued, has gone on from its checkpoint and has not been stopped since."""
        task, = self.facts(job)
        log, starts = self.log(job), int(task["Restarts"])
        return (task["JobState"] == "RUNNING" and starts > 0 and log.count("going on from") == starts
                and log.count("stopped on SIG") == starts)

    def test_time_limit_then_cancelled(self):
        """Slurm signals before each end of its time, and the job is requeued each time; a job that is cancelled is not."""
        out = self.folder / "limited.h5"
        self.assertTrue(wait_until(lambda: self.at_work_again(self.limited), PATIENCE), self.log(self.limited))
        # Preemption by priority and scancel send SIGTERM, which leaves a checkpoint as well.
        self.cluster.run("scancel", self.limited)
        self.await_states(self.limited, "CANCELLED")
        time.sleep(8)  # longer than a requeued job waits
        task, = self.facts(self.limited)
        self.assertEqual(task["JobState"], "CANCELLED", "it was requeued")
        self.assertFalse(out.exists())
        log = self.log(self.limited)
        self.assertEqual(log.count("stopped on SIG"), int(task["Restarts"]) + 1, log)
        self.assertTrue(list((self.folder / "limited.h5.part").iterdir()), log)


class Nothing(unittest.TestCase):
    """A cluster that fails, too, leaves nothing running."""

    def test_left_behind(self):
        with self.assertRaises(ZeroDivisionError), Cluster() as cluster:
            cluster.run("sbatch", "--output=/dev/null", "--wrap=srun sleep 600")
            self.assertTrue(wait_until(lambda: "RUNNING" in cluster.run("squeue", "--format=%T"), 30))
            self.assertTrue(cluster.left_running())
            1 / 0
        self.assertEqual(cluster.left_running(), [])
        self.assertFalse(cluster.folder.exists())


def digest(path):
    script = SOURCE / "scripts" / "result_digest.py"
    return subprocess.run([sys.executable, script, path], check=True, capture_output=True, text=True).stdout.strip()


def largest_differences(path, other):
    """Of each data set of numbers outside /timing; the names, shapes and NaNs must be the same."""
    found = {}
    with h5py.File(path) as a, h5py.File(other) as b:
        def compare(name, item):
            if not isinstance(item, h5py.Dataset) or item.dtype.kind != "f" or name.startswith("timing"):
                return
            mine, others = item[()], b[name][()]
            np.testing.assert_array_equal(np.isnan(mine), np.isnan(others), name)
            with np.errstate(invalid="ignore"):
                found[name] = float(np.nanmax(np.where(mine == others, 0, np.abs(mine - others)), initial=0))
        a.visititems(compare)
    return found


def out_of_time(*_):
    raise TimeoutError("the tests on Slurm take too long")


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(f"skipped: Slurm cannot be started here ({reason})")
        sys.exit(SKIPPED)
    # Before CTest kills this: what was started is ended first.
    signal.signal(signal.SIGALRM, out_of_time)
    signal.signal(signal.SIGTERM, out_of_time)
    signal.alarm(540)
    unittest.main(verbosity=2)
