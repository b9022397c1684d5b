"""Which tensors become integers of which type, with which scale and zero point: before any operator is rewritten."""

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from aot.graph.ir import Graph, Op, Quant, Tensor
from aot.ops.dequantize import Dequantize
from aot.ops.quantize import Quantize
from aot.quantizer.ranges import Range, parameters

Types = Mapping[str, str]  # the name of each operator with float32 operands -> float32, int8 or int16


@dataclass(frozen=True)
class Form:
    """A float32 tensor as integers of a type; with `reader`, as that operator alone wants it."""

    tensor: str
    dtype: str
    reader: str = ""


@dataclass(frozen=True)
class Forms:
    """The form of each operand of each operator that computes in integers, and what its codes mean.

    `states` has those of what is remembered in integers, before and after a run, by the name it has before.
    """

    operands: Mapping[tuple[str, str], Form]
    states: Mapping[str, tuple[Form, Form]]
    quants: Mapping[Form, Quant]


def real_operands(op: Op, graph: Graph) -> Iterator[Tensor]:
    """The float32 operands, inputs then outputs; those that are constant, too."""
    return (graph[n] for n in (*op.inputs, *op.outputs) if n is not None and graph[n].dtype == "float32")


def weight_names(op: Op) -> Set[str | None]:
    """Weights and bias, where the operator has them."""
    return set() if op.scheme.channel_axis is None else set(op.inputs[1:3])


def choose_types(
    graph: Graph, dtype: str, kept_float: Set[str] = frozenset(), int16: Set[str] = frozenset()
) -> tuple[Types, dict[str, str]]:
    """`dtype` for each operator with float32 operands, except those named and those that have no other form.

    An operator that only moves values goes with what computes them. Also gives the reason for each operator that is
    float32 because it has no form of the type it should have.
    """
    types: dict[str, str] = {}
    reasons: dict[str, str] = {}
    producers = {name: op for op in graph.ops for name in op.outputs}
    for op in graph.ops:
        if not any(real_operands(op, graph)):
            continue
        wanted = "int16" if op.name in int16 else _inherited(op, graph, producers, types) or dtype
        if op.name in kept_float:
            wanted = "float32"
        elif not isinstance(op, Quantize | Dequantize) and not _can_be_integer(op, graph):
            reasons[op.name] = "it has no integer form"
        elif wanted not in (*op.scheme.types, "float32"):
            reasons[op.name] = f"it has no {wanted} form"
        types[op.name] = "float32" if op.name in reasons or op.scheme.operands == "float" else wanted
    return types, reasons


def _can_be_integer(op: Op, graph: Graph) -> bool:
    """Whether TFLite's specification has a form for it; whether aot has a kernel, its check will tell."""
    weights = (graph[name] for name in weight_names(op) if name is not None)
    return op.scheme.operands != "float" and all(t.constant for t in weights)


def _inherited(op: Op, graph: Graph, producers: Mapping[str, Op], types: Types) -> str | None:
    """The type of what computes the first operand, where `op` keeps its scale."""
    if op.scheme.operands != "shared":
        return None
    for tensor in real_operands(op, graph):
        producer = producers.get(tensor.name)
        if producer is not None and producer is not op and not isinstance(producer, Dequantize):
            return types[producer.name]
    return None


def choose_forms(graph: Graph, types: Types, range_of: Callable[[str, str], Range], default: str) -> Forms:
    """Scales and zero points: of each tensor and type by its range, shared or fixed where the operators say so.

    Inputs and outputs get them, too, as `default`.

    Where a tensor with fixed parameters is to share a range with others, that operator gets a copy in another scale.
    """
    groups = _Groups()
    operands: dict[tuple[str, str], Form] = {}
    _keep_given(graph, types, groups)
    for op in graph.ops:
        dtype = types.get(op.name, "float32")
        if dtype == "float32":
            continue
        beside = weight_names(op)
        forms = {t.name: Form(t.name, dtype) for t in real_operands(op, graph) if t.name not in beside}
        if op.scheme.operands == "shared":
            forms = groups.share(op, forms)
        elif dtype in op.scheme.outputs:
            for name in op.outputs:
                groups.fix(forms[name], op.scheme.outputs[dtype])
        operands.update({(op.name, name): form for name, form in forms.items()})
    states = {before.tensor: (before, after) for before, after in _state_forms(graph, types)}
    for pair in states.values():
        groups.join(pair)
    ends = (Form(name, default) for name in (*graph.inputs, *graph.outputs) if graph[name].dtype == "float32")
    every = {*operands.values(), *ends, *(form for pair in states.values() for form in pair)}
    return Forms(operands, states, groups.quants(every, range_of))


def _state_forms(graph: Graph, types: Types) -> Iterator[tuple[Form, Form]]:
    """What is remembered has the type of what computes it, an input or an older state that of what reads it first."""
    for state in graph.state:
        producer = graph.producer(state.next)
        concerned = graph.consumers(state.current) if producer is None else (producer,)
        dtype = next((types[op.name] for op in concerned if op.name in types), "float32")
        if graph[state.current].dtype == "float32" != dtype:
            yield Form(state.current, dtype), Form(state.next, dtype)


def _keep_given(graph: Graph, types: Types, groups: "_Groups") -> None:
    """What the model has in integers already says what the codes of its neighbours mean."""
    producers = {name: op for op in graph.ops for name in op.outputs}
    for op in graph.ops:
        if isinstance(op, Dequantize):
            x, y = op.operands(graph)
            groups.fix(Form(y.name, x.dtype), _quant_of(x))
        elif isinstance(op, Quantize):
            x, y = op.operands(graph)
            producer = producers.get(x.name)
            ours = producer is not None and types.get(producer.name) == y.dtype
            if ours and producer is not None and producer.scheme.operands == "own" and not producer.scheme.outputs:
                groups.fix(Form(x.name, y.dtype), _quant_of(y))


def _quant_of(tensor: Tensor) -> Quant:
    return Quant((tensor.scale,), (tensor.zero_point,))


class _Groups:
    """Forms that have one scale and zero point: sets that are joined; some have parameters that are fixed."""

    def __init__(self) -> None:
        self._group: dict[Form, set[Form]] = {}
        self._fixed: dict[Form, Quant] = {}

    def fix(self, form: Form, quant: Quant) -> None:
        """Give the form, which is alone in its group, these parameters."""
        self._fixed.setdefault(form, quant)

    def share(self, op: Op, forms: dict[str, Form]) -> dict[str, Form]:
        """Join the forms of one operator; what of its inputs is fixed to something else is copied first."""
        fixed = [self._fixed.get(form) for name, form in forms.items() if name not in op.outputs]
        if any(fixed) and any(quant != fixed[0] for quant in fixed):
            forms = {
                name: replace(form, reader=op.name) if form in self._fixed else form for name, form in forms.items()
            }
        self.join(forms.values())
        return forms

    def join(self, forms: Collection[Form]) -> None:
        """Give these forms, and all that share with them, one scale and zero point."""
        joined = set[Form]().union(*(self._group.get(form, {form}) for form in forms))
        quants = {self._fixed[form] for form in joined if form in self._fixed}
        for form in joined:
            self._group[form] = joined
            if quants:
                self._fixed[form] = next(iter(quants))

    def quants(self, forms: Set[Form], range_of: Callable[[str, str], Range]) -> dict[Form, Quant]:
        """The parameters of each form: fixed, or of the range of all that share it."""
        found: dict[Form, Quant] = {}
        for form in forms:
            if form in self._fixed:
                found[form] = self._fixed[form]
            elif form not in found:
                group = self._group.get(form, {form})
                lows, highs = zip(*(range_of(each.tensor, each.dtype) for each in group), strict=True)
                found.update(dict.fromkeys(group, parameters(min(lows), max(highs), form.dtype)))
        return found
