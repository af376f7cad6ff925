#!/usr/bin/python3
"""Draws findings of a result as a PNG: contact_sheet.py RESULT.h5 SHEET.png [--count N] [--classes A,B,...]

Each finding is a line of three images (seed, generated input, their difference) and what the models say. In the difference
red is brighter than the seed and blue darker; it is amplified by the factor written beside it.
"""
import argparse

import h5py
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import sonde_results

TILE, GAP, TEXT = 112, 6, 230  # pixels: side of an image, space between, width of the text
INK, QUIET, DEVIATES, SHEET = (20, 20, 20), (120, 120, 120), (190, 0, 0), (255, 255, 255)


def as_image(sample):
    """(H, W), (H, W, C) or (C, H, W) with C = 1 or 3 -> (H, W, 3) float64."""
    if sample.ndim == 3 and sample.shape[2] not in (1, 3) and sample.shape[0] in (1, 3):
        sample = sample.transpose(1, 2, 0)
    if sample.ndim == 2:
        sample = sample[:, :, None]
    if sample.ndim != 3 or sample.shape[2] not in (1, 3):
        raise ValueError(f"a stored input has shape {sample.shape} (no image). Print the findings instead.")
    return np.broadcast_to(sample, sample.shape[:2] + (3,)).astype(np.float64)


def tile(pixels):
    """(H, W, 3) in 0..255 -> image that fits TILE x TILE, enlarged by a whole factor where it is smaller."""
    image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    longest = max(image.size)
    if longest <= TILE:
        return image.resize([side * (TILE // longest) for side in image.size], Image.NEAREST)
    return image.resize([max(1, side * TILE // longest) for side in image.size], Image.LANCZOS)


def difference(seed, generated):
    """Image of generated - seed on white, red up and blue down, and the amplification."""
    change = (generated - seed).mean(2)
    largest = np.abs(change).max()
    factor = 255 / largest if largest > 0 else 1.0
    up, down = np.clip(change * factor, 0, 255), np.clip(-change * factor, 0, 255)
    return np.stack([255 - down, 255 - up - down, 255 - up], axis=2), factor


def choose(found, count):
    """Indices of `count` generated findings, valid ones first, spread over the file."""
    rows = np.flatnonzero((found["kind"] == sonde_results.GENERATED) & (found["valid"] != 0))
    if len(rows) == 0:
        rows = np.arange(len(found["kind"]))
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int))]


def caption(found, names, classes, row, factor):
    """[(text, colour)]; a model that left the label of the seed stands out."""
    def named(text):
        number = text.split(" ")[0]
        if classes and number.isdigit() and int(number) < len(classes):
            return text.replace(number, classes[int(number)], 1)
        return text
    lines = [(f"seed {found['seed_index'][row]}, {found['iterations'][row]} iteration(s)", INK)]
    classes_known = "label_0" in found
    if classes_known:
        lines.append(("all said of the seed: " + named(str(found["seed_label"][row])), INK))
    for model, said in enumerate(sonde_results.predictions(found, len(names), row)):
        deviates = classes_known and found[f"label_{model}"][row] != found["seed_label"][row]
        lines.append((f"{names[model]}: {named(said)}", DEVIATES if deviates else INK))
    lines += [(f"largest change {found['linf'][row]:.3g}", QUIET), (f"difference x {factor:.3g}", QUIET)]
    return lines


def draw(path, count, classes):
    with h5py.File(path, "r") as file:
        found, names = sonde_results.columns(file["findings"]), sonde_results.model_names(file)
        rows = choose(found, count)
        if len(rows) == 0:
            raise ValueError("it holds no finding (nothing to draw). Give more seeds or iterations.")
        inputs = [as_image(file["finding_data/input"][int(row)]) for row in rows]
        seeds = [as_image(file["finding_data/seed"][int(row)]) for row in rows]
        domain = file["finding_data"].attrs
        low, high = float(domain["lo"]), float(domain["hi"])
    if not high > low:
        raise ValueError("its inputs have no range (attributes lo and hi of /finding_data). Give --input-range to sonde.")
    scale = 255 / (high - low)

    across = 2 if len(rows) > 4 else 1
    down = -(-len(rows) // across)
    width, height = 3 * (TILE + GAP) + TEXT, TILE + GAP
    header = 22
    sheet = Image.new("RGB", (across * width + GAP, header + down * height + GAP), SHEET)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    for column in range(across):
        for index, title in enumerate(("seed", "generated", "difference", "what the models say")):
            pen.text((GAP + column * width + index * (TILE + GAP), GAP), title, QUIET, font)
    for place, (row, seed, generated) in enumerate(zip(rows, seeds, inputs)):
        left, top = GAP + place // down * width, header + place % down * height
        seed, generated = (seed - low) * scale, (generated - low) * scale
        change, factor = difference(seed, generated)
        for index, pixels in enumerate((seed, generated, change)):
            image = tile(pixels)
            x = left + index * (TILE + GAP)
            sheet.paste(image, (x, top))
            pen.rectangle((x - 1, top - 1, x + image.width, top + image.height), outline=(200, 200, 200))
        for line, (text, colour) in enumerate(caption(found, names, classes, row, factor)):
            pen.text((left + 3 * (TILE + GAP), top + 14 * line), text, colour, font)
    return sheet, len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="HDF5 file of sonde generate on images")
    parser.add_argument("sheet", help="PNG file to write")
    parser.add_argument("--count", type=int, default=16, help="findings to draw (default 16)")
    parser.add_argument("--classes", default="", help="names of the classes from 0 on, separated by commas")
    args = parser.parse_args()
    try:
        sheet, count = draw(args.result, args.count, [c for c in args.classes.split(",") if c])
        sheet.save(args.sheet)
    except (OSError, KeyError, ValueError) as error:
        parser.exit(2, f"{args.result}: {error}\n")
    print(f"{args.sheet}: {count} findings")


if __name__ == "__main__":
    main()
