"""Damage to what a model file says: its objects are changed, and a file is written that flatbuffers find sound."""

import struct
from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Rng = np.random.Generator
_SIZES = (-1, 0, 1, 2, 3, 5, 7, 255, 65_536, 2**20, 2**26, 2**31 - 1, -(2**31))
_SCALES = (0.0, -0.0, -1.0, 1.0, 0.5, 1 / 256, 1e-45, 1e-38, 1e-35, 1e-12, 1e-6, 1e6, 1e30, 3e38, float("inf"),
           float("-inf"), float("nan"))  # fmt: skip
_ZEROS = (0, 1, -1, 127, -128, 128, 255, -129, 32_767, 2**31, -(2**31), 2**62)
_NAMES = (b"", b"x" * 5000, b"a/*b", b"*/", b"\\", b'"', b"\n#error", "ü".encode(), b"\xff", b"main", b"%s%n", b"a b")
_TYPES = range(-1, 20)


def _pick(rng: Rng, values: Any) -> Any:
    values = list(values)
    return values[int(rng.integers(len(values)))] if values else None


def _changed(rng: Rng, array: Any, values: Any) -> Any:
    """A list with one element set, taken out, doubled or added; or nothing instead of it."""
    items = [] if array is None else list(array)
    kind = int(rng.integers(6)) if items else 5
    at = int(rng.integers(len(items))) if items else 0
    if kind <= 2:
        items[at] = _pick(rng, values)
    elif kind == 3:
        items[at] = items[int(rng.integers(len(items)))]
    elif kind == 4:
        del items[at]
    else:
        items.insert(at, _pick(rng, values))
    return items


def _tensor(rng: Rng, model: Any) -> Any:
    return _pick(rng, _pick(rng, model.subgraphs).tensors)


def _operator(rng: Rng, model: Any) -> Any:
    return _pick(rng, _pick(rng, model.subgraphs).operators)


def _shape(rng: Rng, model: Any) -> None:
    tensor = _tensor(rng, model)
    name = "shape" if rng.random() < 0.8 else "shapeSignature"
    near = [d + int(rng.integers(-1, 2)) for d in (tensor.shape if tensor.shape is not None else [])]
    setattr(tensor, name, _changed(rng, getattr(tensor, name), [*_SIZES, *near]))


def _type(rng: Rng, model: Any) -> None:
    _tensor(rng, model).type = _pick(rng, _TYPES)


def _quantization(rng: Rng, model: Any) -> None:
    tensor = _tensor(rng, model)
    quant = tensor.quantization
    if quant is None or rng.random() < 0.1:
        tensor.quantization = None if quant is not None else schema.QuantizationParametersT()
        return
    kind = int(rng.integers(3))
    if kind == 0:
        quant.scale = _changed(rng, quant.scale, _SCALES)
    elif kind == 1:
        quant.zeroPoint = _changed(rng, quant.zeroPoint, _ZEROS)
    else:
        quant.quantizedDimension = _pick(rng, (-1, 0, 1, 2, 3, 4, 99))


def _operands(rng: Rng, model: Any) -> None:
    graph = _pick(rng, model.subgraphs)
    op = _pick(rng, graph.operators)
    owner, name = _pick(rng, [(op, "inputs"), (op, "inputs"), (op, "outputs"), (graph, "inputs"), (graph, "outputs")])
    count = len(graph.tensors)
    setattr(owner, name, _changed(rng, getattr(owner, name), [-1, count, 2**31 - 1, *range(count)]))


def _code(rng: Rng, model: Any) -> None:
    code = _pick(rng, model.operatorCodes)
    kind = int(rng.integers(4))
    if kind < 2:
        code.builtinCode = code.deprecatedBuiltinCode = _pick(rng, range(-1, 127))
    elif kind == 2:
        code.version = _pick(rng, (-1, 0, 1, 2, 5, 99))
    else:
        _operator(rng, model).opcodeIndex = _pick(rng, (0, 1, len(model.operatorCodes), 2**31))


def _options(rng: Rng, model: Any) -> None:
    op = _operator(rng, model)
    fields = sorted(vars(op.builtinOptions)) if op.builtinOptions is not None else []
    if not fields or rng.random() < 0.1:
        op.builtinOptions, op.builtinOptionsType = None, 0
        return
    name = _pick(rng, fields)
    old = getattr(op.builtinOptions, name)
    if isinstance(old, float):
        setattr(op.builtinOptions, name, _pick(rng, _SCALES))
    elif isinstance(old, bool):
        setattr(op.builtinOptions, name, not old)
    elif isinstance(old, int):
        setattr(op.builtinOptions, name, _pick(rng, (old + 1, old - 1, *(_SIZES if abs(old) > 1 else range(8)))))


def _buffer(rng: Rng, model: Any) -> None:
    kind = int(rng.integers(5))
    if kind == 0:
        _tensor(rng, model).buffer = _pick(rng, (0, 1, len(model.buffers) - 1, len(model.buffers), 2**32 - 1))
        return
    buffer = _pick(rng, model.buffers)
    if kind == 4:
        setattr(buffer, _pick(rng, ("offset", "size")), _pick(rng, (1, 2, 64, 2**32, 2**63)))
        return
    data = b"" if buffer.data is None else bytes(buffer.data)
    if kind == 1:
        data = data[: int(rng.integers(len(data) + 1))]
    elif kind == 2:
        data += rng.bytes(int(rng.integers(1, 9)))
    else:
        data = rng.bytes(len(data))
    buffer.data = np.frombuffer(data, np.uint8)


def _name(rng: Rng, model: Any) -> None:
    _tensor(rng, model).name = _pick(rng, [*_NAMES, _tensor(rng, model).name])


def _structure(rng: Rng, model: Any) -> None:
    """Operators out of order, twice, or gone; tensors that are variables; whole tables that are not there."""
    graph = _pick(rng, model.subgraphs)
    kind = int(rng.integers(6))
    if kind == 0:
        rng.shuffle(graph.operators)
    elif kind == 1:
        graph.operators = _changed(rng, graph.operators, graph.operators)
    elif kind == 2:
        tensor = _tensor(rng, model)
        tensor.isVariable = not tensor.isVariable
    elif kind == 3:
        setattr(model, _pick(rng, ("operatorCodes", "buffers", "subgraphs", "metadata", "signatureDefs")), None)
    elif kind == 4:
        setattr(graph, _pick(rng, ("tensors", "operators", "inputs", "outputs", "name")), None)
    else:
        model.version = _pick(rng, (0, 1, 2, 4, 2**31))


def _signature(rng: Rng, model: Any) -> None:
    if not model.signatureDefs:
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.inputs, signature.outputs = b"main", [], []
        model.signatureDefs = [signature]
    signature = _pick(rng, model.signatureDefs)
    signature.subgraphIndex = _pick(rng, (0, 1, 2**31))
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = _pick(rng, _NAMES[:5]), _pick(rng, (0, 1, 99, 2**32 - 1))
    name = _pick(rng, ("inputs", "outputs"))
    setattr(signature, name, [*(getattr(signature, name) or []), entry])


_KINDS: tuple[Callable[[Rng, Any], None], ...] = (
    _shape, _shape, _type, _quantization, _quantization, _operands, _operands, _code, _options, _options, _buffer,
    _name, _structure, _signature,
)  # fmt: skip


def object_mutation(content: bytes, seed: int) -> bytes:
    """Mutation `seed` of `content`: one to three faults. What no file can say is left as it was."""
    rng = np.random.default_rng([seed, 1])
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        try:
            _KINDS[int(rng.integers(len(_KINDS)))](rng, model)
        except (AttributeError, TypeError):  # an earlier fault took away what this one would change
            continue
    builder = flatbuffers.Builder(len(content))
    try:
        builder.Finish(model.Pack(builder), b"TFL3")
    except (AttributeError, TypeError, OverflowError, struct.error):
        return content
    return bytes(builder.Output())
