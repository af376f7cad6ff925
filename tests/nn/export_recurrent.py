"""Exports small recurrent networks with PyTorch, each with an input and the output PyTorch gives for it.

usage: export_recurrent.py FOLDER
Writes FOLDER/NAME/model.onnx and FOLDER/NAME/test_data_set_0/{input,output}_0.pb, as ONNX's own cases are laid out.
Exit status 77 without PyTorch.
"""
import os
import sys
import warnings

try:
    import torch
except ImportError:
    sys.exit(77)

warnings.simplefilter("ignore")

# name: layer, ids, both directions, layers, batch first, what becomes of the states, batch open, settings
CASES = {
    "lstm_of_ids": ("LSTM", True, False, 1, True, "all", True, {}),
    "lstm_of_ids_time_first": ("LSTM", True, False, 1, False, "all", True, {}),
    "lstm_of_ids_fixed_batch": ("LSTM", True, False, 1, True, "all", False, {}),
    "lstm_last_step": ("LSTM", False, False, 2, True, "last", True, {}),
    "lstm_last_step_time_first": ("LSTM", False, False, 2, False, "last", True, {}),
    "lstm_last_step_fixed_batch": ("LSTM", False, True, 1, False, "last", False, {}),
    "lstm_final_state": ("LSTM", True, False, 2, True, "state", True, {}),
    "lstm_final_states": ("LSTM", True, True, 1, True, "states", True, {}),
    "lstm_log_softmax_time_first": ("LSTM", True, False, 1, False, "log_softmax", True, {}),
    "lstm_reshaped": ("LSTM", True, True, 1, True, "reshaped", True, {}),
    "gru_both_directions": ("GRU", True, True, 2, True, "all", True, {}),
    "gru_mean_time_first": ("GRU", False, True, 1, False, "mean", True, {}),
    "gru_without_bias": ("GRU", False, False, 1, True, "all", True, {"bias": False}),
    "rnn_relu": ("RNN", False, False, 1, True, "raw", True, {"nonlinearity": "relu"}),
    "rnn_final_state": ("RNN", True, False, 1, True, "state", True, {}),
}


class Model(torch.nn.Module):
    def __init__(self, layer, ids, both, layers, batch_first, head, settings):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 6) if ids else None
        self.recurrent = getattr(torch.nn, layer)(
            6, 5, num_layers=layers, bidirectional=both, batch_first=batch_first, **settings)
        self.dense = torch.nn.Linear(10 if both else 5, 4)
        self.time_axis = 1 if batch_first else 0
        self.head = head

    def forward(self, x):
        if self.embedding:
            x = self.embedding(x)
        y, state = self.recurrent(x)
        state = state[0] if isinstance(state, tuple) else state
        if self.head == "raw":
            return y
        if self.head == "last":
            return self.dense(y[:, -1] if self.time_axis == 1 else y[-1])
        if self.head == "mean":
            return self.dense(y.mean(self.time_axis))
        if self.head == "log_softmax":
            return torch.log_softmax(self.dense(y), -1)
        if self.head == "reshaped":
            return self.dense(y.reshape(y.shape[0], y.shape[1], -1))
        if self.head == "state":
            return self.dense(state[-1])
        if self.head == "states":
            return self.dense(torch.cat([state[-2], state[-1]], 1))
        return self.dense(y)


def varint(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def tensor_proto(tensor):
    """onnx.TensorProto: dims (1), data_type (2), raw_data (9)."""
    raw = tensor.detach().contiguous().numpy().tobytes()
    data_type = {torch.float32: 1, torch.int64: 7}[tensor.dtype]
    dims = b"".join(b"\x08" + varint(extent) for extent in tensor.shape)
    return dims + b"\x10" + varint(data_type) + b"\x4a" + varint(len(raw)) + raw


def export(folder, case, opset):
    layer, ids, both, layers, batch_first, head, batch_open, settings = case
    model = Model(layer, ids, both, layers, batch_first, head, settings).eval()
    x = torch.randint(0, 11, (3, 4)) if ids else torch.randn(3, 4, 6)
    if not batch_first:
        x = x.transpose(0, 1).contiguous()
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    axes = {"x": {0 if batch_first else 1: "batch"}} if batch_open else None
    torch.onnx.export(model, (x,), os.path.join(folder, "model.onnx"), input_names=["x"], output_names=["y"],
                      opset_version=opset, dynamic_axes=axes)
    for name, value in (("input_0.pb", x), ("output_0.pb", model(x))):
        with open(os.path.join(data, name), "wb") as file:
            file.write(tensor_proto(value))


torch.manual_seed(1)
for number, (name, case) in enumerate(CASES.items()):
    export(os.path.join(sys.argv[1], name), case, (11, 13, 15)[number % 3])
