#!/usr/bin/python3
"""A run of sonde generate that is stopped, killed and gone on with ends as one that never was."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np

from sonde_case import MPIEXEC, SONDE, Case, columns, conv_model, dense_model, digest, fashion, main, options

# Several rounds of several micro-batches.
ROUNDS = ["--num-seeds", "160", "--batch", "16", "--first-round", "32", "--round", "64", "--max-iterations", "10"]
# The same over so many seeds that a signal finds the run at work, on the fastest machine too.
LONG_SEEDS = 1000
LONG = ["--num-seeds", LONG_SEEDS, *ROUNDS[2:]]


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return int(mask, 16) >> (number - 1) & 1


class Resume(Case):
    def command(self, *words, out="out.h5", ranks=1):
        command = [SONDE, "generate", *map(str, words), "--out", str(self.folder / out)]
        return [*MPIEXEC, str(ranks), *command] if ranks > 1 else command

    def segments(self, out="out.h5"):
        return sorted(pathlib.Path(f"{self.folder / out}.part").glob("0*.h5"))

    def seeds_done(self, out="out.h5"):
        with h5py.File(self.segments(out)[-1]) as file:
            return int(file["state/totals"][0])

    def start(self, *words, ranks=1):
        return subprocess.Popen(self.command(*words, ranks=ranks), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill(self, process):
        """kill -9 of every rank and of what started them."""
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        ranks = children.read_text().split() if children.exists() else []
        for pid in [*ranks, process.pid]:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.communicate()

    def wait_for(self, condition, process):
        for _ in range(30000):
            if condition() or process.poll() is not None:
                return
            time.sleep(0.001)
        self.fail("nothing happens")

    def end(self, process, longest=30):
        """Exit status and what was said; a run that does not end within `longest` seconds fails the test."""
        try:
            output, errors = process.communicate(timeout=longest)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"it does not end within {longest} s")
        return process.returncode, output + errors

    def resume(self, *words, ranks=1, status=0):
        done = self.run_sonde("generate", *words, "--out", self.folder / "out.h5", "--resume", ranks=ranks)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def assert_resumes_to(self, expected, *words, ranks=1):
        self.assertFalse((self.folder / "out.h5").exists())
        self.resume(*words, ranks=ranks)
        self.assertEqual(digest(self.folder / "out.h5"), expected)
        self.assertFalse(pathlib.Path(f"{self.folder}/out.h5.part").exists())
        for leftover in self.folder.glob("out.h5*"):
            self.assertEqual(leftover.name, "out.h5")
            leftover.unlink()


class Stopped(Resume):
    def stop_and_resume(self, words, how, ranks, resumed_ranks, threads=1):
        """Stops a run by a signal once some seeds are in a segment, or at once; goes on in another way."""
        reference = digest(self.generate(*words, out="reference.h5"))
        process = self.start(*words, "--checkpoint-every", "0.01", ranks=ranks)
        self.wait_for(lambda: len(self.segments()) >= 1, process)
        process.send_signal(how)
        status, said = self.end(process)
        self.assertEqual(status, 3, said)
        self.assertIn("stopped on SIG", said)
        self.assertIn("--resume", said)
        self.assertGreater(self.seeds_done(), 0)
        self.assertLess(self.seeds_done(), LONG_SEEDS, "it was stopped too late to show anything")
        self.assert_resumes_to(reference, *words, "--threads", threads, ranks=resumed_ranks)

    def test_by_sigusr1(self):
        self.stop_and_resume(fashion("--constraint", "light", *LONG), signal.SIGUSR1, ranks=2, resumed_ranks=3)

    def test_by_sigterm_in_published_mode(self):
        self.stop_and_resume(fashion("--constraint", "none", "--mode", "published", *LONG), signal.SIGTERM, ranks=1, resumed_ranks=2,
                             threads=2)

    def test_one_rank_of_three_is_told(self):
        words = fashion("--constraint", "light", *LONG)
        reference = digest(self.generate(*words, out="reference.h5"))
        process = self.start(*words, "--checkpoint-every", "0.01", ranks=3)
        self.wait_for(lambda: len(self.segments()) >= 1, process)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), signal.SIGUSR1)
        status, said = self.end(process)
        self.assertEqual(status, 3, said)
        self.assert_resumes_to(reference, *words)

    def test_while_mpi_starts(self):
        words = fashion("--constraint", "light", *ROUNDS)
        reference = digest(self.generate(*words, out="reference.h5"))
        for how in (signal.SIGUSR1, signal.SIGTERM):
            process = self.start(*words)
            self.wait_for(lambda: catches(process.pid, how), process)
            process.send_signal(how)
            status, said = self.end(process)
            self.assertEqual(status, 3, said)
            self.assertEqual(self.seeds_done(), 0, "it came late")
            self.assert_resumes_to(reference, *words)

    def test_before_the_first_pass_and_again_and_again(self):
        words = fashion("--constraint", "light", *ROUNDS)
        reference = digest(self.generate(*words, out="reference.h5"))
        for limit in ("0.001", "0.2", "0:00:00"):
            done = self.run_sonde("generate", *words, "--out", self.folder / "out.h5", "--resume", "--time-limit", limit, ranks=2)
            self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(digest(self.folder / "out.h5"), reference)

    def test_coverage_goal_and_passes(self):
        # A threshold so high that the goal is reached in the second pass, seconds after the first time limit.
        words = fashion("--constraint", "light", *LONG, "--passes", "3", "--threshold", "0.9", "--until-coverage", "0.478")
        self.stop_and_resume_many(words)
        self.assertEqual(columns(self.folder / "out.h5", "coverage_history")["pass"][-1], 1)

    def test_onednn(self):
        shape = (210, 210, 3)  # images too large for the lanes backend
        models = [conv_model(self.folder / f"conv{seed}.h5", shape, seed, stride=16) for seed in (1, 2)]
        images = np.repeat(np.repeat(np.random.default_rng(3).integers(0, 256, (40, 7, 7, 3)), 30, axis=1), 30, axis=2)
        np.save(self.folder / "seeds.npy", images.astype("u1"))
        words = options(models, self.folder / "seeds.npy", "--preprocess", "scale=1/255,std=0.25,mean=0.5", "--batch", "4",
                        "--first-round", "40", "--max-iterations", "8", "--constraint", "occlusion:height=100,width=100")
        self.stop_and_resume_many(words)

    def test_within_a_pass_that_lasts(self):
        """Micro-batches of large models take minutes: the run ends within 30 s of its time limit all the same."""
        models = [conv_model(self.folder / f"conv{seed}.h5", (210, 210, 3), seed, stride=1, filters=32) for seed in (1, 2)]
        np.save(self.folder / "seeds.npy", np.random.default_rng(3).integers(0, 256, (64, 210, 210, 3)).astype("u1"))
        words = options(models, self.folder / "seeds.npy", "--preprocess", "scale=1/255", "--backend", "reference")
        began = time.monotonic()
        done = self.run_sonde("generate", *words, "--out", self.folder / "out.h5", "--time-limit", "1", ranks=2)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertLess(time.monotonic() - began, 31)
        self.assertIn("after 0 of 64 seeds", done.stdout)
        self.assertEqual(self.seeds_done(), 0)

    def stop_and_resume_many(self, words):
        """Stops it by its time limit until it is through, each time on other ranks and threads."""
        reference = digest(self.generate(*words, out="reference.h5"))
        limits = (0.02, 0.1, 0.3, 0.6, 1.2, 120)
        for turn, limit in enumerate(limits):
            done = self.run_sonde("generate", *words, "--out", self.folder / "out.h5", "--resume", "--checkpoint-every", "0.05",
                                  "--time-limit", limit, "--threads", 1 + turn % 2, ranks=1 + (turn + 3) % 4)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            if done.returncode == 0:
                break
        self.assertGreater(turn, 0, "it was never stopped")
        self.assertEqual(digest(self.folder / "out.h5"), reference)


class Killed(Resume):
    def test_at_any_moment(self):
        words = fashion("--constraint", "light", *ROUNDS)
        reference = digest(self.generate(*words, out="reference.h5"))
        draws = np.random.default_rng(5)
        for trial in range(4):
            with self.subTest(trial=trial):
                process = self.start(*words, "--checkpoint-every", "0.001", ranks=1 + trial % 2)
                self.wait_for(lambda: len(self.segments()) >= 1 + trial, process)
                time.sleep(draws.uniform(0, 0.1))
                self.kill(process)
                if (self.folder / "out.h5").exists():
                    self.assertEqual(digest(self.folder / "out.h5"), reference)
                    self.resume(*words)
                    (self.folder / "out.h5").unlink()
                else:
                    self.assert_resumes_to(reference, *words, ranks=4 - trial % 2)

    def test_the_folder_of_the_results_is_removed(self):
        words = fashion("--constraint", "light", *LONG)
        for ranks in (1, 3):
            folder = self.folder / f"gone{ranks}"
            folder.mkdir()
            process = subprocess.Popen(self.command(*words, "--checkpoint-every", "0.01", out=f"{folder.name}/out.h5", ranks=ranks),
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.wait_for(lambda: self.segments(f"{folder.name}/out.h5"), process)
            shutil.rmtree(folder, ignore_errors=True)
            status, said = self.end(process)
            self.assertEqual(status, 1, said)
            self.assertIn("no such file or directory", said.lower())

    def test_the_time_spent_is_summed(self):
        words = fashion("--constraint", "light", *LONG)
        process = self.start(*words, "--checkpoint-every", "0.01")
        self.wait_for(lambda: len(self.segments()) >= 3, process)
        process.send_signal(signal.SIGUSR1)
        self.end(process)
        with h5py.File(self.segments()[-1]) as file:
            before, startup = file["state/seconds"][0], file["state/startup_seconds"][0]
        self.resume(*words)
        with h5py.File(self.folder / "out.h5") as file:
            self.assertGreater(file["timing/seconds"][0], before)
            self.assertGreater(file["timing/startup_seconds"][0], startup)


class Refused(Resume):
    def setUp(self):
        super().setUp()
        self.models = [dense_model(self.folder / f"m{seed}.h5", (20, 16, 3), seed) for seed in (1, 2)]
        np.save(self.folder / "seeds.npy", np.random.default_rng(1).random((64, 20)).astype("f4"))
        self.words = options(self.models, self.folder / "seeds.npy", "--input-range", "0,1", "--batch", "8", "--first-round", "16")
        self.stopped = False

    def stop_at_once(self):
        done = self.run_sonde("generate", *self.words, "--out", self.folder / "out.h5", "--time-limit", "0.0001")
        self.assertEqual(done.returncode, 3, done.stderr)

    def refusal(self, *words, status=2, ranks=1):
        said = self.resume(*words, status=status, ranks=ranks)
        self.assertTrue(self.segments(), "the checkpoint is gone")
        return said

    def test_another_run(self):
        self.stop_at_once()
        other_batch = [("4" if word == "8" else word) for word in self.words]
        self.assertIn("--batch was '8' when it was written but is '4' now", self.refusal(*other_batch, ranks=2))
        self.assertIn("--lambda1 was '1'", self.refusal(*self.words, "--lambda1", "2"))
        self.assertIn("--backend was 'auto'", self.refusal(*self.words, "--backend", "reference"))
        self.assertIn("Give one of them", self.refusal(*self.words, "--overwrite"))
        self.resume(*self.words, "--threads", "2", "--log-level", "debug", "--checkpoint-every", "1", "--time-limit", "1:00:00",
                    "--events", self.folder / "events.jsonl", ranks=2)

    def test_a_model_or_data_file_that_was_replaced(self):
        self.stop_at_once()
        dense_model(self.models[1], (20, 16, 3), 9)
        said = self.refusal(*self.words)
        self.assertIn("model 1 (", said)
        self.assertIn("m2.h5) was 'sha256", said)
        dense_model(self.models[1], (20, 16, 3), 2)
        np.save(self.folder / "seeds.npy", np.random.default_rng(2).random((64, 20)).astype("f4"))
        self.assertIn("seeds.npy) was", self.refusal(*self.words))

    def test_damaged_checkpoints(self):
        reference = digest(self.generate(*self.words, out="reference.h5"))
        self.stop_at_once()
        self.resume(*self.words, "--time-limit", "0.0001", status=3)
        newest = self.segments()[-1]
        whole = newest.read_bytes()
        for broken in (whole[:len(whole) // 2], whole[:100], b"", b"no HDF5" * 100):
            newest.write_bytes(broken)
            said = self.refusal(*self.words, ranks=2)
            self.assertIn("000002.h5", said)
            self.assertIn("Remove the file to go on from the one before it", said)
        with h5py.File(newest, "w") as file:
            file["state/kind"] = "something else"
        self.assertIn("000002.h5", self.refusal(*self.words))
        newest.unlink()
        self.assert_resumes_to(reference, *self.words)

    def test_a_state_that_does_not_fit(self):
        self.stop_at_once()
        for name, value, reason in (("totals", 7, "hold [0-9]+ seeds, but .*000001.h5 counts 7"), ("round", 9, "do not fit each other")):
            with h5py.File(self.segments()[-1], "r+") as file:
                before = file[f"state/{name}"][0]
                file[f"state/{name}"][0] = value
            self.assertRegex(self.refusal(*self.words), reason)
            with h5py.File(self.segments()[-1], "r+") as file:
                file[f"state/{name}"][0] = before
        self.resume(*self.words)

    def test_a_segment_without_resume(self):
        self.stop_at_once()
        done = self.run_sonde("generate", *self.words, "--out", self.folder / "out.h5")
        self.assertEqual(done.returncode, 2)
        self.assertIn("Give --resume to go on", done.stderr)

    def test_complete_results(self):
        self.assertIn("the run begins", self.resume(*self.words))  # nothing to resume: a job script needs no logic
        before = (self.folder / "out.h5").stat().st_mtime_ns
        self.assertIn("complete already", self.resume(*self.words, ranks=2))
        self.assertEqual((self.folder / "out.h5").stat().st_mtime_ns, before)
        self.assertIn("--lambda1", self.resume(*self.words, "--lambda1", "3", status=2))
        (self.folder / "out.h5").write_text("something else")
        self.assertIn("out.h5", self.resume(*self.words, status=2))

    def test_an_interrupted_assembly(self):
        reference = digest(self.generate(*self.words, out="reference.h5"))
        blocker = self.folder / "out.h5.tmp"
        (blocker / "in the way").mkdir(parents=True)
        done = self.run_sonde("generate", *self.words, "--out", self.folder / "out.h5", ranks=2)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("out.h5.tmp", done.stderr)
        self.assertFalse((self.folder / "out.h5").exists())
        (blocker / "in the way").rmdir()
        self.assert_resumes_to(reference, *self.words, "--events", self.folder / "events.jsonl", ranks=3)
        events = [json.loads(line)["event"] for line in (self.folder / "events.jsonl").read_text().splitlines()]
        self.assertEqual(events, ["start", "done"], "the work was done again")

    def test_an_older_result_is_replaced(self):
        self.generate(*self.words)
        words = [*self.words, "--lambda1", "2"]
        reference = digest(self.generate(*words, out="reference.h5"))
        done = self.run_sonde("generate", *words, "--out", self.folder / "out.h5", "--overwrite", "--time-limit", "0.0001")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertTrue((self.folder / "out.h5").exists())
        self.resume(*words)
        self.assertEqual(digest(self.folder / "out.h5"), reference)

    def test_dry_run_says_what_is_left(self):
        self.stop_at_once()
        said = self.refusal(*self.words, "--dry-run", status=0)
        self.assertRegex(said, "resume   from .*000001.h5, which holds [0-9]+ of them")


class Events(Resume):
    def test_what_is_written(self):
        words = fashion("--constraint", "light", *LONG, "--events", self.folder / "events.jsonl")
        process = self.start(*words, "--checkpoint-every", "0.01", ranks=2)
        self.wait_for(lambda: len(self.segments()) >= 2, process)
        process.send_signal(signal.SIGUSR1)
        self.end(process)
        self.resume(*words)
        events = [json.loads(line) for line in (self.folder / "events.jsonl").read_text().splitlines()]
        names = [event["event"] for event in events]
        self.assertEqual(names[0], "start")
        self.assertEqual(names[-1], "done")
        self.assertEqual(names.count("start"), 2)
        self.assertEqual(names.count("stopped"), 1)
        stopped = events[names.index("stopped")]
        again = events[names.index("start", 1)]
        self.assertEqual(stopped["reason"], "SIGUSR1")
        self.assertEqual(again["resumed_from"], stopped["file"])
        self.assertEqual(again["seeds"], stopped["seeds"])
        self.assertEqual(events[-1]["seeds"], LONG_SEEDS)
        rounds = [event for event in events if event["event"] == "round"]
        self.assertEqual([event["round"] for event in rounds], list(range(len(rounds))))
        for event in events:
            self.assertIn("time", event)
            self.assertGreaterEqual(event["elapsed_s"], 0)


if __name__ == "__main__":
    main()
