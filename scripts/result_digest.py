#!/usr/bin/python3
"""Prints one sha256 of what a result says: result_digest.py RESULT.h5 [--each]

Over every data set outside /timing: name, type, shape and bytes, in the order of the names. Attributes are left out, since
those of the root (ranks, threads, created, git) may differ between runs that agree, and so is /command. Two runs of one
configuration have one digest, whatever their number of ranks and threads.
"""
import argparse
import hashlib

import h5py
import numpy as np

LEFT_OUT = ("timing", "command")


def data_sets(file):
    """(name, data set) in the order of the names."""
    found = []
    file.visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) else None)
    return sorted((name, item) for name, item in found if name.split("/")[0] not in LEFT_OUT)


def blocks(data):
    """The elements' bytes, at most about 16 MiB at a time."""
    if data.ndim == 0:
        yield np.asarray(data[()]).tobytes()
        return
    step = max(1, (16 << 20) // max(1, data.dtype.itemsize * int(np.prod(data.shape[1:]))))
    for start in range(0, data.shape[0], step):
        block = data[start:start + step]
        if block.dtype.kind == "O":  # variable-length text: its length keeps neighbours apart
            yield b"".join(len(text).to_bytes(8, "little") + text for text in block.ravel())
        else:
            yield np.ascontiguousarray(block).tobytes()


def digest_of(name, data):
    sha = hashlib.sha256(f"{name}\0{data.dtype.str}\0{data.shape}\0".encode())
    for block in blocks(data):
        sha.update(block)
    return sha.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="HDF5 file")
    parser.add_argument("--each", action="store_true", help="also one line per data set, to find what differs")
    args = parser.parse_args()
    whole = hashlib.sha256()
    try:
        with h5py.File(args.result, "r") as file:
            for name, data in data_sets(file):
                digest = digest_of(name, data)
                whole.update(digest.encode())
                if args.each:
                    print(digest, name)
    except OSError as error:
        parser.exit(2, f"{args.result}: {error} (not a readable HDF5 file).\n")
    print(whole.hexdigest())


if __name__ == "__main__":
    main()
