#!/usr/bin/python3
"""Samples SQL queries with their parse trees, trains an LSTM on them that guesses the next character, writes inputs/sql/.

    scripts/install_deps.sh --train
    scripts/train_sql_lstm.py                                                       # inputs/sql: some minutes on one core
    scripts/train_sql_lstm.py --units 512 --records 29696 --epochs 0 --out big      # DeepBase's sizes, untrained: seconds

Writes
    queries.txt   one query a line; the records are its windows of 30 characters, one after the other, line ends included
    vocab.json    {"character": id}
    spans.h5      what each node of the parse trees spans: /spans/record, start, end (exclusive, in characters of the record),
                  label, and the names of the labels in /spans/labels. A node that a window cuts has a span in every window.
    model.onnx    Embedding, LSTM, Linear: ids (batch, 30) -> logits (batch, 30, characters)
    facts.json    numbers of the above, and how often the model guesses the next character of queries.txt
The model has seen none of the queries in queries.txt. One thread and fixed seeds: a repetition on the same kind of machine
gives the same files.
"""
import argparse
import inspect
import json
import pathlib
import time

import numpy as np
import torch
from torch import nn

import sql_grammar
from sql_grammar import SYMBOLS

ROOT = pathlib.Path(__file__).resolve().parent.parent


class NextCharacter(nn.Module):
    def __init__(self, characters, units):
        super().__init__()
        self.embedding = nn.Embedding(characters, 32)
        self.lstm = nn.LSTM(32, units, batch_first=True)
        self.linear = nn.Linear(units, characters)

    def forward(self, ids):  # (N, T) -> (N, T, characters)
        return self.linear(self.lstm(self.embedding(ids))[0])


def train(net, ids, epochs, generator):
    """Windows of a stream of ids (n), from another random place in every epoch; the state starts at zero in each."""
    batch = 64
    steps = (len(ids) - 2 * SYMBOLS) // SYMBOLS // batch
    optimiser = torch.optim.Adam(net.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-2, total_steps=epochs * steps)
    for epoch in range(epochs):
        start, total = time.time(), 0.0
        first = torch.randint(SYMBOLS, (1,), generator=generator).item()
        windows = ids[first:].unfold(0, SYMBOLS + 1, SYMBOLS)  # (windows, 31)
        for rows in torch.randperm(len(windows), generator=generator)[:steps * batch].split(batch):
            x = windows[rows]
            loss = nn.functional.cross_entropy(net(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"  epoch {epoch + 1:2d}: {total / steps / np.log(2):.4f} bits a character ({time.time() - start:.0f} s)", flush=True)


def measure(net, ids, records):
    """Of the records' characters (n): share of next characters guessed right, bits a character."""
    right, bits = 0, 0.0
    windows = ids[:records * SYMBOLS + 1].unfold(0, SYMBOLS + 1, SYMBOLS)
    with torch.no_grad():
        for x in windows.split(256):
            logits, target = net(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten()
            right += (logits.argmax(1) == target).sum().item()
            bits += nn.functional.cross_entropy(logits, target, reduction="sum").item() / np.log(2)
    return right / (len(windows) * SYMBOLS), bits / (len(windows) * SYMBOLS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "inputs" / "sql")
    parser.add_argument("--units", type=int, default=128, help="of the LSTM")
    parser.add_argument("--records", type=int, default=4096, help="of 30 characters each, written to queries.txt")
    parser.add_argument("--kinds", type=int, default=63, help="kinds of nodes to write, the most frequent (default 63: as time, "
                        "signal and depth, and with the depth of all nodes, they make 190 hypotheses)")
    parser.add_argument("--training-records", type=int, default=60000, help="of queries that are not written (default 60000)")
    parser.add_argument("--epochs", type=int, default=8, help="0: random weights")
    parser.add_argument("--seed", type=int, default=2019)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    rules = sql_grammar.read_grammar(sql_grammar.GRAMMAR)
    vocabulary = {character: id for id, character in enumerate(sorted(sql_grammar.characters(rules)))}
    (args.out / "vocab.json").write_text(json.dumps(vocabulary, indent=0) + "\n")
    # One character more than the records: what follows the last.
    queries, nodes = sql_grammar.Sampler(rules, args.seed).stream(args.records * SYMBOLS + 1)
    text = "\n".join(queries) + "\n"
    (args.out / "queries.txt").write_text(text[:args.records * SYMBOLS])
    spans, names = sql_grammar.most_frequent(sql_grammar.cut(nodes, args.records), list(rules), args.kinds)
    sql_grammar.write_spans(args.out / "spans.h5", spans, names, args.records)

    net = NextCharacter(len(vocabulary), args.units)
    facts = {"rules": sum(len(weights) for weights, _ in rules.values()), "kinds_of_nodes": len(rules),
             "kinds_of_nodes_written": len(names), "spans": len(spans), "records": args.records,
             "characters": len(vocabulary), "queries": len(queries), "units": args.units, "epochs": args.epochs,
             "parameters": sum(p.numel() for p in net.parameters())}

    def as_ids(text):
        return torch.tensor([vocabulary[character] for character in text])
    if args.epochs:
        known, _ = sql_grammar.Sampler(rules, args.seed + 1).stream(args.training_records * SYMBOLS, avoid=set(queries))
        train(net, as_ids("\n".join(known) + "\n"), args.epochs, torch.Generator().manual_seed(args.seed))
        accuracy, bits = measure(net, as_ids(text), args.records)
        facts.update(training_records=args.training_records, next_character_accuracy=round(accuracy, 4),
                     bits_a_character=round(bits, 4))
    # The exporter of PyTorch 1.13, also where another is the default by now.
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(net, torch.zeros(1, SYMBOLS, dtype=torch.int64), str(args.out / "model.onnx"), opset_version=13,
                      input_names=["ids"], output_names=["logits"], dynamic_axes={"ids": {0: "batch"}, "logits": {0: "batch"}},
                      **options)
    (args.out / "facts.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
