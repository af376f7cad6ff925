#!/usr/bin/python3
"""Several models in one inspection, groups of units, and behaviours that were extracted and are read back."""
import h5py
import numpy as np

from sonde_case import SOURCE, Case, main

SQL = SOURCE / "inputs" / "sql"
UNITS = ("--units", "/lstm/LSTM", "--units", "/lstm/LSTM.cell:0-3")  # 128 and 4
STEPS = 30
MEASURES = ("pearson", "auc", "ridge")


class Forms(Case):
    def setUp(self):
        super().setUp()
        lines = (SQL / "queries.txt").read_text().splitlines()[:40]
        (self.folder / "queries.txt").write_text("\n".join(lines) + "\n")

    def sonde(self, command, *words, out, **keywords):
        """An open result."""
        done = self.run_sonde(command, "--data", self.folder / "queries.txt", "--vocab", SQL / "vocab.json", "--record",
                              f"window:{STEPS}", *words, "--out", self.folder / out, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        file = h5py.File(self.folder / out, "r")
        self.addCleanup(file.close)
        return file

    def inspect(self, *words, out, **keywords):
        measures = [word for measure in MEASURES for word in ("--measure", measure)]
        return self.sonde("inspect", "--hypothesis", "digit=class:digit", "--hypothesis", "quoted=regex:'[^']*'", *measures,
                          *words, out=out, **keywords)

    def assert_near(self, a, b):
        """Activations depend on the batch in their last bits, and ranks on those."""
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)

    def test_what_is_extracted_is_what_is_inspected(self):
        """Steps of a recurrent layer and of its cells, on one rank and on two, as (records, symbols, units)."""
        model = ("--model", SQL / "model.onnx", *UNITS)
        one = self.sonde("extract", *model, "--reduce", "map", out="one.h5")
        two = self.sonde("extract", *model, "--reduce", "map", out="two.h5", ranks=2)
        self.assertEqual(one["behaviors"].shape[1:], (STEPS, 132))
        np.testing.assert_array_equal(one["behaviors"], two["behaviors"])
        np.testing.assert_array_equal(one["units/unit"][()], [*range(128), *range(4)])
        self.assertLessEqual(np.abs(one["behaviors"][:, :, :128]).max(), 1)  # tanh of the cell, times a gate
        direct = self.inspect(*model, out="direct.h5")
        stored = self.inspect("--behaviors", f"{self.folder}/one.h5:/behaviors", out="stored.h5", ranks=2)
        for measure in MEASURES:
            self.assert_near(direct[f"scores/{measure}/value"], stored[f"scores/{measure}/value"])
        self.assertGreater(np.nanmax(np.abs(direct["scores/pearson/value"])), 0.2)

    def test_several_models_and_groups(self):
        model = ("--model", SQL / "model.onnx")
        alone = self.inspect(*model, *UNITS, out="alone.h5")
        for group, names in (("model", [b"0", b"1"]), ("all", [b"all"]),
                             ("layer", [b"0:/lstm/LSTM", b"0:/lstm/LSTM.cell", b"1:/lstm/LSTM", b"1:/lstm/LSTM.cell"])):
            both = self.inspect(*model, *model, *UNITS, "--group", group, out=f"{group}.h5", ranks=2)
            np.testing.assert_array_equal(both["units/model"][()], [0] * 132 + [1] * 132)
            for measure in ("pearson", "auc"):
                value = both[f"scores/{measure}/value"][()]
                self.assert_near(value[:132], value[132:])
                self.assert_near(value[:132], alone[f"scores/{measure}/value"])
            ridge = both["scores/ridge"]
            np.testing.assert_array_equal(ridge["group"][()], names)
            self.assertEqual(ridge["group_value"].shape, (len(names), 2))
            sizes = np.bincount(both["units/group"][()])
            np.testing.assert_array_equal(sizes, {"model": [132, 132], "all": [264], "layer": [128, 4, 128, 4]}[group])
            if group == "model":
                self.assert_near(ridge["value"][:132], alone["scores/ridge/value"])
                self.assert_near(ridge["group_value"][1], alone["scores/ridge/group_value"][0])
            if group == "layer":  # fewer units know less
                self.assertLess(ridge["group_value"][1, 0], ridge["group_value"][0, 0])


if __name__ == "__main__":
    main()
