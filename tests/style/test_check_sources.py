#!/usr/bin/python3
"""Proves that every rule of check_sources.py can fail, and that it does not fail on what is right."""
import pathlib
import shutil
import tempfile
import unittest

import check_sources

ALL = "// What it is for.\n#pragma once\n"


class Rules(unittest.TestCase):
    def breaches(self, rule, tree):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in tree.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            return list(check_sources.RULES[rule](root))

    def good(self, rule, tree):
        self.assertEqual(self.breaches(rule, tree), [])

    def bad(self, rule, tree, count=1):
        found = self.breaches(rule, tree)
        self.assertEqual(len(found), count, found)

    def test_layers(self):
        self.good("layers", {"src/io/a.cpp": '#include "base/check.hpp"\n#include "io/a.hpp"\n#include <vector>\n'})
        self.bad("layers", {"src/base/a.hpp": '#include "io/h5.hpp"\n'})
        self.bad("layers", {"src/base/a.hpp": '  #  include   <nn/graph.hpp>\n'})
        self.bad("layers", {"src/generate/a.cpp": '#include "inspect/scan.hpp"\n'})
        self.bad("layers", {"src/inspect/a.cpp": '#include "generate/ascent.hpp"\n'})
        self.good("layers", {"src/app/a.cpp": '#include "generate/a.hpp"\n#include "inspect/a.hpp"\n'})
        self.bad("layers", {"src/io/a.cpp": '#include "../base/check.hpp"\n'})
        self.bad("layers", {"src/util/a.cpp": ""})

    def test_vendor(self):
        self.good("vendor", {"src/comm/a.cpp": "#include <mpi.h>\n", "src/io/h5_parallel.cpp": "#include <mpi.h>\n",
                             "src/backend/cpu/matmul.cpp": "#include <dnnl.hpp>\n#include <cblas.h>\n",
                             "tests/io/test_a.cpp": "#include <hdf5.h>\n#include <mpi.h>\n"})
        for header in ("mpi.h", "nccl.h", "hdf5.h", "cuda_runtime.h", "cudnn.h", "cublas_v2.h", "dnnl.hpp", "cblas.h",
                       "onnx/onnx_pb.h", "png.h", "jpeglib.h", "re2/re2.h", "Python.h", "pybind11/embed.h", "boost/program_options.hpp"):
            self.bad("vendor", {"src/nn/a.hpp": f"#include <{header}>\n"})
        self.bad("vendor", {"src/io/h5.cpp": "#include <mpi.h>\n"})

    def test_switches(self):
        self.good("switches", {"src/base/a.hpp": "#ifdef NDEBUG\n#endif\n"})
        self.bad("switches", {"src/nn/a.cpp": "#ifdef WITH_CUDA\n#endif\n"})
        self.bad("switches", {"src/nn/a.cpp": "#if defined(SONDE_WITH_CUDA)\n#endif\n"})
        self.bad("switches", {"src/nn/a.cpp": " # ifndef HAVE_MPI\n#endif\n"})

    def test_headers(self):
        self.good("headers", {"src/base/a.hpp": ALL})
        self.bad("headers", {"src/base/a.hpp": "#pragma once\n"})
        self.bad("headers", {"src/base/a.hpp": "// What it is for.\n"})
        self.good("headers", {"src/base/a.hpp": ALL, "src/base/a.cpp": '#include "base/a.hpp"\n\n#include <map>\n'})
        self.bad("headers", {"src/base/a.hpp": ALL, "src/base/a.cpp": '#include <map>\n#include "base/a.hpp"\n'})
        self.bad("headers", {"src/base/a.hpp": ALL, "src/base/a.cpp": "int a;\n"})

    def test_text(self):
        self.good("text", {"src/base/a.hpp": ALL, "a.md": "x\n", ".ci/run": "true\n"})
        self.bad("text", {"src/base/a.cpp": "int a;"})
        self.bad("text", {"src/base/a.cpp": "int a;\n\n"})
        self.bad("text", {"src/base/a.cpp": "int a; \n"})
        self.bad("text", {"src/base/a.cpp": "int\ta;\n"})
        self.bad("text", {"src/base/a.cpp": "//" + "x" * 119 + "\n"})
        self.bad("text", {".ci/run": "true"})

    def test_paths(self):
        self.good("paths", {"README.md": "see ../shared and build/release/sonde, /usr/share/datasets\n"})
        for folder in ("home", "root", "work", "Users", "opt"):
            self.bad("paths", {"README.md": f"cd /{folder}/me\n"})
        self.bad("paths", {"scripts/a.sh": "pip install -i https://" + "pypi" + ".org/simple x\n"})

    def test_packages(self):
        tree = {"scripts/cmake/SondeDependencies.cmake": "sonde_require(MPI libopenmpi-dev COMPONENTS CXX)\n"
                                                         "  sonde_require_header(blas cblas.h blas libblas-dev x)\n",
                "scripts/install_deps.sh": "packages=(libopenmpi-dev libblas-dev)\n",
                "README.md": "`libopenmpi-dev`, `libblas-dev`\n"}
        self.good("packages", tree)
        self.bad("packages", {**tree, "scripts/install_deps.sh": "packages=(libopenmpi-dev my-libblas-dev)\n"})
        self.bad("packages", {**tree, "README.md": "`libblas-dev`\n"})

    @unittest.skipUnless(shutil.which("clang-format-14"), "no clang-format-14")
    def test_format(self):
        style = "BasedOnStyle: Google\nColumnLimit: 120\n"
        self.good("format", {".clang-format": style, "src/a.cpp": "int a;\n", "tests/a.cpp": "int a;\n"})
        self.bad("format", {".clang-format": style, "src/a.cpp": "int   a;\n", "tests/a.cpp": "int a;\n"})
        self.bad("format", {".clang-format": style, "src/a.cpp": "int a;\n", "tests/a.cpp": "int   a;\n"})

    def test_every_rule_is_tested(self):
        for rule in check_sources.RULES:
            self.assertTrue(hasattr(self, f"test_{rule}"), rule)


if __name__ == "__main__":
    unittest.main()
