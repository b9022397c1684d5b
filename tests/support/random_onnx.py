"""Seeded ONNX models of 3 to 12 nodes: one after the other, each tried by onnxruntime on values of its own.

What onnxruntime refuses, what is too large, and what is ill-conditioned (a function near its pole, an order of numbers
that are almost equal) is drawn again: two exact runtimes would not agree on it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper
from onnx_models import onnxruntime_answers, onnxruntime_session

from aot.graph.ir import Array

Rng = np.random.Generator
OPSETS = (13, 17, 18, 21, 23)
_MOST_ELEMENTS = 1500
_LARGEST = 1e3  # of a value
_NUDGE = 1e-6  # of the inputs, relatively
_ERROR = 3e-7  # of each result
_MOST_MOVED = 4e-6  # by both, of what comes out
_INPUTS = ((1, 3, 6, 5), (1, 4, 8, 8), (2, 4, 5, 6), (1, 6, 10), (1, 8), (5, 6), (1, 5, 4), (6, 2, 4), (2, 3, 4, 3))


@dataclass(frozen=True)
class RandomModel:
    """A model, values of its inputs, and what onnxruntime answers, by names."""

    content: bytes
    kinds: tuple[str, ...]
    inputs: Mapping[str, Array]
    answers: Mapping[str, Array]
    loose: Sequence[str]  # of these, about which exact runtimes differ by a code


class Refused(Exception):
    """A node that does not fit what there is so far."""


class Growing:
    """A model so far: its nodes, and each value twice, the second time for inputs that are moved a little."""

    def __init__(self, rng: Rng, inputs: Sequence[tuple[int, ...]] = _INPUTS) -> None:
        self.rng = rng
        self.opset: int = self.one_of(OPSETS)
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.values: dict[str, tuple[Array, Array]] = {}
        self.loose: list[str] = []
        self.inputs = {f"x{i}": self.reals(self.one_of(inputs)) for i in range(self.whole(1, 2))}
        for name, x in self.inputs.items():
            self.values[name] = x, x * (1 + self.reals(x.shape) * np.float32(_NUDGE))

    def reals(self, shape: Sequence[int]) -> Array:
        return np.asarray(self.rng.standard_normal(tuple(shape)), np.float32)

    def whole(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one_of(self, choices: Sequence[Any]) -> Any:
        return choices[self.whole(0, len(choices) - 1)]

    def need(self, condition: bool) -> None:
        if not condition:
            raise Refused

    def pick(self, ranks: Sequence[int] = (1, 2, 3, 4, 5), dtype: str = "float32") -> str:
        """Most often one of the latest values."""
        fitting = [n for n, (v, _) in self.values.items() if v.dtype == dtype and v.ndim in ranks]
        self.need(bool(fitting))
        return fitting[-min(len(fitting), 1 + int(self.rng.exponential(1)))]

    @property
    def size(self) -> int:
        """How many nodes there are that were asked for."""
        return len(self.nodes)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.value(name).shape

    def value(self, name: str) -> Array:
        return self.constants[name] if name in self.constants else self.values[name][0]

    def constant(self, data: Any, dtype: str = "float32") -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(data, dtype)
        return name

    def integers(self, *data: int) -> str:
        return self.constant(data, "int64")

    def weights(self, *shape: int, axis: int = 0) -> str:
        """Of a layer whose results lie along an axis of them."""
        return self.constant(self.reals(shape) / np.float32(np.sqrt(np.prod(shape[1:]) or 1)))

    def bias(self, x: str, w: str, *shape: int) -> str:
        """Of a layer of %x with weights %w."""
        return self.constant(self.reals(shape))

    def add(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:
        """The names of the results of a node, which is tried on the values that there are."""
        made = [f"t{len(self.nodes)}" + "abc"[:i] for i in range(outputs)]
        node = helper.make_node(kind, inputs, made, name=f"{kind}_{len(self.nodes)}", **attributes)
        results = [(value, _moved(moved)) for value, moved in zip(*self._answers(node), strict=True)]
        for pair in results:
            self.need(_fine(*pair))
        self.nodes.append(node)
        self.values.update(zip(made, results, strict=True))
        return made

    def _answers(self, node: NodeProto) -> list[list[Array]]:
        """What onnxruntime answers a node, with both values of what it reads."""
        read = [n for n in dict.fromkeys(node.input) if n]
        known = {n: self.constants[n] for n in read if n in self.constants}
        free = {n: self.values[n][0] for n in read if n in self.values}
        self.need(bool(free))
        model = model_of([node], free, dict.fromkeys(node.output), known, self.opset)
        with _refusing():
            session = onnxruntime_session(model.SerializeToString())
            return [session.run(None, {n: self.values[n][i] for n in free}) for i in (0, 1)]

    def agree(self, whole: Array, alone: Array) -> bool:
        """Whether onnxruntime answers the same for nodes that it sees together and one by one."""
        return bool(np.allclose(whole, alone, 1e-3, 1e-3))

    def finished(self) -> RandomModel:
        """The last result goes out, and at times others."""
        made = [n for node in self.nodes for n in node.output]
        results = [n for n in made if n in self.values]
        self.need(bool(results))
        outputs = [n for n in results if n == results[-1] or self.chance(0.15)]
        read = {n for node in self.nodes for n in node.input}
        known = {n: v for n, v in self.constants.items() if n in read and n not in made}
        given = {n: v for n, v in self.inputs.items() if n in read}
        model = model_of(self.nodes, given, {n: self.values[n][0] for n in outputs}, known, self.opset)
        content = model.SerializeToString()
        with _refusing():  # it infers other shapes than it computes, now and then
            answers = onnxruntime_answers(content, given, int8=True)
        self.need(all(self.agree(answers[n], self.values[n][0]) for n in outputs))
        return RandomModel(content, tuple(node.op_type for node in self.nodes), given, answers, tuple(self.loose))


@contextmanager
def _refusing() -> Iterator[None]:
    """What onnxruntime does not take is refused; the errors that it raises have only Exception in common."""
    try:
        yield
    except Exception as error:
        raise Refused from error


Maker = Callable[[Growing], object]


def _moved(value: Array) -> Array:
    """Numbers as another runtime may have them; equal ones stay equal."""
    if value.dtype.kind != "f" or not np.isfinite(value).all():
        return value
    drawn = np.sin(value.view(np.int32).astype(np.float64))  # of neighbours far apart
    return np.asarray(value * (1 + _ERROR * drawn), np.float32)


def _fine(value: Array, moved: Array) -> bool:
    """Whether a result is of a size that serves, finite and well-conditioned."""
    if not 0 < value.size <= _MOST_ELEMENTS or value.shape != moved.shape:
        return False
    if value.dtype.kind != "f":
        return bool(np.array_equal(value, moved))
    if not np.isfinite(value).all() or not np.isfinite(moved).all() or np.abs(value).max() > _LARGEST:
        return False
    return bool(np.all(np.abs(value - moved) <= _MOST_MOVED * (1 + np.abs(value))))


def model_of(
    nodes: Sequence[NodeProto], inputs: Mapping[str, Array], outputs: Mapping[str, Array | None],
    constants: Mapping[str, Array], opset: int,
) -> ModelProto:  # fmt: skip
    """A model with these ports; an output of which nothing is known has no type."""
    ports = [_port(name, value) for name, value in inputs.items()]
    results = [
        helper.make_empty_tensor_value_info(name) if value is None else _port(name, value)
        for name, value in outputs.items()
    ]
    known = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "model", ports, results, known)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def _port(name: str, value: Array) -> Any:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)


def grown(
    rng: Rng, makers: Sequence[Maker], least: int = 3, most: int = 12, kind: type[Growing] = Growing
) -> RandomModel:
    """A model of so many nodes; more where one maker makes several."""
    while True:
        growing, count = kind(rng), int(rng.integers(least, most + 1))
        for _ in range(1000):
            if growing.size >= count:
                break
            with suppress(Refused):
                growing.one_of(makers)(growing)
        with suppress(Refused):
            return growing.finished()
