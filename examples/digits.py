# SPDX-License-Identifier: Apache-2.0
"""Makes the example models: scikit-learn's handwritten digits, 8x8 pixels from 0 to 16, ten classes.

    python examples/digits.py            writes the files beside this script

    digits_cnn.onnx      two 3x3 convolutions (8 and 16 channels), each with ReLU and 2x2 max pooling, then one layer
                         of 64 x 10; 23,680 multiply-accumulates; int8 by onnxruntime's static quantizer
    digits_cnn_po2.onnx  the same network, every scale rounded up to a power of two
    digits_mlp.onnx      64-32-16-10 dense layers, uint8 activations, int8 weights with a scale for each row
    *.npz                32 test images for each, as `hwgen sim --inputs` and `hwgen run --inputs` take them

Everything is NumPy and scikit-learn; training takes some seconds and is deterministic on one machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from hwgen import quantize
from hwgen.flow.samples import InputSpec

HERE = Path(__file__).resolve().parent
SEED, EPOCHS, BATCH, RATE = 7, 60, 32, 2e-3
CALIBRATION_IMAGES, SHIPPED_IMAGES = 256, 32

Arrays = dict[str, np.ndarray]


def load_images() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images, test images (float32, shape (n, 1, 8, 8)) and their labels."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, np.newaxis]
    return train_test_split(images, digits.target, test_size=360, random_state=SEED, stratify=digits.target)


def patches(x: np.ndarray) -> np.ndarray:
    """The 3x3 surroundings of each pixel, zeros outside: (n, c, h, w) -> (n, h, w, 9c)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(x), *x.shape[2:], -1)


def pool(x: np.ndarray) -> np.ndarray:
    """The largest of each 2x2 block: (n, c, h, w) -> (n, c, h/2, w/2)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).max((3, 5))


def unpool(gradient: np.ndarray, x: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """The gradient before `pool`: it goes to the pixels that were the largest."""
    spread, largest = (a.repeat(2, 2).repeat(2, 3) for a in (gradient, pooled))
    return spread * (x == largest)


class Convolution:
    """A 3x3 convolution with ReLU and 2x2 max pooling, and its gradients."""

    def __init__(self, w: np.ndarray, b: np.ndarray) -> None:
        self.w, self.b = w, b

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.patches = patches(x)
        product = self.patches @ self.w.reshape(len(self.w), -1).T + self.b
        self.active = np.maximum(product, 0).transpose(0, 3, 1, 2)
        self.pooled = pool(self.active)
        return self.pooled

    def backward(self, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gradients of weights, bias and input."""
        inner = unpool(gradient, self.active, self.pooled) * (self.active > 0)
        rows = inner.transpose(0, 2, 3, 1).reshape(-1, len(self.w))
        dw = (rows.T @ self.patches.reshape(len(rows), -1)).reshape(self.w.shape)
        flipped = self.w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        dx = patches(inner) @ flipped.reshape(len(flipped), -1).T
        return dw, rows.sum(0), dx.transpose(0, 3, 1, 2)


def initial_parameters(rng: np.random.Generator) -> Arrays:
    def he(*shape: int) -> np.ndarray:
        return (rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)

    zeros = {f"b{k}": np.zeros(n, np.float32) for k, n in ((1, 8), (2, 16), (3, 10))}
    return {"w1": he(8, 1, 3, 3) / 8, "w2": he(16, 8, 3, 3), "w3": he(10, 64), **zeros}


def gradients(p: Arrays, x: np.ndarray, labels: np.ndarray) -> Arrays:
    """Gradients of the mean cross-entropy."""
    first, second = Convolution(p["w1"], p["b1"]), Convolution(p["w2"], p["b2"])
    features = second.forward(first.forward(x))
    flat = features.reshape(len(x), -1)
    logits = flat @ p["w3"].T + p["b3"]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    error = (odds / odds.sum(1, keepdims=True) - np.eye(10, dtype=np.float32)[labels]) / len(x)
    dw2, db2, inner = second.backward((error @ p["w3"]).reshape(features.shape))
    dw1, db1, _ = first.backward(inner)
    return {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2, "w3": error.T @ flat, "b3": error.sum(0)}


def train_cnn(x: np.ndarray, labels: np.ndarray) -> Arrays:
    """Adam on shuffled batches."""
    rng = np.random.default_rng(SEED)
    p = initial_parameters(rng)
    mean, square = ({name: np.zeros_like(value) for name, value in p.items()} for _ in range(2))
    step = 0
    for _epoch in range(EPOCHS):
        for batch in np.array_split(rng.permutation(len(x)), len(x) // BATCH):
            step += 1
            for name, g in gradients(p, x[batch], labels[batch]).items():
                mean[name] = 0.9 * mean[name] + 0.1 * g
                square[name] = 0.999 * square[name] + 0.001 * g * g
                corrected = mean[name] / (1 - 0.9**step), square[name] / (1 - 0.999**step)
                p[name] = (p[name] - RATE * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)).astype(np.float32)
    return p


def train_mlp(x: np.ndarray, labels: np.ndarray) -> Arrays:
    network = MLPClassifier((32, 16), max_iter=400, random_state=SEED, alpha=1e-2).fit(x.reshape(len(x), -1), labels)
    weights = {f"w{k}": w.T.astype(np.float32) for k, w in enumerate(network.coefs_, 1)}
    return weights | {f"b{k}": b.astype(np.float32) for k, b in enumerate(network.intercepts_, 1)}


def cnn_model(p: Arrays) -> onnx.ModelProto:
    nodes = []
    for k, source in ((1, "image"), (2, "pool1")):
        conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        nodes.append(helper.make_node("Conv", [source, f"w{k}", f"b{k}"], [f"sum{k}"], f"conv{k}", **conv))
        nodes.append(helper.make_node("Relu", [f"sum{k}"], [f"active{k}"], f"relu{k}"))
        shape = {"kernel_shape": [2, 2], "strides": [2, 2]}
        nodes.append(helper.make_node("MaxPool", [f"active{k}"], [f"pool{k}"], f"maxpool{k}", **shape))
    nodes.append(helper.make_node("Flatten", ["pool2"], ["flat"], "flatten"))
    nodes.append(helper.make_node("Gemm", ["flat", "w3", "b3"], ["logits"], "fc", transB=1))
    return model_of("digits_cnn", nodes, p, (1, 1, 8, 8))


def mlp_model(p: Arrays) -> onnx.ModelProto:
    nodes = []
    for k, source in ((1, "image"), (2, "active1"), (3, "active2")):
        result = "logits" if k == 3 else f"sum{k}"
        nodes.append(helper.make_node("Gemm", [source, f"w{k}", f"b{k}"], [result], f"fc{k}", transB=1))
        if k < 3:
            nodes.append(helper.make_node("Relu", [f"sum{k}"], [f"active{k}"], f"relu{k}"))
    return model_of("digits_mlp", nodes, p, (1, 64))


def model_of(name: str, nodes: list[onnx.NodeProto], p: Arrays, shape: tuple[int, ...]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, (1, 10))],
        [numpy_helper.from_array(value, key) for key, value in p.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def accuracy(path: Path, images: np.ndarray, labels: np.ndarray) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    answers = [session.run(None, {"image": image})[0].argmax() for image in images]
    return float(np.mean(np.array(answers) == labels))


def write(folder: Path, name: str, model: onnx.ModelProto, style: str, data: tuple[np.ndarray, ...]) -> float:
    """Quantize and write one model with its test images; returns its accuracy on all of the test images."""
    training, test, _, labels = data
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    spec = InputSpec("image", tuple(shape), np.dtype(np.float32))
    with tempfile.TemporaryDirectory() as temporary:
        floats, calibration = Path(temporary) / f"{name}.onnx", Path(temporary) / "calibration.npz"
        onnx.save(model, floats)
        np.savez(calibration, image=training[:CALIBRATION_IMAGES].reshape(-1, *spec.shape))
        quantize(floats, calibration, folder / f"{name}.onnx", style=style)
    images = test.reshape(-1, *spec.shape)
    np.savez_compressed(folder / f"{name}.npz", image=images[:SHIPPED_IMAGES], labels=labels[:SHIPPED_IMAGES])
    return accuracy(folder / f"{name}.onnx", images, labels)


def main(folder: Path = HERE) -> dict[str, float]:
    """Writes all examples into `folder`; returns and prints their accuracy."""
    training, test, training_labels, test_labels = load_images()
    data = (training, test, training_labels, test_labels)
    cnn = cnn_model(train_cnn(training, training_labels))
    mlp = mlp_model(train_mlp(training, training_labels))
    reached = {
        "digits_cnn": write(folder, "digits_cnn", cnn, "s8", data),
        "digits_cnn_po2": write(folder, "digits_cnn_po2", cnn, "s8-power-of-two", data),
        "digits_mlp": write(folder, "digits_mlp", mlp, "u8s8-per-channel", data),
    }
    for name, value in reached.items():
        print(f"{name}: {value:.1%} of {len(test)} test images")
    return reached


if __name__ == "__main__":
    main()
