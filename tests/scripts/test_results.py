#!/usr/bin/python3
"""Post-processing scripts on a small result file written here by the schema (README, section "Results")."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
from PIL import Image

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))
import sonde_results  # noqa: E402


def write_result(path, ranks=1, change=40, wall=1.0):
    """Two models, four seeds: one already different, two generated (one of them not valid), one exhausted."""
    with h5py.File(path, "w") as file:
        file.attrs.update(schema="sonde-generate", schema_version=1, sonde_version="0.1.0", ranks=ranks, threads=1,
                          backend="cpu", complete=1)
        file["command"] = np.bytes_(f"mpiexec -n {ranks} sonde generate")
        file["config"] = np.bytes_("constraint = light\n")
        table = {"pass": [0, 0, 0], "seed_index": [0, 1, 3], "kind": [0, 1, 1], "target_model": [-1, 0, 1],
                 "iterations": [0, 3, 7], "label_0": [1, 2, 3], "label_1": [2, 4, 5], "confidence_0": [.5, .9, .8],
                 "confidence_1": [.6, .7, .99], "seed_label": [1, 4, 3], "l1": [0., 10., 20.], "l2": [0., 1., 2.],
                 "linf": [0., .1, .2], "valid": [1, 1, 0]}
        for name, values in table.items():
            file[f"findings/{name}"] = np.array(values)
        seeds = np.zeros((3, 28, 28, 1), np.uint8)
        seeds[:, 8:20, 8:20] = 100
        inputs = seeds.copy()
        inputs[1:, :14] += np.uint8(change)
        file["finding_data/seed"], file["finding_data/input"] = seeds, inputs
        file["finding_data"].attrs.update(lo=0.0, hi=255.0)
        file["seeds/index"], file["seeds/status"], file["seeds/iterations"] = np.arange(4), [0, 1, 2, 1], [0, 3, 20, 7]
        for key, name in enumerate(("nets/a.onnx", "nets/b.h5")):
            file[f"models/{key}/path"] = np.bytes_(name)
            file[f"coverage/{key}/covered"] = np.array([1, 0, 1, 1], np.uint8)
        file["timing/wall"] = wall


def write_inspection(path):
    """Two models of two units each, three hypotheses (one constant); pearson, and a probe for each model."""
    with h5py.File(path, "w") as file:
        file.attrs.update(schema="sonde-inspect", schema_version=1, sonde_version="0.1.0", ranks=1, threads=1, backend="cpu", complete=1)
        file["units/model"], file["units/layer"] = [0, 0, 1, 1], np.array([b"lstm"] * 4)
        file["units/unit"], file["units/group"] = [0, 1, 0, 1], [0, 0, 1, 1]
        file["hypotheses/name"], file["hypotheses/constant"] = np.array([b"verb", b"noun", b"never"]), np.array([0, 0, 1], np.uint8)
        for key, name in enumerate(("nets/a.onnx", "nets/b.h5")):
            file[f"models/{key}/path"] = np.bytes_(name)
        nan = np.nan
        file["scores/pearson/value"] = np.array([[.1, -.9, nan], [.2, .3, nan], [.8, .4, nan], [nan, nan, nan]])
        file["scores/logistic/value"] = np.arange(12.).reshape(4, 3)
        file["scores/logistic"].attrs["group_value"] = "f1"
        for name, shift in (("group_value", 0), ("accuracy", .01), ("majority", -.2)):
            file[f"scores/logistic/{name}"] = np.array([[.5, .6, nan], [.7, .4, nan]]) + shift


class Results(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "result.h5"
        write_result(self.path)

    def run_script(self, name, *arguments):
        return subprocess.run([sys.executable, SCRIPTS / name, *map(str, arguments)], capture_output=True, text=True)

    def digest(self, **changed):
        write_result(self.path, **changed)
        run = self.run_script("result_digest.py", self.path)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"^[0-9a-f]{64}\n$")
        return run.stdout

    def test_findings_are_columns_of_equal_length(self):
        found = sonde_results.findings(self.path)
        self.assertEqual(list(found["seed_index"]), [0, 1, 3])
        self.assertEqual({len(found[name]) for name in found}, {3})

    def test_summary_counts(self):
        run = self.run_script("sonde_results.py", self.path)
        self.assertEqual(run.returncode, 0, run.stderr)
        text = " ".join(run.stdout.split())
        for part in ("models: a, b", "seeds 4", "already different 1 25.0 %", "generated 2 50.0 %", "exhausted 1 25.0 %",
                     "findings 3 valid 2 66.7 %", "largest change 0.15 0.2", "a 3 75.0 % (4 units)",
                     "1 a says 2, b says 4"):
            self.assertIn(part, text)

    def test_summary_of_a_regression_run(self):
        with h5py.File(self.path, "a") as file:
            for model in (0, 1):
                del file[f"findings/label_{model}"], file[f"findings/confidence_{model}"]
                file[f"findings/output_{model}"] = np.array([0.5, -0.25, 0.125])
            columns = sonde_results.columns(file["findings"])
        self.assertEqual(sonde_results.predictions(columns, 2, 1), ["-0.250", "-0.250"])
        self.assertEqual(self.run_script("sonde_results.py", self.path).returncode, 0)

    def test_digest_ignores_what_may_differ(self):
        self.assertEqual(self.digest(ranks=1, wall=1.0), self.digest(ranks=4, wall=2.0))

    def test_digest_sees_a_changed_byte_name_type_and_shape(self):
        digests = [self.digest(), self.digest(change=41)]
        for edit in (lambda f: f.move("findings/l1", "findings/l3"),
                     lambda f: self.replace(f, "findings/l1", lambda x: x.astype(np.float32)),
                     lambda f: self.replace(f, "findings/l1", lambda x: x.reshape(1, -1))):
            write_result(self.path)
            with h5py.File(self.path, "a") as file:
                edit(file)
            digests.append(self.run_script("result_digest.py", self.path).stdout)
        self.assertEqual(len(set(digests)), 5)

    def replace(self, file, name, function):
        values = function(file[name][()])
        del file[name]
        file[name] = values

    def test_sheet_shows_the_images(self):
        sheet = pathlib.Path(self.folder.name) / "sheet.png"
        run = self.run_script("contact_sheet.py", self.path, sheet, "--classes", "zero,one,two,three,four,five")
        self.assertEqual(run.returncode, 0, run.stderr)
        pixels = np.asarray(Image.open(sheet))
        # The only valid generated finding: seed, brightened upper half, and a red upper half of the difference.
        self.assertEqual(pixels[22 + 60, 6 + 56].tolist(), [100] * 3)
        self.assertEqual(pixels[22 + 50, 6 + 118 + 56].tolist(), [140] * 3)
        self.assertEqual(pixels[22 + 50, 6 + 2 * 118 + 56].tolist(), [255, 0, 0])
        self.assertEqual(pixels[22 + 100, 6 + 2 * 118 + 56].tolist(), [255, 255, 255])

    def test_scores_are_a_long_frame(self):
        write_inspection(self.path)
        found = sonde_results.scores(self.path)
        self.assertEqual(list(found), ["model_id", "score_id", "hyp_id", "h_unit_id", "val"])
        rows = {tuple(map(str, row[:4])): row[4] for row in zip(*(found[name] for name in found))}
        self.assertEqual(len(rows), 2 * 4 * 3 + 2 * 3)
        self.assertEqual(rows["a", "pearson", "noun", "lstm[0]"], -.9)
        self.assertEqual(rows["b", "logistic", "verb", "lstm[1]"], 9)
        self.assertEqual(rows["b", "logistic:f1", "verb", "*"], .7)
        self.assertTrue(np.isnan(rows["b", "pearson", "noun", "lstm[1]"]))

    def test_summary_and_table_of_an_inspection(self):
        write_inspection(self.path)
        table = pathlib.Path(self.folder.name) / "scores.csv"
        run = self.run_script("sonde_results.py", self.path, "--top", 2, "--csv", table)
        self.assertEqual(run.returncode, 0, run.stderr)
        text = " ".join(run.stdout.split())
        for part in ("models: a, b", "units 4", "hypotheses 3",
                     "pearson: strongest pairs -0.900 a lstm[0] noun 0.800 b lstm[0] verb constant",
                     "(f1, accuracy, majority) 0.700 0.710 0.500 verb in group 1 0.600 0.610 0.400 noun in group 0 pearson",
                     "not scored: never"):
            self.assertIn(part, text)
        lines = table.read_text().splitlines()
        self.assertEqual(lines[0], "model_id,score_id,hyp_id,h_unit_id,val")
        self.assertIn("a,pearson,noun,lstm[0],-0.9", lines)
        self.assertEqual(len(lines), 1 + 30)

    def test_files_that_cannot_be_read_are_refused(self):
        self.path.write_bytes(self.path.read_bytes()[:200])
        for script in (("sonde_results.py",), ("result_digest.py",), ("contact_sheet.py", "sheet.png")):
            run = self.run_script(script[0], self.path, *script[1:])
            self.assertEqual(run.returncode, 2, script)
            self.assertIn("result.h5", run.stderr)


if __name__ == "__main__":
    unittest.main()
