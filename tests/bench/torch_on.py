#!/usr/bin/python3
"""Runs a PyTorch program that was written for the CPU on another device: torch_on.py DEVICE PRECISION PROGRAM [ARGUMENT...]

For ../shared/peers/deepxplore_torch.py, as it is. What its tensors are made from goes to DEVICE (cuda, or cpu to try this
out), products are computed in PRECISION (fp32 or tf32). Coverage stays on the host, where the program looks at it seed by
seed: on a GPU each look would wait for the device. Picking neurons seed by seed takes the host's time whatever the device;
the last line of output, pick_seconds=S, says how much, so that it can be left out of the comparison.
"""
import ast
import sys
import time

import torch

pick_seconds = 0.0


def timed(function):
    def call(*arguments):
        global pick_seconds
        start = time.perf_counter()
        result = function(*arguments)
        pick_seconds += time.perf_counter() - start
        return result
    return call


def move(name, device):
    make = getattr(torch, name)
    setattr(torch, name, lambda *arguments, **options: make(*arguments, **options).to(device))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    device, precision, program = sys.argv[1:4]
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    for name in ("from_numpy", "arange", "tensor"):  # not zeros: coverage
        move(name, device)
    merge = torch.Tensor.__ior__
    torch.Tensor.__ior__ = lambda covered, found: merge(covered, found.to(covered.device))

    tree = ast.parse(open(program).read(), program)
    picks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "pick"]
    for node in picks:
        node.decorator_list.append(ast.copy_location(ast.Name("timed", ast.Load()), node))
    sys.argv = [program, *sys.argv[4:]]
    exec(compile(tree, program, "exec"), {"__name__": "__main__", "timed": timed})
    print(f"pick_seconds={pick_seconds:.3f}")


if __name__ == "__main__":
    main()
