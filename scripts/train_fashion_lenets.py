#!/usr/bin/python3
"""Trains LeNet-1, -4 and -5 (DeepXplore's architectures) on Fashion-MNIST and writes inputs/fashion/.

    scripts/install_deps.sh --train
    scripts/train_fashion_lenets.py                    # a few minutes on one core

Writes lenet1.onnx, lenet4.onnx, lenet5.onnx (input `image` (batch, 1, 28, 28), pixels divided by 255; output
`predictions` (batch, 10), probabilities), seed images and labels as gzipped IDX files, and accuracies.json.
The seeds are test images drawn at random; no model has been trained on them. Data: Debian's dataset-fashion-mnist;
training and export: Debian's python3-torch. One thread and fixed seeds make a repetition on the same kind of machine
give the same weights.
"""
import argparse
import gzip
import json
import pathlib
import time

import numpy as np
import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED = 2017


def read_idx(path):
    """Array of an IDX file of bytes (http://yann.lecun.com/exdb/mnist, "the IDX file format")."""
    data = gzip.open(path).read()
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
    # Neither name nor time in the gzip header: the same data give the same file.
    with open(path, "wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(header + array.tobytes())


class LeNet(nn.Module):
    """5x5 "same" convolutions, each with ReLU and 2x2 max pooling, then dense layers ending in softmax."""

    def __init__(self, channels, hidden):
        super().__init__()
        layers = []
        previous = 1
        for block, count in enumerate(channels, 1):
            layers += [(f"block{block}_conv1", nn.Conv2d(previous, count, 5, padding=2)),
                       (f"block{block}_relu1", nn.ReLU()),
                       (f"block{block}_pool1", nn.MaxPool2d(2))]
            previous = count
        layers.append(("flatten", nn.Flatten()))
        previous *= 7 * 7
        for index, count in enumerate(hidden, 1):
            layers += [(f"fc{index}", nn.Linear(previous, count)), (f"fc{index}_relu", nn.ReLU())]
            previous = count
        layers.append(("before_softmax", nn.Linear(previous, 10)))
        for name, layer in layers:
            self.add_module(name, layer)
        self.predictions = nn.Softmax(1)

    def logits(self, x):  # (N, 1, 28, 28) -> (N, 10)
        for name, layer in self.named_children():
            if name != "predictions":
                x = layer(x)
        return x

    def forward(self, x):
        return self.predictions(self.logits(x))


NETS = {"lenet1": ((4, 12), ()), "lenet4": ((6, 16), (84,)), "lenet5": ((6, 16), (120, 84))}


def accuracy(net, images, labels):
    with torch.no_grad():
        hits = sum((net.logits(x).argmax(1) == y).sum().item()
                   for x, y in zip(images.split(1000), labels.split(1000)))
    return hits / len(labels)


def train(net, images, labels, epochs, generator):
    batch = 128
    steps = (len(images) + batch - 1) // batch
    optimiser = torch.optim.Adam(net.parameters(), weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=epochs * steps)
    for epoch in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(images), generator=generator).split(batch):
            x = images[rows]
            flip = torch.rand(len(rows), generator=generator) < 0.5  # clothes have no left and right
            x[flip] = x[flip].flip(3)
            loss = nn.functional.cross_entropy(net.logits(x), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1:2d}: training loss {total / steps:.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder of the four IDX files")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "inputs" / "fashion")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1000, help="seed images to pick")
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)

    pixels = {part: read_idx(f"{args.data}/{part}-images-idx3-ubyte.gz") for part in ("train", "t10k")}
    classes = {part: read_idx(f"{args.data}/{part}-labels-idx1-ubyte.gz") for part in ("train", "t10k")}
    images = {part: torch.from_numpy(x.astype(np.float32) / 255).unsqueeze(1) for part, x in pixels.items()}
    labels = {part: torch.from_numpy(y.astype(np.int64)) for part, y in classes.items()}

    picked = np.sort(np.random.default_rng(SEED).choice(len(pixels["t10k"]), args.seeds, replace=False))
    write_idx(args.out / "seeds-images-idx3-ubyte.gz", pixels["t10k"][picked])
    write_idx(args.out / "seeds-labels-idx1-ubyte.gz", classes["t10k"][picked])

    facts = {"test_images": len(pixels["t10k"]), "seed_images": args.seeds, "epochs": args.epochs, "models": {}}
    right = []
    for index, (name, (channels, hidden)) in enumerate(NETS.items()):
        start = time.time()
        torch.manual_seed(SEED + index)
        net = LeNet(channels, hidden)
        print(name, flush=True)
        train(net, images["train"], labels["train"], args.epochs, torch.Generator().manual_seed(SEED + index))
        with torch.no_grad():
            right.append(torch.cat([net.logits(x).argmax(1) for x in images["t10k"].split(1000)]))
        facts["models"][name] = {
            "parameters": sum(p.numel() for p in net.parameters()),
            "test_accuracy": accuracy(net, images["t10k"], labels["t10k"]),
            "seed_accuracy": accuracy(net, images["t10k"][picked], labels["t10k"][picked]),
        }
        print(f"  {facts['models'][name]} ({time.time() - start:.0f} s)", flush=True)
        torch.onnx.export(net, images["t10k"][:1], str(args.out / f"{name}.onnx"), opset_version=13,
                          input_names=["image"], output_names=["predictions"],
                          dynamic_axes={"image": {0: "batch"}, "predictions": {0: "batch"}})
    votes = torch.stack(right)
    disagree = (votes != votes[0]).any(0)
    facts["test_images_on_which_they_disagree"] = int(disagree.sum())
    facts["seed_images_on_which_they_disagree"] = int(disagree[picked].sum())
    (args.out / "accuracies.json").write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
