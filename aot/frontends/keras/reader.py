"""Keras file -> Graph: the layers are called as Keras calls them, and every shape is known."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aot.base.errors import AotError
from aot.frontends.building import Builder, Order, Value
from aot.frontends.keras import hdf5
from aot.frontends.keras.archive import is_archive, unpacked
from aot.frontends.keras.description import Layer, layer_of
from aot.frontends.keras.known import problem_of
from aot.frontends.keras.layers import READERS
from aot.frontends.keras.masks import Masks
from aot.frontends.keras.models import SEQUENTIAL, Wiring, calls_of, in_order, is_model, layers_of, matched, ports
from aot.frontends.keras.operations import OPERATIONS
from aot.frontends.keras.ports import channels_first, distinct, inputs_of, port
from aot.frontends.keras.reads import Reads
from aot.frontends.keras.records import Call, values_in
from aot.frontends.keras.weights import NamedModel, Numbered, Weights
from aot.frontends.ports import port_order
from aot.frontends.settings import Settings, with_constants
from aot.graph.ir import Graph, Unsupported

_DAMAGE = (*hdf5.DAMAGE, IndexError, AssertionError, RecursionError, ZeroDivisionError)
_DEEPEST = 16  # models in models
_MOST_CALLS = 20_000
_AGAIN = "save the model again: model.save('model.keras')"


def parse(content: bytes, name: str, source: str, settings: Settings) -> Graph:
    """The graph in the bytes of a .keras or .h5 file, called `name`; `source` is what errors call it.

    `settings` tell of its ports, by their names; a free batch is 1. Raises AotError for any fault in it.
    """
    try:
        model, weights = _opened(content, source)
        graph = _Reader(source, settings).graph(model, weights, name)
    except _DAMAGE as error:
        raise AotError(f"{source} is damaged: {type(error).__name__}: {error}"[:300], _AGAIN) from None
    return with_constants(graph, settings.constants, source)


def _opened(content: bytes, source: str) -> tuple[Layer, Weights]:
    """The outermost model of a file, and its weights."""
    if is_archive(content):
        config, stored = unpacked(content, source)
        return _model(config.decode(errors="replace"), source), Numbered(hdf5.opened(stored, source))
    root = hdf5.opened(content, source)
    written, weights = hdf5.text(root, "model_config"), hdf5.group(root, "model_weights")
    if written is None or weights is None:
        raise AotError(
            f"{source} has no Keras model in it: weights alone, or data of another kind",
            "save the whole model: model.save('model.keras') instead of model.save_weights(...)",
        )
    return _model(written, source), NamedModel(weights)


def _model(written: str, source: str) -> Layer:
    try:
        model = layer_of(json.loads(written))
    except (ValueError, RecursionError) as error:
        raise AotError(f"{source} is damaged: its layers are no JSON: {error}"[:200], _AGAIN) from None
    if not is_model(model):
        raise AotError(
            f"{source} holds a {model.kind[:80]}, which only the Python code that made it can build",
            "write the model with keras.Sequential, or keras.Model(inputs, outputs), and copy its weights into it",
        )
    return model


class _Unread(Exception):
    """A layer that cannot be read, which was noted."""


class _Reader:
    """Reads one file."""

    def __init__(self, source: str, settings: Settings) -> None:
        self._source, self._settings, self._build = source, settings, Builder()
        self._path: tuple[str, ...] = ()
        self._problems: list[str] = []
        self._masks, self._reads = Masks(), Reads()
        self._calls = 0

    def graph(self, model: Layer, weights: Weights, name: str) -> Graph:
        """The graph in the file, called `name`."""
        self._problems += _problems(model, ())
        self._refuse_unread()
        described = inputs_of(model, self._source)
        labels = distinct((label for label, _ in described), ())
        outputs = distinct(_outputs(model), labels)
        self._settings.check(labels, [*labels, *outputs], self._source)
        self._build.keep_names([*labels, *outputs])
        first = channels_first(model)
        inputs = [self._input(layer, label, first) for label, (_, layer) in zip(labels, described, strict=True)]
        try:
            results = self._model(model, inputs, weights)
        except _Unread:
            results = []
        self._refuse_unread()
        values = [replace(v, label=label) for v, label in zip(results, outputs, strict=True)]
        orders = [self._order(v.label, v.rank, first) for v in values]
        return self._build.graph(name, [v.tensor for v in inputs], values, orders)

    def _input(self, layer: Layer, label: str, first: bool) -> Value:
        shape, dtype = port(layer, label, self._settings.shapes, self._source)
        return self._build.input(label, shape, dtype, self._order(label, len(shape), first))

    def _order(self, label: str, rank: int, first: bool) -> Order:
        """How the axes of a port lie. Where the model has channels last, they do so anyway."""
        return port_order(label, rank, self._settings) if first else tuple(range(rank))

    def apply(self, layer: Layer, args: Sequence[Any], kwargs: Mapping[str, Any], weights: Weights) -> list[Value]:
        """The outputs of a layer that is called."""
        outside, self._calls = self._path, self._calls + 1
        if len(outside) > _DEEPEST or self._calls > _MOST_CALLS:
            raise AotError(f"{self._source} has too many layers, or layers in layers")
        self._path = (*outside, layer.name)
        self._build.label = "/".join(self._path)
        try:
            return self._applied(layer, args, kwargs, weights)
        except Unsupported as reason:
            self._problems.append(_described(layer, self._path, reason.what))
            raise _Unread from None
        finally:
            self._path = outside
            self._build.label = "/".join(outside)

    def _applied(self, layer: Layer, args: Sequence[Any], kwargs: Mapping[str, Any], weights: Weights) -> list[Value]:
        kwargs = _plain(kwargs)
        if is_model(layer):
            outputs = self._model(layer, [*values_in(args), *values_in(kwargs)], weights)
            self._reads.passed(outputs)
            return outputs
        call = Call(self._build, layer, weights, args, kwargs, self.apply, self._reads)
        self._masks.check(call)
        result = (OPERATIONS if layer.operation else READERS)[layer.kind](call)
        outputs = [result] if isinstance(result, Value) else list(result)
        self._masks.note(call, outputs)
        given = {v.tensor for v in call.inputs if not v.constant}
        self._reads.passed(v for v in outputs if v.tensor in given)
        return outputs

    def _model(self, model: Layer, inputs: Sequence[Value], weights: Weights) -> list[Value]:
        layers = layers_of(model)
        stores = weights.of_layers(layers)
        if model.kind in SEQUENTIAL:
            return self._sequential(layers, stores, inputs)
        return self._functional(model, layers, stores, inputs)

    def _sequential(self, layers: Sequence[Layer], stores: Sequence[Weights], inputs: Sequence[Value]) -> list[Value]:
        values = list(inputs)
        for layer, store in zip(layers, stores, strict=True):
            if layer.kind != "InputLayer":
                values = self.apply(layer, [values[0] if len(values) == 1 else values], {}, store)
                for value in values:
                    self._reads.made(value, 1)
        return values

    def _functional(
        self, model: Layer, layers: Sequence[Layer], stores: Sequence[Weights], inputs: Sequence[Value]
    ) -> list[Value]:
        wiring, wanted = Wiring(), [reference for _, reference in ports(model, "output_layers")]
        calls = [c for c in calls_of(model, layers) if c.layer.kind != "InputLayer"]
        uses = Counter([*wanted, *(need for call in calls for need in call.needs)])
        for (label, number), value in matched(model, inputs):
            wiring.values[label, number] = [value]
            self._reads.made(value, uses[label, number, 0] - 1)
        for call in in_order(calls, list(wiring.values)):
            outputs = wiring.values[call.node] = self._called(call, wiring, stores)
            for i, value in enumerate(outputs or ()):
                self._reads.made(value, uses[(*call.node, i)])
        if any(wiring.values.get((name, node), ()) is None for name, node, _ in wanted):
            raise _Unread
        return [wiring.value(reference) for reference in wanted]

    def _called(self, call: Any, wiring: Wiring, stores: Sequence[Weights]) -> Sequence[Value] | None:
        """The outputs of a call; None where it, or one that it needs, cannot be read."""
        if any(wiring.values[name, node] is None for name, node, _ in call.needs):
            return None
        try:
            return self.apply(call.layer, *wiring.arguments(call), stores[call.number])
        except _Unread:
            return None

    def _refuse_unread(self) -> None:
        if self._problems:
            count = len(self._problems)
            what = "1 layer is" if count == 1 else f"{count} layers are"
            raise AotError(f"{what} not supported in {self._source}", *self._problems)


def _problems(model: Layer, path: tuple[str, ...]) -> Iterator[str]:
    """A line for each layer of a model, and of models inside, that cannot be read whatever it is called with."""
    for layer in layers_of(model):
        reason = None if is_model(layer) else problem_of(layer, OPERATIONS if layer.operation else READERS)
        if reason is not None:
            yield _described(layer, (*path, layer.name), reason)
        if is_model(layer) and len(path) < _DEEPEST:
            yield from _problems(layer, (*path, layer.name))


def _described(layer: Layer, path: Sequence[str], reason: str) -> str:
    return f"{layer.kind[:80]} {'/'.join(path)[-120:]}: {reason}"[:300]


def _outputs(model: Layer) -> list[str]:
    """What the outputs of the outermost model are called: their keys, or the layers that they come from."""
    if model.kind in SEQUENTIAL:
        layers = layers_of(model)
        return [layers[-1].name] if layers else []
    return [key or name for key, (name, _, _) in ports(model, "output_layers")]


def _plain(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What every layer may be called with does not count: Keras, too, says training=False to all when it answers."""
    if kwargs.get("mask") is not None:
        raise Unsupported("it is called with a mask")
    return {name: value for name, value in kwargs.items() if name not in ("training", "mask")}
