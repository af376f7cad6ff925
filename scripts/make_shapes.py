#!/usr/bin/python3
"""Draws coloured, textured shapes with label images, trains a small CNN to name them, writes inputs/shapes/.

    scripts/install_deps.sh --train
    scripts/make_shapes.py                  # some minutes on one core

Writes
    images/NNN.png                      64x64 RGB pictures with one to three shapes; none was trained on
    colour/, texture/, shape/NNN.png    for each of three categories the label of every pixel: an id of names.txt
    names.txt                           "id name category", one label a line
    model.onnx                          image (batch, 3, 64, 64), pixels / 255 -> probability (batch, 11) that a label is there
    facts.json                          how well the model does on pictures it was not trained on
    sheet.png                           with --sheet: pictures and labels in false colours, to look at
"""
import argparse
import json
import pathlib
import time

import numpy as np
import torch
from PIL import Image
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZE = 64
CATEGORIES = {"colour": ["red", "green", "blue", "yellow"], "texture": ["plain", "stripes", "checker", "dots"],
              "shape": ["disc", "square", "triangle"]}
LABELS = [(name, category) for category, names in CATEGORIES.items() for name in names]  # label i has id i + 1
COLOURS = {"red": (205, 40, 40), "green": (40, 165, 60), "blue": (50, 80, 210), "yellow": (225, 200, 40)}
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]


def label_id(name):
    return 1 + [known for known, _ in LABELS].index(name)


def inside(shape, row, column, radius):
    """(SIZE, SIZE) pixels of a shape of about the same area for each kind."""
    down, right = ROWS - row, COLUMNS - column
    if shape == "disc":
        return down ** 2 + right ** 2 <= radius ** 2
    if shape == "square":
        return np.maximum(np.abs(down), np.abs(right)) <= 0.88 * radius
    return (down <= 0.85 * radius) & (np.abs(right) * 1.5 <= down + 1.3 * radius)  # triangle


def dark(texture, draws):
    """(SIZE, SIZE) the darker of a texture's two tones."""
    row, column = ROWS + draws.integers(8), COLUMNS + draws.integers(8)
    if texture == "stripes":
        return (row + column if draws.random() < 0.5 else row - column) % 6 < 3
    if texture == "checker":
        return (row // 4 + column // 4) % 2 == 0
    if texture == "dots":
        return (row % 5 < 2) & (column % 5 < 2)
    return np.zeros((SIZE, SIZE), bool)  # plain


def picture(draws):
    """(SIZE, SIZE, 3) bytes and {category: (SIZE, SIZE) ids}."""
    image = np.full((SIZE, SIZE, 3), draws.integers(60, 200), np.uint8)
    masks = {category: np.zeros((SIZE, SIZE), np.uint8) for category in CATEGORIES}
    for _ in range(draws.integers(1, 4)):
        picked = {category: names[draws.integers(len(names))] for category, names in CATEGORIES.items()}
        radius = draws.uniform(9, 16)
        row, column = draws.uniform(radius, SIZE - radius, 2)
        where = inside(picked["shape"], row, column, radius)
        tone = np.array(COLOURS[picked["colour"]]) * draws.uniform(0.85, 1.1)
        texture = np.where(dark(picked["texture"], draws)[..., None], 0.35 * tone, tone)
        image[where] = np.clip(texture, 0, 255)[where]
        for category, mask in masks.items():
            mask[where] = label_id(picked[category])
    return image, masks


def present(masks, least=60):
    """(labels) 1 where at least so many pixels of a label are to be seen."""
    counts = sum(np.bincount(mask.ravel(), minlength=len(LABELS) + 1) for mask in masks.values())
    return (counts[1:] >= least).astype(np.float32)


def dataset(count, seed):
    """Pictures as a model takes them (count, 3, SIZE, SIZE) and what is on them (count, labels)."""
    draws = np.random.default_rng(seed)
    drawn = [picture(draws) for _ in range(count)]
    images = np.stack([image for image, _ in drawn]).transpose(0, 3, 1, 2).astype(np.float32) / 255
    return torch.from_numpy(images), torch.from_numpy(np.stack([present(masks) for _, masks in drawn]))


class Namer(nn.Module):
    """Batch normalisation is folded into the convolutions when the model is exported."""

    def __init__(self):
        super().__init__()
        channels = [3, 16, 32, 48]
        for i in (1, 2, 3):
            size = 5 if i == 1 else 3
            self.add_module(f"conv{i}", nn.Conv2d(channels[i - 1], channels[i], size, padding=size // 2))
            self.add_module(f"norm{i}", nn.BatchNorm2d(channels[i]))
            self.add_module(f"relu{i}", nn.ReLU())
            if i < 3:
                self.add_module(f"pool{i}", nn.MaxPool2d(2))
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.labels = nn.Linear(channels[3], len(LABELS))

    def logits(self, x):  # (N, 3, 64, 64) -> (N, labels)
        for layer in self.children():
            x = layer(x)
        return x

    def forward(self, x):
        return torch.sigmoid(self.logits(x))


def train(net, images, labels, epochs, generator):
    batch = 32
    steps = (len(images) + batch - 1) // batch
    optimiser = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=6e-3, total_steps=epochs * steps)
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        for rows in torch.randperm(len(images), generator=generator).split(batch):
            loss = nn.functional.binary_cross_entropy_with_logits(net.logits(images[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1:2d}: training loss {total / steps:.4f} ({time.time() - start:.0f} s)", flush=True)


def write_pictures(out, count, seed):
    draws = np.random.default_rng(seed)
    drawn = [picture(draws) for _ in range(count)]
    for folder in ("images", *CATEGORIES):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for index, (image, masks) in enumerate(drawn):
        Image.fromarray(image).save(out / "images" / f"{index:03d}.png", optimize=True)
        for category, mask in masks.items():
            Image.fromarray(mask).save(out / category / f"{index:03d}.png", optimize=True)
    lines = ["0 ground ground", *(f"{label + 1} {name} {category}" for label, (name, category) in enumerate(LABELS))]
    (out / "names.txt").write_text("\n".join(lines) + "\n")
    return drawn


def write_sheet(path, drawn, rows=8):
    """One picture and its three label images in a row, two such rows beside each other."""
    palette = np.random.default_rng(3).integers(64, 256, (len(LABELS) + 1, 3)).astype(np.uint8)
    palette[0] = 0
    tiles = [np.hstack([image, *(palette[mask] for mask in masks.values())]) for image, masks in drawn[:2 * rows]]
    Image.fromarray(np.hstack([np.vstack(tiles[:rows]), np.vstack(tiles[rows:])])).resize((1024, 1024), Image.NEAREST).save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "inputs" / "shapes")
    parser.add_argument("--images", type=int, default=64, help="pictures written (default 64)")
    parser.add_argument("--training", type=int, default=6000, help="pictures trained on (default 6000)")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=2017)
    parser.add_argument("--sheet", type=pathlib.Path, help="also draw a sheet to look at")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)

    drawn = write_pictures(args.out, args.images, args.seed)
    if args.sheet:
        write_sheet(args.sheet, drawn)
    net = Namer()
    train(net, *dataset(args.training, args.seed + 1), args.epochs, torch.Generator().manual_seed(args.seed))
    net.eval()
    images, labels = dataset(1000, args.seed + 2)
    with torch.no_grad():
        right = ((net.logits(images) > 0) == (labels > 0.5)).float().mean(0)
    facts = {"parameters": sum(p.numel() for p in net.parameters()), "images": args.images, "training": args.training,
             "tried_on": len(images), "accuracy": {name: round(value, 4) for (name, _), value in zip(LABELS, right.tolist())},
             "majority": {name: round(max(p, 1 - p), 4) for (name, _), p in zip(LABELS, labels.mean(0).tolist())}}
    torch.onnx.export(net, images[:1], str(args.out / "model.onnx"), opset_version=13, input_names=["image"],
                      output_names=["labels"], dynamic_axes={"image": {0: "batch"}, "labels": {0: "batch"}})
    (args.out / "facts.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
