#!/usr/bin/python3
"""One configuration has one answer: the digest of a result depends on neither ranks nor threads."""
import h5py
import numpy as np

from sonde_case import Case, conv_model, digest, fashion, main, options

# (ranks, threads)
EVERY_WAY = [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2)]
SOME_WAYS = [(1, 1), (3, 1), (2, 2)]
# Rounds of several micro-batches, the last of each cut short; the coverage merged between them decides the picks.
ROUNDS = ["--num-seeds", "80", "--batch", "16", "--first-round", "24", "--round", "40", "--max-iterations", "6"]
CONSTRAINTS = ["none", "light", "occlusion", "blackout"]


class Determinism(Case):
    def digest_of(self, *words, ranks=1, threads=1, **keywords):
        result = self.generate(*words, "--threads", threads, ranks=ranks, **keywords)
        self.result = result
        return digest(result)

    def assert_one_digest(self, *words, ways, **keywords):
        """Returns the digest, which is the same in every way to run."""
        digests = {way: self.digest_of(*words, ranks=way[0], threads=way[1], **keywords) for way in ways}
        self.assertEqual(len(set(digests.values())), 1, f"{words}: {digests}")
        with h5py.File(self.result) as file:
            self.assertTrue((file["findings/kind"][()] == 1).any(), f"{words}: nothing is generated, nothing is shown")
        return digests[ways[0]]

    def assert_constraints(self, mode, ways, environment=None):
        found = {self.assert_one_digest(*fashion("--mode", mode, "--constraint", constraint, *ROUNDS), ways=ways,
                                        environment=environment) for constraint in CONSTRAINTS}
        self.assertEqual(len(found), len(CONSTRAINTS), "constraints that give one result are not obeyed")


class Valid(Determinism):
    def test_constraints(self):
        self.assert_constraints("valid", EVERY_WAY)


class Published(Determinism):
    def test_constraints(self):
        self.assert_constraints("published", EVERY_WAY)


class CappedToAvx2(Determinism):
    environment = {"DNNL_MAX_CPU_ISA": "AVX2"}

    def test_valid(self):
        self.assert_constraints("valid", SOME_WAYS, self.environment)

    def test_published(self):
        self.assert_constraints("published", SOME_WAYS, self.environment)


class Schedules(Determinism):
    def test_over_tcp(self):
        words = fashion("--constraint", "light", *ROUNDS)
        self.assertEqual(self.digest_of(*words), self.digest_of(*words, ranks=2, mca=["--mca", "btl", "tcp,self"]))

    def test_two_passes(self):
        self.assert_one_digest(*fashion("--constraint", "light", *ROUNDS, "--passes", "2"), ways=SOME_WAYS)
        with h5py.File(self.result) as file:
            self.assertEqual(set(file["seeds/pass"][()]), {0, 1})

    def test_until_coverage(self):
        self.assert_one_digest(*fashion("--constraint", "light", *ROUNDS, "--passes", "3", "--until-coverage", "0.7"),
                               ways=SOME_WAYS)
        with h5py.File(self.result) as file:
            history = file["coverage_history"]
            covered = sum(history[f"covered_{k}"][()] for k in range(3))
            units = sum(file[f"coverage/{k}/covered"].size for k in range(3))
            self.assertGreaterEqual(covered[-1], 0.7 * units)
            self.assertTrue((covered[:-1] < 0.7 * units).all(), covered)
            self.assertLess(history["seeds"][-1], 240, "it went on after the coverage was reached")

    def test_order_of_the_file(self):
        self.assert_one_digest(*fashion("--constraint", "light", *ROUNDS, "--order", "file"), ways=SOME_WAYS)
        with h5py.File(self.result) as file:
            self.assertEqual(file["seeds/index"][()].tolist(), list(range(80)))

    def test_run_seed_decides(self):
        words = fashion("--constraint", "light", *ROUNDS)
        self.assertEqual(self.digest_of(*words), self.digest_of(*words, "--rng-seed", "0"))
        self.assertNotEqual(self.digest_of(*words), self.digest_of(*words, "--rng-seed", "1"))

    def test_no_neuron_term_and_bounds(self):
        self.assert_one_digest(*fashion("--constraint", "none", *ROUNDS, "--lambda2", "0", "--max-linf", "0.2", "--max-l2", "3"),
                               ways=SOME_WAYS)
        with h5py.File(self.result) as file:
            self.assertLessEqual(file["findings/linf"][()].max(), 0.2 + 1 / 255)


class Backends(Determinism):
    def test_reference(self):
        self.assert_one_digest(*fashion("--backend", "reference", "--constraint", "light", "--num-seeds", "12", "--batch", "4",
                                        "--first-round", "4", "--max-iterations", "4"), ways=SOME_WAYS)

    def test_onednn(self):
        shape = (210, 210, 3)  # images too large for the lanes backend
        models = [conv_model(self.folder / f"conv{seed}.h5", shape, seed, stride=16) for seed in (1, 2)]
        draws = np.random.default_rng(3)
        images = np.repeat(np.repeat(draws.integers(0, 256, (20, 7, 7, 3)), 30, axis=1), 30, axis=2).astype("u1")
        np.save(self.folder / "seeds.npy", images)
        self.assert_one_digest(*options(models, self.folder / "seeds.npy", "--preprocess", "scale=1/255,std=0.25,mean=0.5", "--batch", "4",
                                        "--first-round", "8", "--max-iterations", "8", "--constraint", "occlusion:height=100,width=100"),
                               ways=[(1, 1), (2, 1), (1, 2), (3, 1)])
        with h5py.File(self.result) as file:
            self.assertEqual(file.attrs["backend"], b"cpu/onednn, cpu/onednn" if isinstance(file.attrs["backend"], bytes)
                             else "cpu/onednn, cpu/onednn")


if __name__ == "__main__":
    main()
