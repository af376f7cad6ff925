// What the kind python does on Python's side.
#pragma once

namespace sonde::inspect {

/// Source of the functions that python.cpp calls; run once, in a dictionary of its own.
constexpr char const* python_helpers = R"PY(
import inspect, os, sys, traceback, types
import numpy as np

sys.stdout = sys.stderr          # standard output is sonde's
sys.dont_write_bytecode = True   # ranks would write it at the same time


class Record(str):
    """The text of a record."""
    @property
    def symbols(self):
        """Its symbols in order: one number is wanted for each."""
        return list(self.__dict__.get('_symbols') or self)


def text(string, symbols):
    """A record; symbols is None when they are its characters."""
    record = Record(string)
    if symbols is not None:
        record._symbols = symbols
    return record


def is_hypothesis(name, value, module):
    if name.startswith('_') or not isinstance(value, types.FunctionType) or value.__module__ != module.__name__:
        return False
    needed = [p for p in inspect.signature(value).parameters.values()
              if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return len(needed) == 1 and needed[0].kind != inspect.Parameter.KEYWORD_ONLY


def load(name, path, source):
    """[(name, function)] of the hypotheses in the file."""
    folder = os.path.dirname(os.path.abspath(path))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    exec(compile(source, path, 'exec'), module.__dict__)
    return [(n, f) for n, f in vars(module).items() if is_hypothesis(n, f, module)]


def describe(error, path):
    """'ValueError: no bracket (line 12 of x.py)': the last line of the file that was being run."""
    what = traceback.format_exception_only(type(error), error)[-1].strip()
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines = [error.lineno]
    return what + (f' (line {lines[-1]} of {path})' if lines else f' (in {path})')


class Wrong(Exception):
    """What a function returned is not one number per symbol."""


def numbers(result, count):
    """(numbers of each record, all numbers after each other)"""
    try:
        entries = len(result)
    except TypeError:
        raise Wrong(f'it returned a {type(result).__name__} (one entry per record is needed)') from None
    if entries != count:
        raise Wrong(f'it returned {entries} entries for {count} record(s) (one per record is needed)')
    try:
        block = np.asarray(result, dtype=np.float64).reshape(count, -1)
        return np.full(count, block.shape[1], dtype=np.int64), np.ascontiguousarray(block).ravel()
    except (TypeError, ValueError):
        pass  # of unequal length, or no numbers
    try:
        rows = [np.asarray(entry, dtype=np.float64).ravel() for entry in result]
    except (TypeError, ValueError) as error:
        raise Wrong(f'it returned something else than numbers ({error})') from None
    return np.array([len(row) for row in rows], dtype=np.int64), np.concatenate(rows)


def call(function, records):
    return numbers(function(records), len(records))
)PY";

}  // namespace sonde::inspect
