#!/usr/bin/python3
"""Options, config files, help, dry run and summary; and the form of the result file."""
import json
import re
import shutil

import h5py
import numpy as np

from sonde_case import Case, FASHION_MODELS, FASHION_SEEDS, columns, digest, fashion, main

QUICK = ["--num-seeds", "48", "--batch", "16", "--first-round", "32", "--max-iterations", "4", "--constraint", "light"]


class CommandLine(Case):
    def dump(self, *words):
        done = self.run_sonde("generate", *words, "--dump-config")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_dump_feeds_back(self):
        words = fashion(*QUICK, "--step", "0.25", "--out", self.folder / "out.h5", "--lambda2", "0.3333333333333333", "--preprocess", "mean=0.5,std=0.25")
        first = self.dump(*words)
        config = self.folder / "run.ini"
        config.write_text(first)
        self.assertEqual(self.dump("--config", config), first)
        for line in ("step = 0.25", "lambda2 = 0.3333333333333333", "batch = 16", "mode = valid", f"model = {FASHION_MODELS[1]}", "overwrite = false"):
            self.assertIn(line, first.splitlines())
        self.assertEqual(first.count("model = "), 3)
        self.assertEqual(first.count("preprocess = "), 2)
        self.assertFalse((self.folder / "out.h5").exists())

    def test_config_runs_alike(self):
        config = self.folder / "run.ini"
        config.write_text(self.dump(*fashion(*QUICK)))
        self.assertEqual(digest(self.generate("--config", config)), digest(self.generate(*fashion(*QUICK), out="other.h5")))

    def test_command_line_wins(self):
        config = self.folder / "run.ini"
        config.write_text("# a comment\nstep = 0.5\nconstraint = light\nmodel = a.onnx\nmodel = b.onnx\noverwrite = true\n")
        lines = self.dump("--config", config, "--step", "0.75", "--model", "c.onnx").splitlines()
        self.assertIn("step = 0.75", lines)
        self.assertIn("constraint = light", lines)
        self.assertIn("overwrite = true", lines)
        self.assertEqual([line for line in lines if line.startswith("model")], ["model = c.onnx"])

    def test_stored_config_repeats_the_run(self):
        first = self.generate(*fashion(*QUICK))
        with h5py.File(first) as file:
            text = file["config"][()]
        text = text[0] if isinstance(text, np.ndarray) else text
        config = self.folder / "stored.ini"
        config.write_bytes(text)
        self.assertEqual(digest(self.generate("--config", config, out="again.h5")), digest(first))

    def test_batch_auto_is_settled_in_the_result(self):
        self.assertIn("batch = auto", self.dump(*fashion()).splitlines())
        first = self.generate(*fashion("--num-seeds", "64", "--max-iterations", "2"))
        with h5py.File(first) as file:
            self.assertIn("\nbatch = 64\n", np.ravel(file["config"][()])[0].decode())
        self.assertEqual(digest(self.generate(*fashion("--num-seeds", "64", "--max-iterations", "2", "--batch", "64"), out="other.h5")), digest(first))
        for given, said in (("many", "'many' is neither a whole number nor auto"), ("0", "--batch 0 is outside [1, 1048576]")):
            done = self.run_sonde("generate", *fashion("--batch", given, "--out", self.folder / "no.h5"))
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)

    def test_help(self):
        done = self.run_sonde("generate", "--help")
        self.assertEqual(done.returncode, 0)
        for group in ("Models", "Data", "Ascent", "Domain", "Coverage and schedule", "Execution", "Output", "Help and configuration"):
            self.assertIn(f"\n{group}:", done.stdout)
        for text in ("--lambda1 arg (=1)", "--max-iterations arg (=20)", "occlusion[:row=0", "[stored range]", "resize=", "--mode arg (=valid)"):
            self.assertIn(text, done.stdout)
        for words in ([], ["--help"]):
            done = self.run_sonde(*words)
            for command in ("generate", "verify", "coverage", "extract", "describe"):
                self.assertRegex(done.stdout + done.stderr, rf"\n  {command} ")
        self.assertEqual(self.run_sonde("--version").returncode, 0)
        self.assertEqual(self.run_sonde("generate", "--help", ranks=2).stdout.count("usage:"), 1)

    def test_dry_run(self):
        for ranks in (1, 2):
            done = self.run_sonde("generate", *fashion(*QUICK), "--out", self.folder / "out.h5", "--dry-run", ranks=ranks)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(list(self.folder.iterdir()), [])
            for text in ("memory", "disk", "time", "48 to be worked on", "268 neurons", "28x28x1"):
                self.assertEqual(done.stdout.count(text), 1, done.stdout) if text != "28x28x1" else self.assertIn(text, done.stdout)
        done = self.run_sonde("generate", *fashion("--constraint", "occlusion:row=25"), "--out", self.folder / "out.h5", "--dry-run")
        self.assertEqual(done.returncode, 2, "a dry run checks everything")

    def test_summary(self):
        summary = self.folder / "summary.json"
        out = self.folder / "out.h5"
        done = self.run_sonde("generate", *fashion(*QUICK), "--out", out, "--summary", summary, ranks=2)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(summary.read_text())

        def printed(pattern):
            found = re.search(pattern, done.stdout)
            self.assertIsNotNone(found, f"{pattern} in\n{done.stdout}")
            return found.group(1)
        self.assertEqual(told["seeds"], int(printed(r"(\d+) seeds in")))
        self.assertEqual(told["already_differed"], int(printed(r"models differed already +(\d+)")))
        self.assertEqual(told["generated"], int(printed(r"difference generated +(\d+)")))
        self.assertEqual(told["valid"], int(printed(r"that holds when saved +(\d+)")))
        self.assertEqual(told["exhausted"], int(printed(r"exhausted +(\d+)")))
        self.assertEqual(told["ranks"], 2)
        self.assertEqual(told["out"], printed(r"results +(\S+)"))
        for model in told["coverage"]:
            self.assertEqual((str(model["covered"]), str(model["units"])), re.search(rf"{model['model']}: (\d+) of (\d+)", done.stdout).groups())
        for key in ("l1", "l2", "linf"):
            self.assertAlmostEqual(told["mean_distance"][key], float(printed(rf"distance .*\b{key} ([\d.]+)")), places=4)
        # And both are what the file says.
        table, seeds = columns(out, "findings"), columns(out, "seeds")
        generated = table["kind"] == 1
        self.assertEqual(told["seeds"], 48)
        self.assertEqual([told["already_differed"], told["generated"], told["exhausted"]], [int((seeds["status"] == s).sum()) for s in range(3)])
        self.assertEqual((told["already_differed"], told["generated"]), (int((~generated).sum()), int(generated.sum())))
        for key in ("l1", "l2", "linf"):
            self.assertAlmostEqual(told["mean_distance"][key], table[key][generated].mean(), places=9)


class Schema(Case):
    TABLES = ("findings", "finding_data", "seeds", "coverage_history", "timing")

    def setUp(self):
        super().setUp()
        self.path = self.generate(*fashion(*QUICK, "--passes", "2"), ranks=2)

    def test_tables(self):
        for group in self.TABLES:
            table = columns(self.path, group)
            self.assertEqual(len({len(values) for values in table.values()}), 1, f"/{group} is no table")
        with h5py.File(self.path) as file:
            for group in self.TABLES:
                for name, data in file[group].items():
                    for attribute in ("units", "description"):
                        self.assertTrue(data.attrs.get(attribute), f"/{group}/{name} has no {attribute}")

    def test_order_of_rows(self):
        for group, index in (("findings", "seed_index"), ("finding_data", "seed_index"), ("seeds", "index")):
            table = columns(self.path, group)
            rows = list(zip(table["pass"], table[index]))
            self.assertEqual(rows, sorted(set(rows)), f"/{group}")
        table, data = columns(self.path, "findings"), columns(self.path, "finding_data")
        self.assertTrue((table["pass"] == data["pass"]).all() and (table["seed_index"] == data["seed_index"]).all())

    def test_seeds_are_those_of_the_data(self):
        import gzip
        from sonde_case import FASHION_SEEDS
        pixels = np.frombuffer(gzip.decompress(FASHION_SEEDS.read_bytes()), "u1", offset=16).reshape(-1, 28, 28, 1)
        data = columns(self.path, "finding_data")
        self.assertTrue((data["seed"] == pixels[data["seed_index"]]).all())
        self.assertEqual(data["input"].dtype, np.uint8)

    def test_seeds_and_findings_agree(self):
        table, seeds = columns(self.path, "findings"), columns(self.path, "seeds")
        self.assertEqual(len(seeds["index"]), 96)
        per_pass = [set(seeds["index"][seeds["pass"] == p]) for p in (0, 1)]
        self.assertEqual(per_pass[0], per_pass[1], "passes go through the same seeds")
        of_seed = {(p, i): (s, n) for p, i, s, n in zip(seeds["pass"], seeds["index"], seeds["status"], seeds["iterations"])}
        for p, i, kind, n, target in zip(table["pass"], table["seed_index"], table["kind"], table["iterations"], table["target_model"]):
            self.assertEqual(of_seed.pop((p, i)), (kind, n))
            self.assertEqual(target == -1, kind == 0)
        self.assertTrue(all(rest == (2, 4) for rest in of_seed.values()), "what is left is exhausted, after all iterations")

    def test_root(self):
        with h5py.File(self.path) as file:
            for name in ("schema", "schema_version", "sonde_version", "git", "backend", "ranks", "threads", "created", "complete"):
                self.assertIn(name, file.attrs)
            self.assertEqual((int(file.attrs["ranks"]), int(file.attrs["threads"]), int(file.attrs["complete"])), (2, 1, 1))
            self.assertEqual(len(file["models"]), 3)
            for k in range(3):
                self.assertEqual(set(file[f"models/{k}"]), {"path", "sha256", "layers"})
                covered, sizes = file[f"coverage/{k}/covered"][()], file[f"coverage/{k}/layer_sizes"][()]
                self.assertEqual(set(file[f"coverage/{k}"]), {"layer_names", "layer_sizes", "covered"})
                self.assertEqual(len(covered), sizes.sum())
                self.assertEqual(len(sizes), len(file[f"coverage/{k}/layer_names"]))
                self.assertEqual(file[f"coverage_history/covered_{k}"][-1], covered.sum())
            self.assertEqual([int(n) for n in file["coverage_history/seeds"]], [32, 48, 96])
            self.assertEqual(sum(file["coverage/0/layer_sizes"][()]), 52)
        self.assertFalse(list(self.folder.glob("*.part")) + list(self.folder.glob("*.tmp")))

    def test_result_without_findings(self):
        words = ["--model", FASHION_MODELS[0], "--model", FASHION_MODELS[0], "--seeds", FASHION_SEEDS, "--preprocess", "scale=1/255"]
        path = self.generate(*words, "--num-seeds", "8", "--max-iterations", "1", out="same.h5")
        self.assertEqual(len(columns(path, "findings")["kind"]), 0)
        self.assertEqual(columns(path, "finding_data")["input"].shape, (0, 28, 28, 1))
        self.assertTrue((columns(path, "seeds")["status"] == 2).all())
        self.assertIn("0 findings", self.verify(path))
        self.assertTrue(re.fullmatch(r"[0-9a-f]{64}", digest(path)))


if __name__ == "__main__":
    main()
