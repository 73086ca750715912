# SPDX-License-Identifier: Apache-2.0
"""A file on disk as a checked ONNX model."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import onnx_ir as ir
from google.protobuf.message import DecodeError
from onnx.external_data_helper import uses_external_data

from hwgen.errors import BadModel


def load_model(path: str | os.PathLike[str]) -> ir.Model:
    """Read and check an ONNX file, with the weights that it keeps in other files.

    Every node carries its place in the file in ``meta["index"]`` and the model the file's name in ``meta["file"]``,
    so that later messages can say where. Raises `BadModel`.
    """
    path = Path(path)
    proto = _parse(path)
    _check_versions(proto, path.name)
    if not proto.graph.node:
        raise _bad(
            path.name,
            "the model computes nothing",
            "a graph without nodes",
            "at least one node",
            "export the model again",
        )
    _load_external_data(proto, path)
    _check(proto, path.name)
    return with_places(ir.from_proto(proto), path.name)


def with_places(model: ir.Model, file: str) -> ir.Model:
    """Note in the model where each node stands in its file."""
    for index, node in enumerate(model.graph):
        node.meta["index"] = index
    model.meta["file"] = file
    return model


def _bad(where: str, what: str, found: object, expected: object, fix: str) -> BadModel:
    return BadModel.of(where, what, found=found, expected=expected, fix=fix)


def _parse(path: Path) -> onnx.ModelProto:
    if not path.exists():
        raise _bad(str(path), "there is no such file", "nothing at this path", "an ONNX file", "check the path")
    if path.is_dir():
        raise _bad(str(path), "this is a folder", "a folder", "an ONNX file", "name the .onnx file inside of it")
    data = path.read_bytes()
    if not data:
        raise _bad(path.name, "the file is empty", "0 bytes", "an ONNX model", "copy or export the model again")
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
    except DecodeError:
        proto = onnx.ModelProto()
    if proto.ir_version == 0 or not proto.HasField("graph"):
        raise _bad(
            path.name,
            "the file cannot be read as an ONNX model",
            _looks_like(data),
            "a binary ONNX model (protobuf)",
            "copy the file again if it may be truncated, else export it with torch.onnx.export or a converter",
        )
    return proto


def _looks_like(data: bytes) -> str:
    known = {b"PK\x03\x04": "a zip archive (a PyTorch .pt or .pth file?)", b"\x89HDF": "an HDF5 file (Keras?)"}
    for magic, what in known.items():
        if data.startswith(magic):
            return what
    if data[4:8] == b"TFL3":
        return "a TensorFlow Lite file"
    head = data[:512]
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head):
        return f"text that starts with {head[:40].decode()!r}"
    return f"{len(data)} bytes that do not parse to the end"


def _check_versions(proto: onnx.ModelProto, name: str) -> None:
    newest = onnx.defs.onnx_opset_version()
    if proto.ir_version > onnx.IR_VERSION:
        fix = f"save it with model.ir_version = {onnx.IR_VERSION}, or install a newer onnx"
        raise _bad(name, "the IR version is too new", proto.ir_version, f"at most {onnx.IR_VERSION}", fix)
    opset = next((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), None)
    if opset is not None and opset > newest:
        fix = "export with an older opset_version, or install a newer onnx"
        raise _bad(name, "the opset is too new", opset, f"at most {newest}", fix)


def _load_external_data(proto: onnx.ModelProto, path: Path) -> None:
    for tensor in proto.graph.initializer:
        if not uses_external_data(tensor):
            continue
        location = next((e.value for e in tensor.external_data if e.key == "location"), "")
        if not (path.parent / location).is_file():
            raise _bad(
                f"initializer '{tensor.name}' of {path.name}",
                "its external data file is missing",
                f"no file '{location}' beside the model",
                f"'{location}' in the same folder",
                "copy both files, or export with external_data=False",
            )
    try:
        onnx.load_external_data_for_model(proto, str(path.parent))
    except Exception as error:
        raise _bad(path.name, "external data cannot be read", error, "readable data files", "export again") from error


def _check(proto: onnx.ModelProto, name: str) -> None:
    """Names and attributes. onnx.checker as a whole refuses files that every runtime takes, so only its node part runs."""
    opsets = {"" if o.domain == "ai.onnx" else o.domain: o.version for o in proto.opset_import}
    context = onnx.checker.C.CheckerContext()
    context.ir_version, context.opset_imports = proto.ir_version, {"": 1, **opsets}
    known = {"", *(i.name for i in proto.graph.initializer), *(i.name for i in proto.graph.input)}
    known |= {i.values.name for i in proto.graph.sparse_initializer}
    produced = {out for node in proto.graph.node for out in node.output}
    for index, node in enumerate(proto.graph.node):
        where = f"{node.op_type} '{node.name}' (node {index} of {name})"
        for missing in [i for i in node.input if i not in known and i not in produced]:
            raise _bad(
                where, "an input is not there", f"'{missing}' comes from nowhere", "a known tensor", "export again"
            )
        for twice in [out for out in node.output if out and out in known]:
            raise _bad(where, "a tensor is written twice", f"'{twice}'", "one producer a tensor", "export again")
        known |= set(node.output)
        if node.domain in ("", "ai.onnx") and onnx.defs.has(node.op_type, opsets.get("", 1), ""):
            _check_node(node, context, where)
    for output in proto.graph.output:
        if output.name not in known:
            raise _bad(
                f"output '{output.name}' of {name}", "nothing computes it", "no producer", "a node", "export again"
            )


def _check_node(node: onnx.NodeProto, context: onnx.checker.C.CheckerContext, where: str) -> None:
    try:
        onnx.checker.check_node(node, context)
    except onnx.checker.ValidationError as error:
        reason = str(error).strip().splitlines()[0]
        fix = "export the model again, or repair this node"
        raise _bad(where, "the node is not well formed", reason, "what the ONNX standard asks", fix) from error
