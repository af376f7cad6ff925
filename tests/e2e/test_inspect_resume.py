#!/usr/bin/python3
"""Inspections that are stopped, killed and gone on with end with the scores of one that never was."""
import json
import os
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

from sonde_case import MPIEXEC, SONDE, Case, main

RECORDS, LENGTH, UNITS = 480, 16, 12
REPEAT, SOLVE = 1, 2  # steps of CountingPass
# Each call takes a while, so that there is time to stop a run at every moment of it.
SLOW = """
import time
def doubled(records):
    time.sleep({seconds} * len(records))
    return [[float(a == b) for a, b in zip(text, ' ' + text)] for text in records]
"""


class Resumed(Case):
    def setUp(self):
        super().setUp()
        draws = np.random.default_rng(11)
        lines = ["".join(draws.choice(list("abcd"), LENGTH)) for _ in range(RECORDS)]
        (self.folder / "text.txt").write_text("\n".join(lines) + "\n")
        (self.folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate("abcd")}))
        letters = np.array([[c == "a" for c in line] for line in lines], "f4").ravel()
        units = draws.normal(0, 1, (RECORDS * LENGTH, UNITS)).astype("f4")
        units[:, :4] += letters[:, None] * np.array([0.2, 0.5, 1, 2], "f4")
        units[:, 5] = np.where(units[:, 5] > 1, units[:, 5] + units[:, 4], 0)
        with h5py.File(self.folder / "units.h5", "w") as file:
            file["units"] = units
        self.slow(0.002)

    def slow(self, seconds):
        (self.folder / "slow.py").write_text(SLOW.format(seconds=seconds))

    def words(self, *measures, out="out.h5"):
        some = [word for measure in measures for word in (measure if isinstance(measure, tuple) else ("--measure", measure))]
        return ["inspect", "--behaviors", f"{self.folder}/units.h5:/units", "--data", self.folder / "text.txt",
                "--vocab", self.folder / "vocab.json", "--record", "line", "--hypothesis", f"slow=python:{self.folder}/slow.py",
                "--hypothesis", "a=regex:a", "--hypothesis", "run=regex:[bc]+", "--block", "256", *some,
                "--out", self.folder / out]

    def whole(self, *measures):
        """Path of the result of a run that is never stopped."""
        fast = self.run_sonde(*self.words(*measures, out="whole.h5"))
        self.assertEqual(fast.returncode, 0, fast.stderr)
        return self.folder / "whole.h5"

    def start(self, *words, ranks=1):
        """A running job; its first event has come."""
        events = self.folder / "events.jsonl"
        events.unlink(missing_ok=True)
        command = [SONDE, *map(str, words), "--events", str(events)]
        if ranks > 1:
            command = [*MPIEXEC, str(ranks), *command]
        job = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: job.poll() is None and job.kill())
        self.wait_for(job, "start")
        return job

    def events(self):
        path = self.folder / "events.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def wait_for(self, job, name):
        for _ in range(3000):
            if any(event["event"] == name for event in self.events()):
                return
            if job.poll() is not None:
                self.fail(f"ended before '{name}': {job.communicate()}")
            time.sleep(0.01)
        self.fail(f"no event '{name}'")

    def ranks_of(self, job):
        """Process ids of the ranks."""
        found = []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/stat") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
                with open(f"/proc/{name}/cmdline") as file:
                    program = file.read().split("\0")[0]
            except (OSError, ValueError, IndexError):
                continue
            if parent == job.pid and program == SONDE:
                found.append(int(name))
        return sorted(found)

    def finish(self, job, status):
        out, error = job.communicate(timeout=30)
        self.assertEqual(job.returncode, status, error + out)
        return out + error

    def assert_same(self, result, whole):
        with h5py.File(result) as a, h5py.File(whole) as b:
            names = []
            b["scores"].visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
            self.assertGreater(len(names), 4)
            for name in names:
                x, y = a["scores"][name][()], b["scores"][name][()]
                if x.dtype.kind == "f":
                    near = 1e-6 if name.startswith(("logistic", "ridge")) else 1e-9
                    np.testing.assert_allclose(x, y, rtol=1e-9, atol=near, err_msg=name)
                else:
                    np.testing.assert_array_equal(x, y, err_msg=name)
            for name in ("support", "annotated", "constant"):
                np.testing.assert_array_equal(a["hypotheses"][name], b["hypotheses"][name])
        self.assertFalse((self.folder / "out.h5.part").exists())
        self.assertFalse((self.folder / "out.h5.tmp").exists())


class Stopped(Resumed):
    def test_by_signals_to_one_rank(self):
        """In the pass for ranks, early and late, and in that for sums; on 2, 3 and 1 ranks."""
        self.slow(0.005)  # 2.4 s a pass: less than half of the work is done when the last signal comes
        measures = ("pearson", "spearman", "jaccard:top=0.1", "logistic", "ridge")
        whole = self.whole(*measures)
        job = self.start(*self.words(*measures), ranks=2)
        time.sleep(0.15)
        asked = time.monotonic()
        os.kill(self.ranks_of(job)[1], signal.SIGUSR1)
        self.assertIn("stopped on SIGUSR1", self.finish(job, 3))
        self.assertLess(time.monotonic() - asked, 20)
        self.assertEqual([event["event"] for event in self.events()][-2:], ["checkpoint", "stopped"])
        job = self.start(*self.words(*measures), "--resume", ranks=3)
        time.sleep(0.5)
        for _ in range(3):  # once is enough, and more does not matter
            os.kill(self.ranks_of(job)[0], signal.SIGUSR1)
        self.assertIn("with --resume", self.finish(job, 3))
        job = self.start(*self.words(*measures), "--resume", "--threads", "2")
        time.sleep(0.5)
        job.send_signal(signal.SIGTERM)
        self.assertIn("stopped on SIGTERM", self.finish(job, 3))
        done = self.run_sonde(*self.words(*measures), "--resume", ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same(self.folder / "out.h5", whole)
        before = (self.folder / "out.h5").read_bytes()
        again = self.run_sonde(*self.words(*measures), "--resume")
        self.assertEqual(again.returncode, 0)
        self.assertIn("complete already", again.stdout)
        self.assertEqual(before, (self.folder / "out.h5").read_bytes())
        other = self.run_sonde(*self.words("pearson"), "--resume", ranks=2)
        self.assertEqual(other.returncode, 2)
        self.assertIn("--measure", other.stderr)

    def in_pieces(self, seconds, step, *measures):
        """Stopped so long after the start, and later every time, on 1, 2 and 3 ranks in turn; once in that step at least."""
        whole = self.whole(*measures)
        steps = []
        for stops in range(60):
            job = self.start(*self.words(*measures), "--resume", "--threads", str(1 + stops % 2), ranks=1 + stops % 3)
            time.sleep(seconds)
            seconds *= 1.4
            if job.poll() is None:
                job.send_signal(signal.SIGUSR1)  # mpiexec passes it on
            out, error = job.communicate(timeout=30)
            if job.returncode == 0:
                break
            self.assertEqual(job.returncode, 3, error + out)
            with h5py.File(self.folder / "out.h5.part" / f"{stops + 1:06d}.h5") as file:
                steps += file["state/step"][()].tolist() if "step" in file["state"] else []
        self.assertIn(step, steps)
        self.assert_same(self.folder / "out.h5", whole)

    def test_in_epochs(self):
        """--memory is too small to keep the rows."""
        self.in_pieces(0.4, REPEAT, "logistic:epochs=2", "pearson", "ridge", ("--memory", "0.001"))

    def test_in_the_solution(self):
        self.slow(0)
        units = np.random.default_rng(3).normal(0, 1, (RECORDS * LENGTH, 400)).astype("f4")
        with h5py.File(self.folder / "units.h5", "w") as file:
            file["units"] = np.cumsum(units, axis=1)
        self.in_pieces(0.1, SOLVE, "logistic:lambda=1e-5,tolerance=1e-12", "pearson")

    def test_by_time_limit(self):
        whole = self.whole("pearson", "auc")
        done = self.run_sonde(*self.words("pearson", "auc"), "--time-limit", "0.3", ranks=2)
        self.assertEqual(done.returncode, 3, done.stderr + done.stdout)
        self.assertIn("stopped on --time-limit", done.stdout)
        done = self.run_sonde(*self.words("pearson", "auc"), "--resume", "--time-limit", "0:10:00")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_same(self.folder / "out.h5", whole)


class Killed(Resumed):
    def test_after_a_checkpoint(self):
        """kill -9 of all ranks, and of one."""
        self.slow(0.004)
        measures = ("pearson", "spearman", "logistic")
        whole = self.whole(*measures)
        for ranks, victims in ((1, [0]), (3, [1]), (2, [0, 1])):
            job = self.start(*self.words(*measures), "--resume", "--checkpoint-every", "0.1", ranks=ranks)
            self.wait_for(job, "checkpoint")
            processes = self.ranks_of(job) if ranks > 1 else [job.pid]
            for number in victims:
                os.kill(processes[number], signal.SIGKILL)
            job.communicate(timeout=30)
            self.assertNotEqual(job.returncode, 0)
            self.assertTrue((self.folder / "out.h5.part").is_dir())
        (self.folder / "out.h5.part" / "writing.tmp").write_bytes(b"half a checkpoint")
        (self.folder / "out.h5.tmp").write_bytes(b"half a result")
        done = self.run_sonde(*self.words(*measures), "--resume", ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("going on from", done.stderr)
        self.assert_same(self.folder / "out.h5", whole)

    def test_without_its_folder(self):
        """Removed while the run goes on: it says so, and ends."""
        for ranks in (1, 2):
            job = self.start(*self.words("pearson", "spearman"), "--overwrite", ranks=ranks)
            shutil.rmtree(self.folder / "out.h5.part")
            os.kill(self.ranks_of(job)[0] if ranks > 1 else job.pid, signal.SIGUSR1)
            self.assertIn("out.h5.part/writing.tmp", self.finish(job, 1))

    def test_on_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        mount = f"mount -t tmpfs -o size=200k tmpfs '{disk}'"
        try:
            if subprocess.run([*namespace, "sh", "-c", mount], capture_output=True, check=False).returncode:
                self.skipTest("no tmpfs can be mounted here (needs root or user namespaces)")
        except FileNotFoundError:
            self.skipTest("no unshare")
        for ranks in (1, 2):
            command = [SONDE, *map(str, self.words("spearman", "logistic", out="disk/out.h5")), "--checkpoint-every", "0.1"]
            if ranks > 1:
                command = [*MPIEXEC, str(ranks), *command]
            done = subprocess.run([*namespace, "sh", "-c", f'{mount} && "$@"', "sh", *command], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr + done.stdout)
            self.assertIn("no space left", done.stderr.lower())


class Refused(Resumed):
    """What must not go on, and why."""

    def refused(self, words, *texts, ranks=1):
        done = self.run_sonde(*words, ranks=ranks)
        self.assertEqual(done.returncode, 2, done.stderr + done.stdout)
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertEqual(done.stderr.count("sonde: "), 1, done.stderr)

    def test_what_differs(self):
        words = self.words("pearson", "logistic")
        job = self.start(*words)
        time.sleep(0.2)
        job.send_signal(signal.SIGUSR1)
        self.finish(job, 3)
        self.refused(words, "out.h5.part", "--resume", "--overwrite")
        self.refused([*words, "--resume", "--overwrite"], "--resume and --overwrite")
        self.refused([*words, "--resume", "--rng-seed", "1"], "--rng-seed", "'0'", "'1'", ranks=2)
        self.refused([*words, "--resume", "--memory", "2"], "--memory")
        self.refused([*self.words("pearson"), "--resume"], "--measure")
        self.slow(0.001)
        self.refused([*words, "--resume"], "hypothesis 0", "sha256", ranks=2)
        self.slow(0.002)
        with h5py.File(self.folder / "units.h5", "a") as file:
            file["units"][0, 0] = 7
        self.refused([*words, "--resume"], "units.h5:/units) was")
        (self.folder / "text.txt").write_text((self.folder / "text.txt").read_text().replace("a", "b", 1))
        self.refused([*words, "--resume"], "data (")

    def test_what_is_no_checkpoint(self):
        words = self.words("pearson")
        job = self.start(*words)
        job.send_signal(signal.SIGUSR1)
        self.finish(job, 3)
        segment = self.folder / "out.h5.part" / "000001.h5"
        whole = segment.read_bytes()
        for text in (whole[:len(whole) // 2], b"", b"no HDF5"):
            segment.write_bytes(text)
            self.refused([*words, "--resume"], "000001.h5", ranks=2)
        with h5py.File(segment, "w") as file:
            file["state/round"] = 3  # as another command might write
        self.refused([*words, "--resume"], "000001.h5", "not written by this command")
        segment.write_bytes(whole)
        done = self.run_sonde(*words, "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_to_go_on_from(self):
        done = self.run_sonde(*self.words("pearson"), "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no checkpoint", done.stderr)


if __name__ == "__main__":
    main()
