#!/usr/bin/python3
"""Whatever is killed, full, gone or late: a job ends soon, says where and why, and goes on to the same result."""
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import time

import numpy as np

from fault_case import ON_RANK, FaultCase
from sonde_case import MPIEXEC, SONDE, main

TRIALS = int(os.environ.get("SONDE_FAULT_TRIALS", "6"))
SEED = int(os.environ.get("SONDE_FAULT_SEED", "1"))
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class KillRank(FaultCase):
    def test_at_random_moments(self):
        """SONDE_FAULT_TRIALS=50 SONDE_FAULT_SEED=7 make more of them, and others."""
        killed, slowest = 0, 0.0
        for trial in range(TRIALS):
            draws = np.random.default_rng([SEED, trial])
            job = self.made[trial % 2]
            ranks = int(draws.integers(2, 5))
            victim = int(draws.integers(ranks))
            moment = float(draws.uniform(0, 0.6 * self.seconds[job.name]))
            others = int(draws.choice([n for n in (1, 2, 3, 4) if n != ranks]))
            with self.subTest(trial=trial, job=job.name, ranks=ranks, victim=victim, moment=moment, resumed_on=others):
                self.setUp()
                running = self.start(job, "--checkpoint-every", "0.1", "--log-level", "debug", ranks=ranks)
                # Before MPI is up it is for mpirun, and for it alone, to end the job: Open MPI 4.1.4 does not always.
                running.wait_for(lambda: running.text().count(f" of {ranks} is process ") == ranks, "start of MPI")
                time.sleep(moment)
                was_there = running.signal(victim, signal.SIGKILL)
                began = time.monotonic()
                status, text = running.end()
                took = time.monotonic() - began
                if was_there and status != 0:
                    killed += 1
                    slowest = max(slowest, took)
                    self.assertRegex(text, rf"rank {victim}\b")
                else:
                    self.assertTrue(self.out.exists(), text)  # it had come to its end
                self.resume(job, ranks=others)
        print(f"{TRIALS} trials: {killed} killed before their end, the job ended within {slowest:.1f} s", flush=True)
        self.assertGreater(killed, TRIALS // 2)


class KillAll(FaultCase):
    def kill_when_there_is(self, suffix):
        for job in self.made:
            with self.subTest(job=job.name):
                for attempt in range(20):  # it may be gone again before the signal is there
                    self.setUp()
                    file = pathlib.Path(f"{self.out}{suffix}")
                    running = self.start(job, "--checkpoint-every", "0.1")
                    if running.wait_for(file.exists, suffix):
                        running.kill()
                    if file.exists():
                        break
                self.assertTrue(file.exists(), f"20 times too late\n{running.text()}")
                self.assertFalse(self.out.exists())
                self.resume(job)

    def test_while_a_segment_is_written(self):
        self.kill_when_there_is(".part/writing.tmp")

    def test_while_the_result_is_assembled(self):
        self.kill_when_there_is(".tmp")


class FullDisk(FaultCase):
    def run_on_disk(self, job, kib, *words):
        """What a run on so small a disk says; it then goes on where there is room again."""
        disk = self.folder / "disk"
        disk.mkdir(exist_ok=True)
        self.out = disk / "out.h5"
        first = [*job.words, *words, "--out", str(self.out)]
        script = f"""mount -t tmpfs -o size={kib}k tmpfs '{disk}' || exit 99
{self.mpiexec(first)} >'{self.folder}/said' 2>&1
echo $? >'{self.folder}/status'
ls -A '{disk}' >'{self.folder}/left'
mount -o remount,size=200m '{disk}' && {self.mpiexec([*first, '--resume'])} && cp '{self.out}' '{self.folder}/result.h5'"""
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=120)
        said = (self.folder / "said").read_text()
        self.assertEqual(done.returncode, 0, said + done.stdout + done.stderr)
        job.assert_same(self, self.folder / "result.h5", self.whole[job.name])
        return int((self.folder / "status").read_text()), said, (self.folder / "left").read_text().split()

    def mpiexec(self, words):
        return shlex.join([*MPIEXEC, "3", SONDE, *words])

    def test_while_segments_are_written(self):
        self.need_mounts()
        for job in self.made:
            for kib in (8, 48):
                with self.subTest(job=job.name, kib=kib):
                    status, said, left = self.run_on_disk(job, kib, "--checkpoint-every", "0.1")
                    self.assertEqual(status, 1, said)
                    self.assert_names(said, "[rank ", "out.h5.part/writing.tmp", "o space left")
                    self.assertNotIn("out.h5", left)

    def test_while_the_result_is_assembled(self):
        self.need_mounts()
        for job in self.made:
            with self.subTest(job=job.name):
                size = self.whole[job.name].stat().st_size
                for share in (1.4, 0.7):  # of the result; inspect writes no segment before it
                    self.setUp()
                    status, said, left = self.run_on_disk(job, int(share * size / 1024), "--checkpoint-every", "0")
                    if "out.h5.tmp" in said:
                        break
                self.assertEqual(status, 1, said)
                self.assert_names(said, "[rank 0]", "out.h5.tmp", "o space left")
                self.assertNotIn("out.h5", left)

    def test_of_the_summary(self):
        status, said = self.start(self.made[0], "--summary", "/dev/full").end(60)
        self.assertEqual(status, 1, said)
        self.assert_names(said, "/dev/full", "o space left", "the results are complete")
        self.made[0].assert_same(self, self.out, self.whole["generate"])

    def test_of_the_events(self):
        for job in self.made:
            with self.subTest(job=job.name):
                self.setUp()
                status, said = self.start(job, "--events", "/dev/full").end(60)
                self.assertEqual(status, 0, said)
                self.assert_names(said, "/dev/full", "warning")
                job.assert_same(self, self.out, self.whole[job.name])


class Taken(FaultCase):
    def test_output_folder_removed(self):
        for job in self.made:
            with self.subTest(job=job.name):
                self.setUp()
                place = self.folder / "place"
                place.mkdir()
                self.out = place / "out.h5"
                running = self.start(job, "--checkpoint-every", "0.1")
                self.assertTrue(running.wait_for(self.part, "OUT.part"))
                shutil.rmtree(place, ignore_errors=True)
                status, text = running.end()
                self.assertEqual(status, 1, text)
                self.assertRegex(text, r"\[rank \d\].*place/out.h5")

    def test_model_replaced(self):
        for job in self.made:
            with self.subTest(job=job.name):
                self.setUp()
                self.stop(job)
                kept = job.model.read_bytes()
                content = bytearray(kept)
                if job.name == "generate":
                    content += bytes([0x32, 1, ord("x")])  # ONNX: a doc_string; the model computes the same
                else:
                    content[-1] ^= 1  # a stored value
                try:
                    job.model.write_bytes(content)
                    status, text = self.start(job, "--resume").end()
                finally:
                    job.model.write_bytes(kept)
                self.assertEqual(status, 2, text)
                self.assert_names(text, "sha256", "out.h5.part")
                self.assertEqual(text.count("sonde: "), 1, text)
                self.resume(job, ranks=3)


class Signals(FaultCase):
    def test_again_and_again(self):
        for job in self.made:
            with self.subTest(job=job.name):
                self.setUp()
                running = self.start(job)
                self.assertTrue(running.wait_for(self.part, "OUT.part"))
                for number in (signal.SIGUSR1, signal.SIGTERM) * 4:
                    for rank in running.ranks():
                        running.signal(rank, number)
                    time.sleep(0.01)
                status, text = running.end()
                self.assertEqual(status, 3, text)
                self.resume(job, ranks=1)

    def test_stopped_for_a_while(self):
        for job in self.made:
            for rank in (0, 2):
                with self.subTest(job=job.name, rank=rank):
                    self.setUp()
                    running = self.start(job, "--checkpoint-every", "0.1")
                    self.assertTrue(running.wait_for(self.part, "OUT.part"))
                    self.assertTrue(running.signal(rank, signal.SIGSTOP))
                    time.sleep(1)
                    self.assertTrue(running.signal(rank, signal.SIGCONT))
                    status, text = running.end(60)
                    self.assertEqual(status, 0, text)
                    job.assert_same(self, self.out, self.whole[job.name])

    def test_clock_set_back(self):
        if not FAKETIME.exists():
            self.skipTest("no libfaketime")
        for job in self.made:
            with self.subTest(job=job.name):
                self.setUp()
                clock = self.folder / "clock"
                clock.write_text("+0")
                prefix = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_NO_CACHE=1",
                          "FAKETIME_DONT_FAKE_MONOTONIC=1"]  # nobody can set that one back
                words = ("--checkpoint-every", "0.2", "--time-limit", "100")
                running = self.start(job, *words, prefix=prefix)
                self.assertTrue(running.wait_for(self.part, "OUT.part"))
                clock.write_text("-3d")
                status, text = running.end(60)
                self.assertEqual(status, 0, text)
                job.assert_same(self, self.out, self.whole[job.name])


class Phases(FaultCase):
    """A failure on one rank of three, on each in turn: the others do not wait for it."""

    def on_each_rank(self, fault, jobs=None):
        for job in jobs or self.made:
            for rank in range(3):
                with self.subTest(job=job.name, rank=rank):
                    self.setUp()
                    fault(job, rank)

    def test_load(self):
        """A file that is empty as one rank sees it, as on a node whose file system lags behind."""
        self.need_mounts()

        def fault(job, rank):
            prefix = [ON_RANK, rank, f"mount --bind /dev/null '{job.read_by_all}'"]
            status, text = self.start(job, prefix=prefix).end()
            self.assertEqual(status, 2, text)
            self.assert_names(text, f"rank {rank}: ", job.read_by_all.name)
            self.assertEqual(text.count("sonde: "), 1, text)
            self.assertFalse(self.part())
        self.on_each_rank(fault)

    def test_round(self):
        """generate: no more memory; inspect: a hypothesis that fails."""
        def fault(job, rank):
            running = self.start(job, "--checkpoint-every", "0.1")
            self.assertTrue(running.wait_for(self.part, "OUT.part"))
            if job.name == "generate":
                subprocess.run(["prlimit", f"--pid={running.ranks()[rank]}", "--as=1"], check=True)
            else:
                (self.home / f"fault{rank}").touch()
            status, text = running.end()
            (self.home / f"fault{rank}").unlink(missing_ok=True)
            self.assertNotIn(status, (0, 3), text)
            # libgomp, which may be the first to want memory, ends a process itself: then it is mpirun that names it.
            self.assertRegex(text, rf"rank {rank}\b|Process name: \[\[\d+,\d+\],{rank}\]")
            if rank == 1:  # KillRank goes on from many more
                self.resume(job)
        self.on_each_rank(fault)

    def test_reduction(self):
        """A rank that is stopped while the others come to wait for it, and then dies."""
        def fault(job, rank):
            running = self.start(job, "--checkpoint-every", "0.1")
            self.assertTrue(running.wait_for(self.part, "OUT.part"))
            running.signal(rank, signal.SIGSTOP)
            time.sleep(0.5)
            self.assertIsNone(running.process.poll())
            running.signal(rank, signal.SIGKILL)
            status, text = running.end()
            self.assertNotIn(status, (0, 3), text)
            # libgomp, which may be the first to want memory, ends a process itself: then it is mpirun that names it.
            self.assertRegex(text, rf"rank {rank}\b|Process name: \[\[\d+,\d+\],{rank}\]")
            if rank == 1:  # KillRank goes on from many more
                self.resume(job)
        self.on_each_rank(fault)

    def test_write(self):
        """One rank sees another folder in the place of that of the result, as on a node where it is not mounted."""
        self.need_mounts()

        def fault(job, rank):
            prefix = [ON_RANK, rank, f"mount -t tmpfs tmpfs '{self.folder}'"]
            status, text = self.start(job, "--checkpoint-every", "0.1", prefix=prefix).end()
            self.assertEqual(status, 1, text)
            self.assertRegex(text, r"\[rank \d\] .*out.h5.part/writing.tmp")
            if rank > 0:  # rank 0 makes the folder: it is the others that miss it
                self.assert_names(text, f"[rank {rank}]")
        self.on_each_rank(fault)

    def test_elsewhere_read_only(self):
        """The folder of the result is read-only on one rank: said before work is begun."""
        self.need_mounts()

        def fault(job, rank):
            prefix = [ON_RANK, rank, f"mount -t tmpfs -o ro tmpfs '{self.folder}'"]
            status, text = self.start(job, prefix=prefix).end()
            self.assertEqual(status, 2, text)
            self.assert_names(text, f"rank {rank}: ", "--out", "cannot be written to")
            self.assertEqual(text.count("sonde: "), 1, text)
        self.on_each_rank(fault)

    def test_assembly(self):
        """The rank that assembles is killed, or one that waits for it (a full disk: see FullDisk)."""
        def fault(job, rank):
            for _ in range(20):
                self.setUp()
                running = self.start(job, "--checkpoint-every", "0")
                if running.wait_for(pathlib.Path(f"{self.out}.tmp").exists, "OUT.tmp"):
                    running.signal(rank, signal.SIGKILL)
                status, text = running.end()
                if status != 0:
                    break
            self.assertNotIn(status, (0, 3), text)
            # libgomp, which may be the first to want memory, ends a process itself: then it is mpirun that names it.
            self.assertRegex(text, rf"rank {rank}\b|Process name: \[\[\d+,\d+\],{rank}\]")
            if rank == 1:  # KillRank goes on from many more
                self.resume(job)
        self.on_each_rank(fault)


if __name__ == "__main__":
    main()
