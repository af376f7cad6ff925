#!/usr/bin/python3
"""sonde verify believes the stored bytes alone: whatever is changed in a result is found."""
import os
import shutil

import h5py
import numpy as np

from sonde_case import Case, FASHION_MODELS, dense_model, fashion, main, options

ROUNDS = ["--num-seeds", "64", "--batch", "16", "--first-round", "32"]


class Verify(Case):
    def setUp(self):
        super().setUp()
        self.result = self.generate(*fashion("--constraint", "light", *ROUNDS))

    def edited(self, data, edit):
        """A copy in which edit(values) has changed a data set."""
        path = self.folder / "edited.h5"
        shutil.copy(self.result, path)
        with h5py.File(path, "r+") as file:
            values = file[data][()]
            edit(values)
            file[data][...] = values
        return path

    def assert_found_out(self, data, edit, *texts):
        told = self.verify(self.edited(data, edit), status=1)
        for text in texts:
            self.assertIn(text, told)

    def generated_row(self):
        with h5py.File(self.result) as file:
            return int(np.flatnonzero(file["findings/kind"][()] == 1)[1]), file["findings/seed_index"][()]

    def test_untouched(self):
        for ranks in (1, 2):
            done = self.run_sonde("verify", self.result, ranks=ranks)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(" 0 do not hold; coverage holds; tables agree", done.stdout)

    def test_changed_input(self):
        row, seeds = self.generated_row()

        def edit(values):
            values[row, 14, 14, 0] ^= 1
        self.assert_found_out("finding_data/input", edit, f"finding {row} (pass 0, seed {seeds[row]},", "1 do not hold")

    def test_changed_seed(self):
        row, seeds = self.generated_row()

        def edit(values):
            values[row, 3, 3, 0] ^= 128
        self.assert_found_out("finding_data/seed", edit, f"seed {seeds[row]},", "distances")

    def test_input_that_shows_nothing(self):
        row, _ = self.generated_row()

        def edit(values):
            values[row] = values[row].max()
        self.assert_found_out("finding_data/input", edit, f"finding {row} ")

    def test_changed_columns(self):
        row, _ = self.generated_row()
        for name, new in [("label_0", lambda old: (old + 1) % 10), ("label_2", lambda old: (old + 1) % 10), ("l1", lambda old: old * 1.001),
                          ("l2", lambda old: old + 1e-6), ("linf", lambda old: np.nan), ("confidence_1", lambda old: old - 0.01), ("kind", lambda old: 0),
                          ("seed_label", lambda old: (old + 1) % 10), ("valid", lambda old: 0)]:
            def edit(values):
                values[row] = new(values[row])
            with self.subTest(column=name):
                self.assert_found_out(f"findings/{name}", edit, f"finding {row} ", "1 do not hold")

    def test_already_differed(self):
        def edit(values):
            values[0, 0, 0, 0] ^= 1
        with h5py.File(self.result) as file:
            first = int(np.flatnonzero(file["findings/kind"][()] == 0)[0])

        def change(values):
            values[first, 14, 14, 0] ^= 1
        self.assert_found_out("finding_data/input", change, f"finding {first} ")

    def test_changed_seed_label_of_a_seed_on_which_models_differ(self):
        with h5py.File(self.result) as file:
            first = int(np.flatnonzero(file["findings/kind"][()] == 0)[0])

        def edit(values):
            values[first] = (values[first] + 1) % 10
        self.assert_found_out("findings/seed_label", edit, f"finding {first} ", "label of the seed")

    def test_seed_on_which_models_differ(self):
        """A finding that claims to be generated from a seed of another finding, on which the models differ."""
        row, _ = self.generated_row()
        with h5py.File(self.result) as file:
            kinds, seeds = file["findings/kind"][()], file["finding_data/seed"][()]
            change = np.abs(file["finding_data/input"][row].astype(float) - seeds[int(np.flatnonzero(kinds == 0)[0])]) / 255
        path = self.edited("finding_data/seed", lambda values: values.__setitem__(row, seeds[int(np.flatnonzero(kinds == 0)[0])]))
        with h5py.File(path, "r+") as file:
            for name, value in (("l1", change.sum()), ("l2", np.sqrt((change ** 2).sum())), ("linf", change.max())):
                file[f"findings/{name}"][row] = value
        told = self.verify(path, status=1)
        self.assertIn("already differ on the seed", told)
        self.assertIn("1 do not hold", told)

    def test_valid_of_published_findings(self):
        """Recomputed from the form in which they would be saved; each value is found out when it is turned."""
        self.result = self.generate(*fashion("--constraint", "light", "--mode", "published", *ROUNDS), out="published.h5")
        self.assertIn("tables agree", self.verify(self.result))
        with h5py.File(self.result) as file:
            rows = np.flatnonzero(file["findings/kind"][()] == 1)
        self.assertGreater(len(rows), 5)

        def edit(values):
            values[rows] ^= 1
        self.assert_found_out("findings/valid", edit, "when saved", f"{len(rows)} do not hold")

    def test_changed_tables(self):
        """What no finding shows: other tables, and columns of the ascent."""
        row, _ = self.generated_row()
        with h5py.File(self.result) as file:
            exhausted = int(np.flatnonzero(file["seeds/status"][()] == 2)[0])
            found = int(np.flatnonzero(file["seeds/status"][()] == 1)[0])
        for data, at, new, text in [
                ("findings/target_model", row, 3, f"of finding {row} do not fit"),
                ("findings/iterations", row, 21, "do not fit"),
                ("findings/iterations", row, 0, "do not fit"),
                ("findings/pass", row, 1, "order"),
                ("finding_data/seed_index", row, 100000, "of other seeds"),
                ("finding_data/pass", row, 1, "of other seeds"),
                ("seeds/status", exhausted, 1, "/seeds and /findings differ"),
                ("seeds/status", found, 2, "/seeds and /findings differ"),
                ("seeds/status", found, 7, "/seeds and /findings differ"),
                ("seeds/iterations", found, 19, "/seeds and /findings differ"),
                ("seeds/index", 0, 100000, "/seeds is not in the order"),
                ("coverage_history/seeds", -1, 63, "/coverage_history/seeds"),
                ("coverage_history/findings", 0, 1000, "/coverage_history/findings"),
                ("coverage_history/covered_1", -1, 1, "/coverage_history/covered_1"),
                ("coverage_history/pass", -1, 1, "/coverage_history/pass"),
                ("coverage_history/round", 0, 5, "/coverage_history/round")]:
            def edit(values):
                values[at] = new
            with self.subTest(data=data, new=new):
                self.assert_found_out(data, edit, text, "tables DO NOT AGREE")

    def test_changed_coverage(self):
        for model in range(3):
            def edit(values):
                values[0] ^= 1
            self.assert_found_out(f"coverage/{model}/covered", edit, f"coverage of model {model}: 1 neurons differ", "DOES NOT HOLD")

    def test_two_ranks_name_the_finding_once(self):
        row, _ = self.generated_row()

        def edit(values):
            values[row] = (values[row] + 1) % 10
        done = self.run_sonde("verify", self.edited("findings/label_0", edit), ranks=2)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count(f"finding {row} "), 1, done.stdout)

    def test_truncated(self):
        whole = self.result.read_bytes()
        cut = self.folder / "cut.h5"
        for share in (0.01, 0.3, 0.7, 0.999):
            cut.write_bytes(whole[:int(len(whole) * share)])
            for ranks in (1, 2) if share == 0.7 else (1,):
                done = self.run_sonde("verify", cut, ranks=ranks, timeout=60)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("cut.h5", done.stderr)

    def test_lacking_columns(self):
        for name in ("findings/label_1", "findings", "finding_data/input", "config", "models/1", "models/1/sha256", "coverage", "coverage/2/covered", "seeds", "seeds/status",
                     "coverage_history", "coverage_history/covered_2", "finding_data/pass"):
            path = self.folder / "lacking.h5"
            shutil.copy(self.result, path)
            with h5py.File(path, "r+") as file:
                del file[name]
            with self.subTest(name=name):
                self.verify(path, status=2)

    def test_columns_of_unequal_length(self):
        path = self.folder / "uneven.h5"
        shutil.copy(self.result, path)
        with h5py.File(path, "r+") as file:
            values = file["findings/label_1"][:-1]
            del file["findings/label_1"]
            file["findings/label_1"] = values
        self.assertIn("differ in length or shape", self.verify(path, status=2))

    def test_other_shape_of_inputs(self):
        path = self.folder / "shape.h5"
        shutil.copy(self.result, path)
        with h5py.File(path, "r+") as file:
            for name in ("input", "seed"):
                values = file[f"finding_data/{name}"][()]
                del file[f"finding_data/{name}"]
                file[f"finding_data/{name}"] = values[:, :20] if name == "seed" else values
        self.verify(path, status=2)

    def test_replaced_model(self):
        copies = []
        for model in FASHION_MODELS:
            copies.append(self.folder / model.name)
            shutil.copy(model, copies[-1])
        swapped = [copies[1], copies[0], copies[2]]
        words = [word for model in swapped for word in ("--model", model)]
        told = self.verify(self.result, *words, status=2)
        self.assertIn("sha256", told)
        self.assertIn("lenet4.onnx", told)
        words = [word for model in copies for word in ("--model", model)]
        self.assertIn("coverage holds", self.verify(self.result, *words))
        self.assertIn("3 models", self.verify(self.result, *words[:2], status=2))

    def test_stored_path_is_gone(self):
        models = [dense_model(self.folder / f"m{seed}.h5", [3, 8, 2], seed) for seed in (1, 2)]
        seeds = self.folder / "seeds.csv"
        np.savetxt(seeds, np.random.default_rng(1).normal(size=(40, 3)), delimiter=",")
        path = self.generate(*options(models, seeds), out="table.h5")
        seeds.unlink()  # what is stored is enough
        self.verify(path)
        moved = self.folder / "moved.h5"
        os.rename(models[0], moved)
        self.assertIn("m1.h5", self.verify(path, status=2))
        self.verify(path, "--model", moved, "--model", models[1])
        dense_model(models[0], [3, 8, 2], 77)
        self.assertIn("sha256", self.verify(path, status=2))

    def test_on_another_backend(self):
        told = self.verify(self.result, "--backend", "reference", "--tolerance", "1e-4")
        self.assertIn(" 0 do not hold; coverage", told)
        self.assertNotIn("DOES NOT HOLD", told)

    def test_tampering_on_another_backend(self):
        row, _ = self.generated_row()

        def edit(values):
            values[row] = (values[row] + 1) % 10
        told = self.verify(self.edited("findings/label_0", edit), "--backend", "reference", status=1)
        self.assertIn(f"finding {row} ", told)

    def test_near_tie_on_another_backend(self):
        """A disagreement by a rounding error is reported with its margin and does not fail."""
        def tie(arrays):
            arrays[-1][0][:] = 0
            arrays[-1][1][:] = [0.5, 0.5 + self.gap]
        self.gap = 0
        first = dense_model(self.folder / "tie.h5", [3, 8, 2], 1, edit=tie, last="linear")
        self.gap = 1e-7
        second = dense_model(self.folder / "almost.h5", [3, 8, 2], 1, edit=tie, last="linear")
        np.savetxt(self.folder / "seeds.csv", np.random.default_rng(1).normal(size=(4, 3)), delimiter=",")
        path = self.generate(*options([first, second], self.folder / "seeds.csv", "--num-seeds", "4"), out="tie.result.h5")
        with h5py.File(path, "r+") as file:
            self.assertEqual(len(file["findings/kind"]), 4)
            file["findings/label_1"][...] = 0  # as another order of summation would have it
        self.assertIn("4 do not hold", self.verify(path, status=1))
        told = self.verify(path, "--backend", "reference")
        self.assertIn("4 near ties", told)
        self.assertIn("margin", told)


if __name__ == "__main__":
    main()
