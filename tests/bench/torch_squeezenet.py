#!/usr/bin/python3
"""SqueezeNet 1.1 in PyTorch on one core, forward pass and gradient to the input: torch_squeezenet.py [BATCH]

Random weights: the time does not depend on them. Prints images per second.
"""
import sys
import time

import torch
from torch import nn


class Fire(nn.Module):
    def __init__(self, inputs, squeezed, expanded):
        super().__init__()
        self.squeeze = nn.Sequential(nn.Conv2d(inputs, squeezed, 1), nn.ReLU())
        self.one = nn.Sequential(nn.Conv2d(squeezed, expanded, 1), nn.ReLU())
        self.three = nn.Sequential(nn.Conv2d(squeezed, expanded, 3, padding=1), nn.ReLU())

    def forward(self, x):
        x = self.squeeze(x)
        return torch.cat([self.one(x), self.three(x)], 1)


def pool():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


def main():
    torch.set_num_threads(1)
    batch = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    net = nn.Sequential(nn.Conv2d(3, 64, 3, 2), nn.ReLU(), pool(), Fire(64, 16, 64), Fire(128, 16, 64), pool(),
                        Fire(128, 32, 128), Fire(256, 32, 128), pool(), Fire(256, 48, 192), Fire(384, 48, 192),
                        Fire(384, 64, 256), Fire(512, 64, 256), nn.Conv2d(512, 1000, 1), nn.ReLU(),
                        nn.AdaptiveAvgPool2d(1)).eval().requires_grad_(False)
    x = torch.rand(batch, 3, 224, 224, requires_grad=True)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        torch.autograd.grad(net(x)[:, 0].sum(), x)
        seconds.append(time.process_time() - start)
    print(f"{'torch.squeezenet11.images':<40} {batch / sorted(seconds)[2]:10.4g} images/s")


if __name__ == "__main__":
    main()
