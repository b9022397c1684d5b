"""Operators between Dequantize and Quantize compute with the codes, where that is how a file notes it down.

Formats other than .tflite keep operators of reals, and conversions between them say which codes each tensor should
have. An operator whose operands all have codes, and whose results all become codes, takes the integers; one that only
moves values takes those that there are. What has no such form stays in float32, between conversions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from aot.graph.ir import Graph, Op, Quant, Tensor, Unsupported, prune_tensors
from aot.ops.clip import Clip
from aot.ops.codes import reals
from aot.ops.dequantize import Dequantize
from aot.ops.operands import Weighted
from aot.ops.quantize import Quantize
from aot.ops.relu import Relu
from aot.ops.resize import ResizeBilinear
from aot.passes.demands import Coding, demands, keeps_codes, real_names
from aot.passes.integer_weights import bias_codes, centred
from aot.passes.sign_codes import sign_codes

_OF_REALS = (ResizeBilinear,)  # what stays in float32: onnxruntime's shares of neighbours are no fixed-point numbers
_MOVED_TYPES = ("int8", "uint8", "int16")


def integer_forms(graph: Graph) -> Graph:
    """`graph` with integers between the conversions that are only notation: these are onnxruntime's."""
    if not has_notation(graph):
        return graph
    inner = tuple(op.with_graphs(without_notation) for op in graph.ops)
    return prune_tensors(_Rewriter(_with_quants(replace(graph, ops=inner, rounding="onnx"))).rewritten())


def is_notation(op: Op) -> bool:
    """Whether it says what codes a tensor has, and nothing of how it comes by them."""
    return isinstance(op, Quantize | Dequantize) and op.notation


def has_notation(graph: Graph) -> bool:
    """Whether a file notes down codes beside operators of reals."""
    return any(is_notation(op) for op in graph.ops)


def without_notation(graph: Graph) -> Graph:
    """Every conversion is meant as it stands."""
    return replace(graph, ops=tuple(op.changed(notation=False) if is_notation(op) else op for op in graph.ops))


def _with_quants(graph: Graph) -> Graph:
    """Operators that move codes give the tensors on both sides what they stand for, where a file says it once."""
    known: dict[str, Quant] = {}
    moving = [
        names
        for op in graph.ops
        if keeps_codes(op) and len(names := _moved(op, graph)) > 1
    ]  # fmt: skip
    while True:
        before = len(known)
        for names in moving:
            quants = [known.get(n) or graph[n].quant for n in names]
            given = next((q for q in quants if q is not None), None)
            if given is not None:
                known.update({n: given for n, q in zip(names, quants, strict=True) if q is None})
        if len(known) == before:
            return graph.with_tensors(*(replace(graph[n], quant=q) for n, q in known.items()))


def _moved(op: Op, graph: Graph) -> list[str]:
    names = (n for n in (*op.inputs, *op.outputs) if n is not None)
    return [n for n in names if graph[n].dtype in _MOVED_TYPES]


class _Rewriter:
    """The graph as far as it is rewritten: which float32 tensors are there, and which tensors hold their codes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._asked = demands(graph)
        self._ops: list[Op] = []
        self._there = {n for n in graph.tensors if graph[n].constant or n in graph.given}
        self._codes: dict[str, str] = {}  # by the float32 tensor
        self._copies: dict[tuple[str, Coding], str] = {}
        self._names: dict[str, str] = {}  # of tensors of integers of the old graph: what holds the same now
        self._made_for: dict[str, str] = {}  # new tensors, and the old ones in whose place they are

    def rewritten(self) -> Graph:
        for op in self._graph.ops:
            self._visit(op)
        for name in real_names(self._graph.wanted, self._graph):
            self._real(name)
        return self._named(replace(self._graph, ops=tuple(self._ops)))

    def _visit(self, op: Op) -> None:
        if isinstance(op, Dequantize) and op.notation:
            self._codes[op.outputs[0]] = self._now(str(op.inputs[0]))
        elif isinstance(op, Quantize) and op.notation:
            self._quantized(op)
        elif not (keeps_codes(op) and self._kept(op)) and not self._computed(op):
            reals_in = {n: self._real(n) for n in real_names(op.inputs, self._graph)}
            self._append(op, reals_in)
            self._there.update(op.outputs)

    def _append(self, op: Op, inputs: Mapping[str, str], outputs: Mapping[str, str] | None = None) -> None:
        outputs = outputs or {}
        read = tuple(n if n is None else inputs.get(n, self._now(n)) for n in op.inputs)
        made = tuple(outputs.get(n, n) for n in op.outputs)
        self._ops.append(replace(op, name=outputs.get(op.name, op.name), inputs=read, outputs=made))

    def _now(self, name: str) -> str:
        """What a tensor of integers of the old graph is called here."""
        return self._names.get(name, name)

    def _new(self, name: str, tensor: Tensor) -> str:
        """A tensor in the place of the float32 one called `name`."""
        own = self._graph.unused(f"{name}_codes")
        self._graph = self._graph.with_tensors(replace(tensor, name=own))
        self._made_for[own] = name
        return own

    def _coding(self, name: str) -> Coding | None:
        """The codes that a float32 tensor has."""
        if name not in self._codes:
            return None
        tensor = self._graph[self._codes[name]]
        return None if tensor.quant is None else (tensor.dtype, tensor.quant)

    def _real(self, name: str) -> str:
        """The float32 tensor itself."""
        if name not in self._there:
            self._ops.append(Dequantize(name=name, inputs=(self._codes[name],), outputs=(name,), notation=True))
            self._there.add(name)
        return name

    def _coded(self, name: str, coding: Coding) -> str:
        """The tensor that holds a float32 one in these codes."""
        if self._coding(name) == coding:
            return self._codes[name]
        if (name, coding) not in self._copies:
            self._copies[name, coding] = self._converted(name, coding)
        return self._copies[name, coding]

    def _converted(self, name: str, coding: Coding) -> str:
        made = _as_codes(self._graph[name], coding)
        own = self._new(name, made)
        if not made.constant:
            source = self._codes.get(name, name)
            self._ops.append(Quantize(name=own, inputs=(source,), outputs=(own,), notation=source == name))
        return own

    def _quantized(self, op: Quantize) -> None:
        """The output of a conversion is what holds these codes already, where there is such a tensor."""
        x, y = op.operands(self._graph)
        made = self._coded(x.name, (y.dtype, y.quantization))
        self._names[y.name] = made
        if made in self._copies.values():
            self._made_for[made] = y.name
        if y.name in self._graph.wanted and self._made_for.get(made) == x.name and x.name not in self._graph.wanted:
            self._made_for[made] = y.name  # an output is called as it was
        elif y.name in self._graph.wanted:
            self._ops.append(Quantize(name=y.name, inputs=(made,), outputs=(y.name,)))

    # Operators that move values

    def _kept(self, op: Op) -> bool:
        """Have the codes moved, where there is a coding that all operands have or may have."""
        operands, results = (real_names(names, self._graph) for names in (op.inputs, op.outputs))
        coding = self._common_coding(op, operands) if operands else None
        if coding is None or coding[1].per_channel:
            return False
        wanted = self._asked.get(op.outputs[0]) if isinstance(op, Relu) else None
        after = wanted or coding
        if coding == after and _changes_nothing(op, coding):
            self._codes[op.outputs[0]] = self._coded(operands[0], coding)
            return True
        return self._in_integers(op, dict.fromkeys(operands, coding), dict.fromkeys(results, after))

    def _common_coding(self, op: Op, operands: Sequence[str]) -> Coding | None:
        """The codes that all operands have; else those that are made of the results."""
        computed = [n for n in operands if not self._graph[n].constant or n in self._codes]
        known = {self._coding(n) for n in computed}
        constants = [n for n in operands if n not in computed]
        if len(known) == 1 and not isinstance(op, Clip):
            (only,) = known
            if only is not None and all(_exact(self._graph[n], only) for n in constants):
                return only
        asked = {self._asked.get(n) for n in real_names(op.outputs, self._graph)}
        moves = isinstance(op, Relu | Clip) or bool(constants)
        return next(iter(asked)) if len(asked) == 1 and not (moves and known <= {None}) else None

    # Operators that compute

    def _computed(self, op: Op) -> bool:
        """Have an operator compute with integers, where all its operands are codes and all its results become such."""
        operands, results = (real_names(names, self._graph) for names in (op.inputs, op.outputs))
        after = {n: coding for n in results if (coding := self._asked.get(n)) is not None}
        if not operands or not results or len(after) < len(results) or isinstance(op, _OF_REALS):
            return False
        if isinstance(op, Weighted):
            return self._layer(op, after)
        before = {n: coding for n in operands if (coding := self._coding(n) or _steps(self._graph[n])) is not None}
        return len(before) == len(set(operands)) and self._in_integers(op, before, after)

    def _in_integers(self, op: Op, before: Mapping[str, Coding], after: Mapping[str, Coding]) -> bool:
        """Replace the operator by one between codes, if there is such a one."""
        operands = {n: self._operand(n, coding) for n, coding in before.items()}
        results = {n: _as_codes(self._graph[n], coding) for n, coding in after.items()}
        if not _fits(op, self._graph, {**operands, **results}):
            return False
        self._append(op, {n: self._coded(n, coding) for n, coding in before.items()}, self._made(results))
        return True

    def _operand(self, name: str, coding: Coding) -> Tensor:
        """A float32 tensor as it would be in codes."""
        if self._coding(name) == coding:
            return self._graph[self._codes[name]]
        return _as_codes(self._graph[name], coding)

    def _made(self, results: Mapping[str, Tensor]) -> dict[str, str]:
        """Names for the codes of results."""
        made = {name: self._new(name, tensor) for name, tensor in results.items()}
        self._codes |= made
        return made

    def _layer(self, op: Weighted, after: Mapping[str, Coding]) -> bool:
        """A convolution or dense layer: constant weights lose their zero points, a bias gets the scale of products."""
        x, w, b = (self._held(n) for n in (*op.inputs, None)[:3])
        if x is None or w is None or w.data is None or x.quant is None or w.quant is None:
            return False
        if str(op.inputs[0]) not in self._codes:  # codes that nothing made reals of: the layer's own check refuses them
            return False
        if x.dtype not in _MOVED_TYPES or x.quant.per_channel or (b is not None and b.data is None):
            return False
        weights = centred(w)
        parts = {str(op.inputs[1]): weights}
        if b is not None:
            parts[str(op.inputs[2])] = bias_codes(b, x, weights)
        results = {n: _as_codes(self._graph[n], coding) for n, coding in after.items()}
        if not _fits(op, self._graph, {str(op.inputs[0]): x, **parts, **results}):
            return False
        constants = {n: self._constant(n, t) for n, t in parts.items()}
        self._append(op, {str(op.inputs[0]): self._codes[str(op.inputs[0])], **constants}, self._made(results))
        return True

    def _constant(self, name: str, tensor: Tensor) -> str:
        """The codes of a constant, which are those that the file has or others in their place."""
        held = self._codes.get(name, name)
        return held if self._graph[held] is tensor else self._new(held, tensor)

    def _held(self, name: str | None) -> Tensor | None:
        """The codes of a float32 tensor, or a constant of reals."""
        if name is None:
            return None
        tensor = self._graph[self._codes.get(name, name)]
        return tensor if tensor.quant is not None or tensor.constant else None

    def _named(self, graph: Graph) -> Graph:
        """New tensors are called as those in whose place they are, where these are gone."""
        used = {n for op in graph.ops for n in (*op.inputs, *op.outputs)} | set(graph.given)
        names: dict[str, str] = {}
        for made, name in self._made_for.items():
            if made in used and name not in used and name not in names.values():
                names[made] = name
        left = (t for n, t in graph.tensors.items() if n not in names.values())
        renamed = (replace(t, name=names.get(t.name, t.name)) for t in left)
        return replace(graph, tensors={t.name: t for t in renamed}, ops=tuple(_renamed(op, names) for op in graph.ops))


def _renamed(op: Op, names: Mapping[str, str]) -> Op:
    inputs = tuple(None if n is None else names.get(n, n) for n in op.inputs)
    outputs = tuple(names.get(n, n) for n in op.outputs)
    return replace(op, name=names.get(op.name, op.name), inputs=inputs, outputs=outputs)


def _as_codes(tensor: Tensor, coding: Coding) -> Tensor:
    """A float32 tensor in codes; of a constant, the nearest ones, the even ones of two."""
    dtype, quant = coding
    data = tensor.data
    if data is not None:
        info = np.iinfo(dtype)
        steps = np.rint(data.astype(np.float32) / np.float32(quant.scale[0])).astype(np.float64)
        data = np.clip(steps + quant.zero_point[0], info.min, info.max).astype(dtype)
    return replace(tensor, dtype=dtype, quant=quant, data=data)


def _exact(tensor: Tensor, coding: Coding) -> bool:
    """Whether the codes of a constant stand for just what it is."""
    codes = _as_codes(tensor, coding)
    return np.array_equal(reals(codes.values, codes.quantization), tensor.values)


def _steps(tensor: Tensor) -> Coding | None:
    """Codes that stand for just what a constant is, of one number and zero alone: it is the scale."""
    if tensor.data is None:
        return None
    sizes = np.unique(np.abs(tensor.data))
    sizes = sizes[sizes != 0]
    return ("int8", Quant((float(sizes[0]),), (0,))) if sizes.size == 1 and np.isfinite(sizes[0]) else None


def _changes_nothing(op: Op, coding: Coding) -> bool:
    """Whether limits are not within what the codes reach."""
    if not isinstance(op, Relu | Clip):
        return False
    dtype, quant = coding
    info, scale, zero = np.iinfo(dtype), quant.scale[0], quant.zero_point[0]
    low, high = op.function.value if isinstance(op, Relu) else (op.low, op.high)
    below = low is None or low / scale + zero <= info.min
    return below and (high is None or high / scale + zero >= info.max)


def _fits(op: Op, graph: Graph, tensors: Mapping[str, Tensor]) -> bool:
    """Whether the operator, with these tensors for its own, is one that aot has; uint8 counts as what it becomes."""
    names = dict.fromkeys(n for n in (*op.inputs, *op.outputs) if n is not None)
    alone = {n: replace(tensors.get(n, graph[n]), name=n) for n in names}
    given = tuple(n for n in names if n not in op.outputs and not alone[n].constant)
    try:
        signed = sign_codes(Graph(graph.name, alone, (op,), given, op.outputs))
        for each in signed.ops:
            each.check(signed)
    except Unsupported:
        return False
    return True
