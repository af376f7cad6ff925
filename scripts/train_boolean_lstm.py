#!/usr/bin/python3
"""Trains a tiny LSTM that evaluates Boolean expressions from left to right, writes inputs/boolean/.

    scripts/install_deps.sh --train
    scripts/train_boolean_lstm.py           # half a minute on one core

After Luigi (Sellam et al., SysML 2018): expressions such as 1|0&1 have the value of their operators applied from left to
right, without precedence; they are filled with X to the same length. The net learns the value of the whole expression alone;
what it must carry from symbol to symbol, the value so far, is a planted truth that inspection has to find in its state.

Writes
    expressions.txt   one expression a line, none of which was trained on (without X: sonde pads)
    vocab.json        {"0": id, ...}
    values.h5         /value (expressions, symbols) uint8: value of the operands read so far; 0 where there is only X
    model.onnx        ids (batch, symbols) -> probability (batch, 1) that the expression is true
    facts.json        numbers of the above
"""
import argparse
import json
import pathlib
import random
import time

import h5py
import numpy as np
import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parent.parent
VOCABULARY = {"X": 0, "0": 1, "1": 2, "&": 3, "|": 4}
OPERANDS = 10
SYMBOLS = 2 * OPERANDS - 1


def expressions(count, seed):
    """Different expressions of 2 to OPERANDS operands."""
    draws, found = random.Random(seed), {}
    while len(found) < count:
        operands = draws.randint(2, OPERANDS)
        found["".join(draws.choice("01") + draws.choice("&|") for _ in range(operands))[:-1]] = True
    return list(found)


def values(expression):
    """The value after each symbol of the operands so far; an operator leaves it as it is."""
    value, operator, so_far = 0, "|", []
    for symbol in expression:
        if symbol in "&|":
            operator = symbol
        else:
            value = value & int(symbol) if operator == "&" else value | int(symbol)
        so_far.append(value)
    return so_far


def filled(rows, fill):
    """Rows of unequal length as an array (rows, SYMBOLS), filled at their ends."""
    return np.array([list(row) + [fill] * (SYMBOLS - len(row)) for row in rows])


def as_ids(texts):
    return torch.from_numpy(filled([[VOCABULARY[symbol] for symbol in text] for text in texts], VOCABULARY["X"]))


class Evaluator(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.embedding = nn.Embedding(len(VOCABULARY), 4)
        self.lstm = nn.LSTM(4, units, batch_first=True)
        self.linear = nn.Linear(units, 1)

    def states(self, ids):  # (N, T) -> (N, T, units)
        return self.lstm(self.embedding(ids))[0]

    def logit(self, ids):  # (N, T) -> (N)
        return self.linear(self.states(ids)[:, -1]).squeeze(1)

    def forward(self, ids):  # (N, T) -> (N, 1)
        return torch.sigmoid(self.linear(self.states(ids)[:, -1]))


def accuracy(net, ids, truth):
    with torch.no_grad():
        return ((net.logit(ids) > 0) == (truth > 0.5)).float().mean().item()


def train(net, ids, truth, epochs, generator):
    batch = 32
    steps = (len(ids) + batch - 1) // batch
    optimiser = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-2, total_steps=epochs * steps)
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        for rows in torch.randperm(len(ids), generator=generator).split(batch):
            loss = nn.functional.binary_cross_entropy_with_logits(net.logit(ids[rows]), truth[rows])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1:2d}: training loss {total / steps:.5f} ({time.time() - start:.1f} s)", flush=True)


def decoded(net, ids, value):
    """Share of symbols whose value so far logistic regression reads from the state; tried on other expressions than fitted."""
    with torch.no_grad():
        states = net.states(ids)  # (N, T, units)
    real = ids != VOCABULARY["X"]
    half = len(ids) // 2
    x, y = states[:half][real[:half]], torch.from_numpy(value[:half]).float()[real[:half]]
    probe = nn.Linear(x.shape[1], 1)
    optimiser = torch.optim.LBFGS(probe.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(probe(x).squeeze(1), y)
        loss += 1e-5 * (probe.weight ** 2).sum()
        loss.backward()
        return loss
    optimiser.step(closure)
    with torch.no_grad():
        said = probe(states[half:][real[half:]]).squeeze(1) > 0
    return (said == torch.from_numpy(value[half:] > 0)[real[half:]]).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "inputs" / "boolean")
    parser.add_argument("--units", type=int, default=4)
    parser.add_argument("--training", type=int, default=5000, help="expressions trained on")
    parser.add_argument("--expressions", type=int, default=2000, help="expressions written")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=2018)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    texts = expressions(args.training + args.expressions, args.seed)
    ids, truth = as_ids(texts), torch.tensor([float(values(text)[-1]) for text in texts])
    net = Evaluator(args.units)
    train(net, ids[:args.training], truth[:args.training], args.epochs, torch.Generator().manual_seed(args.seed))

    texts, ids, truth = texts[args.training:], ids[args.training:], truth[args.training:]
    value = filled([values(text) for text in texts], 0).astype(np.uint8)
    facts = {"units": args.units, "parameters": sum(p.numel() for p in net.parameters()), "training": args.training,
             "expressions": len(texts), "symbols": SYMBOLS, "true": round(truth.mean().item(), 4),
             "accuracy": round(accuracy(net, ids, truth), 4), "value_decoded": round(decoded(net, ids, value), 4)}
    (args.out / "expressions.txt").write_text("\n".join(texts) + "\n")
    (args.out / "vocab.json").write_text(json.dumps(VOCABULARY, indent=0) + "\n")
    with h5py.File(args.out / "values.h5", "w") as file:
        data = file.create_dataset("value", data=value, compression="gzip", compression_opts=9)
        data.attrs["description"] = np.bytes_("value of the operands read so far, by expression and symbol; 0 after its end")
    torch.onnx.export(net, ids[:1], str(args.out / "model.onnx"), opset_version=13, input_names=["ids"],
                      output_names=["probability"], dynamic_axes={"ids": {0: "batch"}, "probability": {0: "batch"}})
    (args.out / "facts.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
