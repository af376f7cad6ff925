#!/usr/bin/env python3
"""Writes the seed corpus of a fuzz target, and its dictionary: make_corpus.py TARGET FOLDER DICTIONARY

Seeds are small valid files of the format, made here; names of layers, operators and settings are taken from the readers."""

import gzip
import io
import json
import pathlib
import re
import struct
import sys
import zipfile
import zlib

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"


def strings_of(pattern):
    """Text constants in the sources of a reader."""
    found = set()
    for path in sorted(SOURCES.glob(pattern)):
        found.update(re.findall(r'"([A-Za-z_][A-Za-z0-9_]{1,24})"', path.read_text()))
    return sorted(found)


# --- ONNX: its protocol buffers, by field number (onnx.proto3) ---


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, dims, values, integers=False):
    data = struct.pack("<%d%s" % (len(values), "q" if integers else "f"), *values)
    return b"".join(field(1, d) for d in dims) + field(2, 7 if integers else 1) + field(8, name) + field(9, data)


def attribute(name, value):
    body = field(1, name)
    if isinstance(value, bytes):
        return body + field(5, value) + field(20, 4)
    if isinstance(value, str):
        return body + field(4, value) + field(20, 3)
    if isinstance(value, float):
        return body + field(2, value) + field(20, 1)
    if isinstance(value, int):
        return body + field(3, value) + field(20, 2)
    if value and isinstance(value[0], str):
        return body + b"".join(field(9, v) for v in value) + field(20, 8)
    return body + b"".join(field(8, v) for v in value) + field(20, 7)


def node(kind, inputs, output, **attributes):
    names = [output] if isinstance(output, str) else output
    body = b"".join(field(1, i) for i in inputs) + b"".join(field(2, o) for o in names)
    return body + field(4, kind) + b"".join(field(5, attribute(k, v)) for k, v in attributes.items())


def value_info(name, dims, kind=1):
    shape = b"".join(field(1, field(1, d) if d else field(2, "n")) for d in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def model(dims, nodes, tensors=(), opset=13, kind=1):
    graph = b"".join(field(1, n) for n in nodes) + field(2, "g") + b"".join(field(5, t) for t in tensors)
    graph += field(11, value_info("x", dims, kind)) + field(12, value_info("y", [0, 2]))
    return field(1, 7) + field(7, graph) + field(8, field(2, opset))


def floats(*dims):
    count = 1
    for d in dims:
        count *= d
    return list(dims), [0.25 * (i % 7 - 3) for i in range(count)]


def onnx():
    image, weights = [0, 2, 6, 6], tensor("w", *floats(3, 2, 3, 3))
    yield model([0, 4], [node("Gemm", ["x", "w", "b"], "h", transB=1, alpha=0.5), node("Softmax", ["h"], "y", axis=-1)],
                [tensor("w", *floats(2, 4)), tensor("b", *floats(2))])
    yield model([0, 4], [node("MatMul", ["x", "w"], "h"), node("Add", ["h", "b"], "i"), node("Relu", ["i"], "y")],
                [tensor("w", *floats(4, 2)), tensor("b", *floats(2))])
    yield model(image, [node("Conv", ["x", "w", "b"], "c", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
                        node("BatchNormalization", ["c", "b", "b", "b", "b"], "n", epsilon=0.001),
                        node("Clip", ["n", "lo", "hi"], "r"),
                        node("MaxPool", ["r"], "p", kernel_shape=[2, 2], strides=[1, 1], ceil_mode=1),
                        node("Flatten", ["p"], "y")],
                [weights, tensor("b", *floats(3)), tensor("lo", [], [0.0]), tensor("hi", [], [6.0])])
    yield model(image, [node("Conv", ["x", "w"], "c", auto_pad="SAME_UPPER", dilations=[2, 2]),
                        node("GlobalAveragePool", ["c"], "p"), node("Shape", ["p"], "s"),
                        node("Constant", [], "i", value=tensor("", [1], [0], True)),
                        node("Gather", ["s", "i"], "n", axis=0),
                        node("Concat", ["n", "minus"], "t", axis=0), node("Reshape", ["p", "t"], "y")],
                [weights, tensor("minus", [1], [-1], True)])
    yield model(image, [node("Transpose", ["x"], "t", perm=[0, 2, 3, 1]), node("Mul", ["t", "s"], "m"),
                        node("Pad", ["m", "pads"], "p", mode="constant"), node("ReduceMean", ["p"], "y", axes=[1, 2])],
                [tensor("s", *floats(2)), tensor("pads", [8], [0, 1, 1, 0, 0, 1, 1, 0], True)])
    yield model(image, [node("AveragePool", ["x"], "a", kernel_shape=[2, 2], count_include_pad=1),
                        node("LRN", ["a"], "l", size=3, alpha=0.1, beta=0.75, bias=1.0),
                        node("PRelu", ["l", "w"], "p"), node("Slice", ["p", "from", "to"], "s"),
                        node("Split", ["s"], ["u", "v"], axis=1), node("Concat", ["u", "v"], "y", axis=1)],
                [tensor("w", *floats(2, 1, 1)), tensor("from", [1], [0], True), tensor("to", [1], [2], True)])
    for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        yield model([7, 0, 3], [node(kind, ["x", "w", "r", "b"], ["", "h"], hidden_size=2, direction="forward"),
                                node("Squeeze", ["h", "zero"], "y")],
                    [tensor("w", *floats(1, 2 * gates, 3)), tensor("r", *floats(1, 2 * gates, 2)),
                     tensor("b", *floats(1, 4 * gates)), tensor("zero", [1], [0], True)])
    yield model([0, 0], [node("Gather", ["table", "x"], "e", axis=0), node("Transpose", ["e"], "t", perm=[1, 0, 2]),
                         node("LSTM", ["t", "w", "r"], ["s"], hidden_size=2, direction="bidirectional"),
                         node("Squeeze", ["s", "one"], "y")],
                [tensor("table", *floats(5, 3)), tensor("w", *floats(2, 8, 3)), tensor("r", *floats(2, 8, 2)),
                 tensor("one", [1], [1], True)], kind=7)
    for kind in ("Elu", "Sigmoid", "Tanh", "Erf", "HardSigmoid", "Softplus", "LogSoftmax", "Dropout", "Identity"):
        yield model([0, 4], [node(kind, ["x"], "y")], opset=11)


# --- Keras ---


def sequential(shape, *layers):
    first = True
    listed = []
    for kind, settings in layers:
        config = {"name": kind.lower() + "_%d" % len(listed), **settings}
        if first:
            config["batch_input_shape"] = [None, *shape]
        first = False
        listed.append({"class_name": kind, "config": config})
    return {"class_name": "Sequential", "config": {"name": "s", "layers": listed}, "keras_version": "2.2.4"}


def keras_models():
    image = (6, 6, 2)
    yield sequential((4,), ("Dense", {"units": 2, "activation": "softmax", "use_bias": True}))
    yield sequential(image, ("Conv2D", {"filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same",
                                        "data_format": "channels_last", "activation": "relu", "use_bias": True}),
                     ("MaxPooling2D", {"pool_size": [2, 2], "strides": None, "padding": "valid"}), ("Flatten", {}),
                     ("Dropout", {"rate": 0.5}), ("Dense", {"units": 2, "activation": "linear"}))
    yield sequential(image, ("ZeroPadding2D", {"padding": [[1, 2], [0, 1]]}), ("Cropping2D", {"cropping": 1}),
                     ("AveragePooling2D", {"pool_size": 2, "padding": "same"}), ("GlobalAveragePooling2D", {}),
                     ("Activation", {"activation": "tanh"}))
    yield sequential((4, 3), ("Reshape", {"target_shape": [3, -1]}), ("Permute", {"dims": [2, 1]}),
                     ("LeakyReLU", {"alpha": 0.25}), ("ReLU", {"max_value": 6.0}), ("ELU", {}), ("ThresholdedReLU", {}))
    yield sequential((4,), ("BatchNormalization", {"axis": [1], "epsilon": 0.001, "scale": False, "center": False}),
                     ("Lambda", {"name": "lambda_1"}), ("Rescaling", {"scale": 0.5, "offset": -1.0}),
                     ("Normalization", {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0] * 4}))
    yield sequential((None,), ("Embedding", {"input_dim": 5, "output_dim": 3}),
                     ("LSTM", {"units": 2, "return_sequences": True, "recurrent_activation": "hard_sigmoid"}),
                     ("Bidirectional", {"merge_mode": "concat",
                                        "layer": {"class_name": "GRU", "config": {"units": 2, "reset_after": True}}}),
                     ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 2}}}))
    branch = {"class_name": "Activation", "name": "a", "config": {"name": "a", "activation": "relu"},
              "inbound_nodes": [[["in", 0, 0, {}]]]}
    other = dict(branch, name="b", config={"name": "b", "activation": "softplus"})
    start = {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [None, 3, 3, 2]},
             "inbound_nodes": []}
    for kind in ("Add", "Concatenate", "Multiply"):
        merge = {"class_name": kind, "name": "m", "config": {"name": "m", "axis": -1},
                 "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]}
        yield {"class_name": "Functional", "config": {"name": "f", "layers": [start, branch, other, merge],
                                                      "input_layers": [["in", 0, 0]],
                                                      "output_layers": [["m", 0, 0]]}}
    inner = sequential((4,), ("Activation", {"activation": "relu"}))
    yield {"class_name": "Sequential", "config": {"name": "outer", "layers": [inner, inner]}}
    yield {"class_name": "Sequential", "config": {"name": "s", "layers": [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "i"}},
        {"class_name": "ReLU", "config": {"name": "r", "max_value": None},
         "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__",
                                      "config": {"shape": [None, 4], "keras_history": ["i", 0, 0]}}], "kwargs": {}}]}]}}


def keras_config():
    for model_ in keras_models():
        yield json.dumps(model_).encode()


def keras_weights():
    def file(model_, *layers):
        lines = ["attribute / model_config " + json.dumps(model_), "attribute / backend tensorflow",
                 "attribute / keras_version 2.2.4", "group /model_weights",
                 "texts /model_weights layer_names " + "|".join(name for name, _ in layers)]
        for name, weights in layers:
            lines.append("group /model_weights/" + name)
            lines.append("texts /model_weights/%s weight_names %s" % (name, "|".join("%s/%s:0" % (name, w) for w, _ in weights)))
            for weight, shape in weights:
                lines.append("array /model_weights/%s/%s/%s:0 f4 %s 0.5 -1 0.25" % (name, name, weight, shape))
        return "\n".join(lines).encode()

    models = list(keras_models())
    yield file(models[0], ("dense_0", [("kernel", "4x2"), ("bias", "2")]))
    yield file(models[1], ("conv2d_0", [("kernel", "3x3x2x2"), ("bias", "2")]), ("dense_4", [("kernel", "18x2"), ("bias", "2")]))
    yield file(models[4], ("batchnormalization_0", [("moving_mean", "4"), ("moving_variance", "4")]))
    yield file(models[5], ("embedding_0", [("embeddings", "5x3")]),
               ("lstm_1", [("kernel", "3x8"), ("recurrent_kernel", "2x8"), ("bias", "8")]),
               ("bidirectional_2", [("forward_k", "2x6"), ("forward_r", "2x6"), ("forward_b", "2x6"),
                                    ("backward_k", "2x6"), ("backward_r", "2x6"), ("backward_b", "2x6")]),
               ("timedistributed_3", [("kernel", "4x2"), ("bias", "2")]))
    yield file(sequential(image_shape(), ("DepthwiseConv2D", {"kernel_size": [2, 2], "depth_multiplier": 2}),
                          ("SeparableConv2D", {"filters": 3, "kernel_size": 1}), ("PReLU", {"shared_axes": [1, 2]})),
               ("depthwiseconv2d_0", [("depthwise_kernel", "2x2x2x2"), ("bias", "4")]),
               ("separableconv2d_1", [("depthwise_kernel", "1x1x4x1"), ("pointwise_kernel", "1x1x4x3"), ("bias", "3")]),
               ("prelu_2", [("alpha", "1x1x3")]))


def image_shape():
    return (5, 5, 2)


def hdf5():
    yield b"chunks /data u1 3x2x2 0 1 2 3\n"
    yield b"array /data f8 3x4 0.5 1 2\narray /spans/record i8 2 0 2\narray /spans/start i4 2 0 1\narray /spans/end i4 2 3 4\narray /spans/label s4 2 NP VP"
    yield b"array /data s5 3x4 up down\ngroup /spans\narray /spans/record i8 2 0\narray /spans/start i4 2 0\narray /spans/end i4 2 2\narray /spans/label u1 2 0 1\narray /spans/labels s3 2 NP VP"
    yield b"array /data i4 3 7 8 9\nlink /spans /data\n"


# --- data ---


def idx():
    body = bytes(range(12))
    yield b"\0\0\x08\x03" + struct.pack(">III", 3, 2, 2) + body
    yield b"\0\0\x0d\x01" + struct.pack(">I", 2) + struct.pack(">ff", 1.5, -2.0)
    yield b"\0\0\x0b\x02" + struct.pack(">II", 2, 3) + bytes(12)
    yield gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 5) + bytes(5), mtime=0)


def npy_file(descr, shape, data, order="False", version=b"\x01\x00"):
    header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", len(header)) + header.encode() + data


def npy():
    yield npy_file("|u1", "(3, 4, 4, 1)", bytes(48))
    yield npy_file("<f4", "(2, 3)", bytes(24))
    yield npy_file(">f8", "(2,)", bytes(16), "True", b"\x02\x00")
    yield npy_file("<f2", "(2, 2)", bytes(8), "True")
    yield npy_file("|b1", "(4,)", b"\1\0\1\0")
    yield npy_file(">i8", "()", bytes(8), version=b"\x03\x00")
    yield gzip.compress(npy_file("<i2", "(2, 2)", bytes(8)), mtime=0)


def npz():
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for names in (("images.npy",), ("a.npy", "images.npy")):
            target = io.BytesIO()
            with zipfile.ZipFile(target, "w", method) as archive:
                for name in names:
                    info = zipfile.ZipInfo(name)
                    info.compress_type = method
                    archive.writestr(info, npy_file("|u1", "(3, 2)", bytes(6)))
            yield target.getvalue()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, archive.open(zipfile.ZipInfo("images.npy"), "w", force_zip64=True) as member:
        member.write(npy_file("|u1", "(3, 2)", bytes(6)))
    yield target.getvalue()


def csv():
    yield b"a,b,c,label\n1,2,3,0\n4,5.5,-6e1,1\n"
    yield b'"a ""x""",b,c,label\r\n1,TRUE,3,0\r\n"4",false,6,1\r\n'
    yield b"1\t2\t3\t4\n5\t6\t7\t8\n"
    yield b"label\n3\n4\n"
    yield gzip.compress(b"a,b,c,label\n1,2,3,0\n", mtime=0)


def png(width, height, color, pixels, *chunks):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
    return out + b"".join(chunk(k, d) for k, d in chunks) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


# A gray JPEG of 8 x 8 pixels: its tables are those of the standard's annex K, cut to what one block of one DC value needs.
JPEG = (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\xff\xdb\x00\x43\x00" + b"\x10" * 64 +
        b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00" +
        b"\xff\xc4\x00\x1f\x00\x00\x01\x05\x01\x01\x01\x01\x01\x01" + bytes(9) + bytes(range(12)) +
        b"\xff\xc4\x00\x14\x10\x01" + bytes(15) + b"\x00" + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x54\x7f" + b"\xff\xd9")


def image():
    yield png(3, 2, 0, b"\0\1\2\3" * 2)
    yield png(2, 2, 2, (b"\0" + bytes(6)) * 2)
    yield png(2, 2, 3, b"\0\0\1" * 2, (b"PLTE", bytes(range(6))), (b"tRNS", b"\x80"))
    yield png(2, 2, 6, (b"\0" + bytes(8)) * 2)
    yield png(2, 2, 4, (b"\0" + bytes(4)) * 2)
    yield JPEG


# --- texts and annotations ---


def vocabulary():
    yield b'{"a": 0, "b": 1, "SELECT": 2, "<unk>": 3, "\\n": 4, " ": 5}'
    yield '{"é": 0, "\\u00e9x": 1, "日本": 16777215}'.encode()


def text():
    words = "aab a\nbéa\n日本 ab\r\n\nb".encode()
    for choice in (0, 1, 2, 3, 4, 8, 10, 18, 0x20 | 2):
        yield bytes([choice]) + words
    yield b"\x40" + b"id,text\n1,ab\n2,\"b a\"\n"
    yield b"\x80" + b"id\ttext\n1\tab\n"
    yield b"\xc2" + CONLLU
    yield b"\x00" + gzip.compress(words, mtime=0)


CONLLU = ("# text = a don't b\n1\ta\ta\tDET\tDT\tNumber=Sing|Case=Nom\t2\tdet\t_\t_\n"
          "2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n2\tdo\tdo\tAUX\t_\t_\t0\troot\t_\t_\n3\tn't\tnot\tPART\t_\t_\t2\tadvmod\t_\t_\n"
          "3.1\te\te\t_\t_\t_\t_\t_\t_\t_\n4\tb\tb\tNOUN\tNN\tNumber=Plur\t2\tobj\t_\tSpaceAfter=No\n\n"
          "1\tb\tb\tNOUN\t_\t_\t0\troot\t_\t_\n\n").encode()


def conllu():
    yield CONLLU
    yield CONLLU.replace(b"\n", b"\r\n")
    yield gzip.compress(CONLLU, mtime=0)


def brackets():
    yield b"a b a\n(S (NP (DT a) (NN b)) (VP (VB a)))\n"
    yield b"a ( b\n( (S (A a) (-LRB- -LRB-) (-NONE- *T*-1) (B b)) )\n"
    yield b"ab\n(S (X ab))\n()\n"


def labels():
    yield b"\x00" + b"label,other\nup,1\ndown,2\nup,3\n"
    yield b"\x04" + b"1\n2\n3\n"
    yield b"\x40" + b"w\tlabel\na\tN\nb\tV\n\na\tN\n\nb\t_\n"
    yield b"\x80" + npy_file("<i4", "(3, 4)", bytes(48))
    yield b"\x84" + npy_file("<f4", "(3,)", bytes(12))
    yield b"\x08" + b"# id name category\n0 sky stuff\n1 wall stuff\n2 cat thing\n3 dog thing\n4 car\n"
    yield b"\x08" + b"0\tblue sky\n1\ta\n2\tb\n3\tc\n4\td\n"


def features():
    yield b"name,rule,min,max,integer\nsize,increase,0,100,1\ncount_*,add-only\n9,any,-1.5,2e3,0\n3,freeze\n"
    yield b"# comment\n0 , any , , , \n*,increase\n"


def config():
    yield b"text = some\nnumber = 1.5\ncount = 3\nmodel = a.h5\nmodel = b.h5\nflag = true\n"
    yield b"# comment\n[number]\n\ncount=7\nflag=on\n"
    yield b"text = a = b # c\nnumber = 1e-3\n"


WORDS = {
    "onnx": lambda: strings_of("io/models/onnx/*.cpp") + ["SAME_LOWER", "NOTSET", "hidden_size", "raw_data"],
    "keras_config": lambda: ['"%s"' % w for w in strings_of("io/models/keras/*.cpp")] + ["null", "-1", "1e309", "9223372036854775807", "[[", "]]"],
    "keras_weights": lambda: strings_of("io/models/keras/*.cpp") + ["attribute ", "texts ", "array ", "chunks ", "link ", "weight_names"],
    "hdf5": lambda: ["chunks ", "array ", "link ", "group ", "/spans/", "/data", "record", "start", "end", "label", "labels", "9223372036854775807", "4294967295x4294967295", " f2 ", " u8 ", " nan", " inf", "-1"],
    "npy": lambda: ["'descr': ", "'fortran_order': ", "'shape': ", "True", "False", "<f8", "|u1", ">i4", "|b1", "<f2", "9223372036854775807"],
    "npz": lambda: ["PK\\x03\\x04", "PK\\x01\\x02", "PK\\x05\\x06", "PK\\x06\\x06", "PK\\x06\\x07", "\\xff\\xff\\xff\\xff", "images.npy"],
    "csv": lambda: ["label", "TRUE", "nan", "inf", "1e999", "-0", "\\\"", "\\x1f\\x8b\\x08"],
    "image": lambda: ["IHDR", "PLTE", "tRNS", "IDAT", "IEND", "\\xff\\xd8", "\\xff\\xc0", "\\xff\\xc2", "\\xff\\xda", "\\xff\\xc4", "\\xff\\xdb", "Adobe"],
    "vocabulary": lambda: ["<unk>", "\\\\u0000", "16777215", "1e400", "-1", "null"],
    "conllu": lambda: ["# text = ", "SpaceAfter=No", "1-2", "9223372036854775807", "_", "\\xc2\\xa0"],
    "brackets": lambda: ["-LRB-", "-RRB-", "-NONE-", "``", "''", "\\\\/", "()", "(("],
    "features": lambda: ["freeze", "increase", "any", "add-only", "name,rule,min,max,integer", "nan", "inf", "*", "size"],
    "config": lambda: ["text", "number", "count", "model", "flag", " = ", "true", "[number]", "nan", "9223372036854775807"],
}


def main():
    target, folder, dictionary = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(globals()[target]()):
        (folder / ("seed%02d" % number)).write_bytes(seed)
    words = WORDS.get(target, list)()
    dictionary.write_text("".join('"%s"\n' % (w if "\\" in w else w.replace('"', '\\"')) for w in words))


if __name__ == "__main__":
    main()
