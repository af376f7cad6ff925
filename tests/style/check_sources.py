#!/usr/bin/python3
"""House rules that a compiler does not see: check_sources.py ROOT RULE. Prints breaches, exits 1 if there are any.

Rules: layers, vendor, switches, headers, text, paths, packages, format. Exit 77: the tool a rule needs is absent.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

SKIP = 77
# A file includes from its own module and those before it. generate and inspect stand side by side.
LAYERS = ["base", "device", "comm", "tensor", "io", "backend", "nn", "coverage", "generate", "inspect", "app"]
APART = {("generate", "inspect"), ("inspect", "generate")}

# Vendor headers and the only places that may include them (regular expressions, from the start of the path).
HOMES = [
    (r"cuda(_runtime|_runtime_api)?\.h|cuda_\w+\.h", r"src/(device|backend/cuda)/"),
    (r"cudnn\w*\.h|cublas\w*\.h", r"src/backend/cuda/"),
    (r"mpi\.h", r"src/comm/|src/io/h5_parallel\."),
    (r"nccl\.h", r"src/comm/nccl\.cpp"),
    (r"hdf5\w*\.h|H5\w+\.h", r"src/io/"),
    (r"google/protobuf/.*|onnx/.*|png\.h|jpeglib\.h|stb_\w+\.h|zlib\.h|openssl/.*", r"src/io/"),
    (r"dnnl\w*\.hp?p?|oneapi/.*|cblas\.h|hwy/.*", r"src/backend/cpu/"),
    (r"Random123/.*", r"src/(base|backend/functors)/"),
    (r"boost/program_options.*", r"src/app/"),
    (r"re2/.*", r"src/inspect/hypotheses/regex\."),
    (r"Python\.h|pybind11/.*", r"src/inspect/hypotheses/python\."),
]

CODE = {".hpp", ".cpp", ".cu", ".h"}
TEXT = CODE | {".py", ".sh", ".cmake", ".txt", ".md", ".json", ".ini", ".sbatch", ".yml"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files(root, suffixes, folder="."):
    """(path from the root, lines) of every file with one of the suffixes; the suffix of `.clang-format` is ''."""
    for parent, folders, names in os.walk(root / folder):
        folders[:] = sorted(f for f in folders if f not in (".git", "build", "__pycache__") and not f.endswith(".part"))
        for name in sorted(names):
            path = pathlib.Path(parent) / name
            if path.suffix in suffixes and not path.is_symlink():
                yield path.relative_to(root).as_posix(), path.read_text(errors="replace").split("\n")


def includes(lines):
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def layers(root):
    for path, lines in files(root, CODE, "src"):
        own = path.split("/")[1]
        if own not in LAYERS:
            yield f"{path}: module '{own}' has no place in the layer order"
            continue
        for number, mark, name in includes(lines):
            other = name.split("/")[0]
            if mark == '"' and other not in LAYERS:
                yield f'{path}:{number}: "{name}" does not start with a module'
            elif other in LAYERS and (LAYERS.index(other) > LAYERS.index(own) or (own, other) in APART):
                yield f'{path}:{number}: {own} must not include "{name}"'


def vendor(root):
    for path, lines in files(root, CODE, "src"):
        for number, _, name in includes(lines):
            for header, home in HOMES:
                if re.fullmatch(header, name) and not re.match(home, path):
                    yield f"{path}:{number}: <{name}> is at home in {home} only"


def switches(root):
    """CMake chooses a feature by taking one file or another, not the preprocessor. (__CUDACC__, by which functors shared
    by host and device know the compiler, is no feature.)"""
    pattern = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*\b(\w*WITH_|\w*HAVE_|\w*USE_|\w*ENABLE_)\w*")
    for path, lines in files(root, CODE, "src"):
        for number, line in enumerate(lines, 1):
            if pattern.match(line):
                yield f"{path}:{number}: {line.strip()}"


def headers(root):
    for path, lines in files(root, {".hpp"}):
        if not lines[0].startswith("// "):
            yield f"{path}:1: a header starts with a comment that says what it is for"
        if "#pragma once" not in lines:
            yield f"{path}: no #pragma once"
    for path, lines in files(root, {".cpp"}, "src"):
        header = pathlib.Path(path).with_suffix(".hpp")
        if not (root / header).exists():
            continue
        first = next((name for _, _, name in includes(lines)), "")
        if f"src/{first}" != header.as_posix():
            yield f"{path}: includes {header.relative_to('src').as_posix()} first, which then compiles alone"


def text(root):
    for path, lines in files(root, TEXT | {""}):
        if path.startswith("inputs/") and path.endswith(".txt"):
            continue  # data: every character counts
        if lines[-1] != "" or (len(lines) > 1 and lines[-2] == ""):
            yield f"{path}: a file ends with one newline"
        for number, line in enumerate(lines, 1):
            if line.endswith((" ", "\t", "\r")):
                yield f"{path}:{number}: white space at the end of the line"
            if "\t" in line:
                yield f"{path}:{number}: a tab"
            if len(line) > 120 and pathlib.Path(path).suffix in CODE:
                yield f"{path}:{number}: {len(line)} columns of 120"


def paths(root):
    """Paths of one machine, and hosts of package registries: the sources hold neither."""
    pattern = re.compile(r"(?<![\w.)}])/(home|root|work|Users|opt|mnt|usr/local)/\w|pypi\.org|pythonhosted\.org|crates\.io|npmjs\.")
    for path, lines in files(root, TEXT | {""}):
        for number, line in enumerate(lines, 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line.strip()}"


def packages(root):
    """A package that the build asks for is one that install_deps.sh installs and the README explains."""
    asked = (root / "scripts/cmake/SondeDependencies.cmake").read_text()
    installer, readme = (root / "scripts/install_deps.sh").read_text(), (root / "README.md").read_text()
    for call in re.findall(r"^ *sonde_require(?:_header)?\(([^)]*)\)", asked, re.MULTILINE):
        for package in re.findall(r"[a-z0-9.+-]+-dev\b", call):
            if package == "libc6-dev":
                continue  # comes with g++
            if not re.search(rf"(?<![\w.+-]){re.escape(package)}(?![\w.+-])", installer):
                yield f"scripts/install_deps.sh: {package} is missing (scripts/cmake/SondeDependencies.cmake asks for it)"
            if f"`{package}`" not in readme:
                yield f"README.md: {package} is not among the dependencies"


def format(root):
    tool = shutil.which("clang-format-14")
    if not tool:
        print("skipped: no clang-format-14 (Debian package clang-format-14)")
        sys.exit(SKIP)
    sources = [str(root / path) for folder in ("src", "tests") for path, _ in files(root, CODE, folder)]
    run = subprocess.run([tool, "--dry-run", "--Werror", *sources], capture_output=True, text=True)
    if run.returncode != 0:
        names = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "clang-format-violations" in line})
        yield from (f"{os.path.relpath(name, root)}: not formatted (run scripts/format.sh)" for name in names)
        if not names:
            yield run.stderr


RULES = {rule.__name__: rule for rule in (layers, vendor, switches, headers, text, paths, packages, format)}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in RULES:
        sys.exit(__doc__)
    breaches = list(RULES[sys.argv[2]](pathlib.Path(sys.argv[1])))
    print("\n".join(breaches) if breaches else f"{sys.argv[2]}: no breach")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
