"""Models: layers one after the other, or calls of layers with each other's outputs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aot.base.errors import AotError
from aot.frontends.building import Value
from aot.frontends.keras.description import Layer, layer_of
from aot.frontends.keras.structures import Reference, references
from aot.frontends.keras.structures import arguments as decoded
from aot.graph.ir import Unsupported

SEQUENTIAL = ("Sequential",)
FUNCTIONAL = ("Functional", "Model")
_MOST = 20_000  # layers of a model
Node = tuple[str, int]  # a layer, and which call of it


def is_model(layer: Layer) -> bool:
    """Whether it is made of layers."""
    return layer.kind in (*SEQUENTIAL, *FUNCTIONAL)


def layers_of(model: Layer) -> list[Layer]:
    """The layers of a model, in the order of the file."""
    entries = model.config.get("layers")
    if not isinstance(entries, list) or len(entries) > _MOST:
        raise AotError(f"the model {model.name!r} has no list of layers, or too many", "save the model again")
    return [layer_of(entry) for entry in entries]


@dataclass(frozen=True, eq=False)
class CallOf:
    """A call of a layer in a model: `node` says which, `needs` are the tensors that it is called with."""

    layer: Layer
    number: int  # of the layer in its model
    node: Node
    written: Any
    needs: tuple[Reference, ...] = ()


@dataclass(eq=False)
class Wiring:
    """The calls of a functional model, and the values that are known so far; None is one that cannot be."""

    values: dict[Node, Sequence[Value] | None] = field(default_factory=dict)

    def value(self, reference: Reference) -> Value:
        """The tensor that is meant."""
        name, node, index = reference
        outputs = self.values.get((name, node))
        if outputs is None or not 0 <= index < len(outputs):
            raise AotError(
                f"the output {index} of {name[:80]!r} is used, but is never computed", "save the model again"
            )
        return outputs[index]

    def arguments(self, call: CallOf) -> tuple[list[Any], dict[str, Any]]:
        """What a call is called with."""
        return decoded(call.written, self.value)


def ports(model: Layer, side: str) -> list[tuple[str, Reference]]:
    """The tensors that a functional model is called with, or gives, with their keys where they have some."""
    return list(references(model.config.get(side)))


def calls_of(model: Layer, layers: Sequence[Layer]) -> list[CallOf]:
    """All calls of layers in a functional model, in the order of the file."""
    found = [call for number, layer in enumerate(layers) for call in _calls(layer, number)]
    used = [*(r for call in found for r in call.needs), *(r for _, r in ports(model, "output_layers"))]
    last: dict[str, int] = {}
    for name, node, _ in used:
        last[name] = max(last.get(name, 0), node)
    return [_counted(call, last) for call in found]


def _calls(layer: Layer, number: int) -> Iterator[CallOf]:
    for i, written in enumerate(layer.calls):
        needs: list[Reference] = []
        try:
            decoded(written, needs.append)
        except Unsupported as reason:
            raise AotError(f"{layer.kind[:80]} {layer.name[:80]} is not supported: {reason.what}"[:300]) from None
        yield CallOf(layer, number, (layer.name, i), written, tuple(needs))


def _counted(call: CallOf, last: Mapping[str, int]) -> CallOf:
    """The first call of a model in a model has number 1: 0 was its own, when it was made."""
    layer, (name, i) = call.layer, call.node
    later = is_model(layer) and last.get(name, 0) == len(layer.calls)
    return CallOf(layer, call.number, (name, i + later), call.written, call.needs)


def in_order(calls: Iterable[CallOf], known: Iterable[Node]) -> Iterator[CallOf]:
    """Each call once those are through that it needs. Raises AotError where that is never."""
    done, ready = set(known), list[CallOf]()
    waiting: dict[Node, list[CallOf]] = {}
    missing: dict[int, set[Node]] = {}
    for call in calls:
        missing[id(call)] = {(name, node) for name, node, _ in call.needs} - done
        for node in missing[id(call)]:
            waiting.setdefault(node, []).append(call)
        if not missing[id(call)]:
            ready.append(call)
    while ready:
        call = ready.pop(0)
        yield call
        for follower in waiting.pop(call.node, ()):
            missing[id(follower)].discard(call.node)
            if not missing[id(follower)]:
                ready.append(follower)
    if waiting:
        name, index = next(iter(waiting))
        raise AotError(f"call {index} of {name[:80]!r} is used, but is never computed", "save the model again")


def matched(model: Layer, inputs: Sequence[Value]) -> list[tuple[Node, Value]]:
    """The inputs of a functional model inside another one, with the values that it is called with."""
    wanted = ports(model, "input_layers")
    if len(wanted) != len(inputs):
        raise Unsupported(f"it has {len(wanted)} inputs, and is called with {len(inputs)}")
    return [((name, node), value) for (_, (name, node, _)), value in zip(wanted, inputs, strict=True)]
