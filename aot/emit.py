"""Graph + Calls + Plan -> the text of a model's three C files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aot.ctext import array_body, constants_of, defined_names, float_literal, initializer, nested_of, struct_declaration
from aot.errors import AotError
from aot.interface import C_TYPES, Interface, Port
from aot.ir import Graph, Tensor
from aot.kernels.call import Call, Constant, Kernel
from aot.plan import Plan, scratch_name
from aot.prelude import headers, prelude
from aot.templating import render

ARENA_ALIGN = 8  # enough for every element type and for double-word loads


@dataclass(frozen=True)
class Layer:
    """One line of `<name>_run` and what it refers to."""

    comment: str
    params_name: str
    struct: str
    initializer: str
    call: str
    traces: tuple["Trace", ...]


@dataclass(frozen=True)
class Trace:
    """What a tracing build shows of one output of a layer; `index` counts the outputs of all layers."""

    index: int
    data: str
    bytes: int


@dataclass(frozen=True)
class Array:
    """One array of `<name>_weights.c`."""

    name: str
    c_type: str
    elements: int
    body: str


@dataclass(frozen=True)
class PortText:
    """What the header prints of an input or output; an output is `const `."""

    accessor: str
    conversion: str
    macro: str
    doc: str
    const: str
    c_type: str
    offset: int
    elements: int
    shape: str
    quantized: bool
    scale: str
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class StateText:
    """What the header and `<name>_init` print of a state, and the copy that ends a run, if there is one.

    `initial` is the constant that it begins as, or empty where all its bytes begin as `fill`.
    """

    name: str
    doc: str
    place: str
    bytes: int
    fill: int
    initial: str
    copied_from: str


def model_files(
    graph: Graph, calls: Sequence[Call], plan: Plan, interface: Interface, rounding: str, stack_bytes: int | None = None
) -> dict[str, str]:
    """Path -> text of `<name>.h`, `<name>.c` and `<name>_weights.c`; calls and the plan must be of this graph."""
    functions = _functions(calls, graph.name, rounding)
    texts = [text for _, text in functions.values()]
    helpers = prelude(texts, _structs(calls), rounding)
    arrays = list(_arrays(graph, calls))
    layers = [_layer(graph, plan, call, functions[_key(call)][0], interface) for call in calls]
    values: dict[str, Any] = {
        "interface": interface,
        "rounding": rounding,
        "arena_size": plan.size,
        "arena_align": ARENA_ALIGN,
        "weights_bytes": weights_bytes(graph, calls),
        "stack_bytes": stack_bytes,
        "ports": _ports(interface, plan),
        "states": _states(graph, plan, interface),
        "arrays": arrays,
        "layers": layers,
        "headers": headers((helpers, *texts, "memcpy(" if graph.state else "")),
        "prelude": helpers,
        "functions": texts,
    }
    suffixes = {"model.h.j2": ".h", "model.c.j2": ".c", "weights.c.j2": "_weights.c"}
    files = {f"{graph.name}{suffix}": render(template, **values) for template, suffix in suffixes.items()}
    _check_names(graph.name, files)
    return files


def _check_names(model: str, files: Mapping[str, str]) -> None:
    """Raise AotError where two things would have one name: the model's, a tensor's and a helper's may meet so."""
    counts = Counter(name for text in files.values() for name in defined_names(text))
    if twice := [name for name, count in counts.items() if count > 1]:
        raise AotError(
            f"in the C of model {model}, two things would be called {twice[0]}",
            "another name for the model, which begins all of its C names: --name",
        )


def _states(graph: Graph, plan: Plan, interface: Interface) -> list[StateText]:
    texts = []
    for state, port in zip(graph.state, interface.states, strict=True):
        at, following = plan.offset_of(state.current), plan.offset_of(state.next)
        fill = _fill(state.initial)
        texts.append(
            StateText(
                name=state.current,
                doc=f"State {_described(port)}, at byte {at} of the arena",
                place=_at("int8_t", "", at),
                bytes=port.bytes,
                fill=fill or 0,
                initial=f"{graph.name}_{state.current}_initial" if fill is None else "",
                copied_from=_at("int8_t", "", following) if following != at else "",
            )
        )
    return texts


def _fill(initial: np.ndarray[Any, Any]) -> int | None:
    """The value of all bytes, where they are the same."""
    values = set(initial.tobytes())
    return values.pop() if len(values) == 1 else None


def _described(port: Port) -> str:
    """Label, type, shape and scale, fit for a comment."""
    shape = ", ".join(map(str, port.shape)) or "1"
    steps = f"(q {'+' if port.zero_point < 0 else '-'} {abs(port.zero_point)})"
    real = f", real = {float_literal(port.scale)} * {steps}" if port.quantized else ""
    label = port.label.replace("*/", "* /").replace("\\", "/")
    return f'"{label}": {port.c_type}[{shape}]{real}'


def _ports(interface: Interface, plan: Plan) -> list[PortText]:
    inputs = [_port(port, plan, "Input", "") for port in interface.inputs]
    return inputs + [_port(port, plan, "Output", "const ") for port in interface.outputs]


def _port(port: Port, plan: Plan, direction: str, const: str) -> PortText:
    shape = ", ".join(map(str, port.shape)) or "1"
    scale = float_literal(port.scale)
    limits = np.iinfo(port.dtype) if port.quantized else np.iinfo(np.int8)
    return PortText(
        accessor=port.accessor,
        conversion=port.conversion,
        macro=port.accessor.upper(),
        doc=f"{direction} {_described(port)}",
        const=const,
        c_type=port.c_type,
        offset=plan.offset_of(port.name),
        elements=port.elements,
        shape=f"{{{shape}}}",
        quantized=port.quantized,
        scale=scale,
        zero_point=port.zero_point,
        low=int(limits.min),
        high=int(limits.max),
    )


def _key(call: Call) -> tuple[str, str, str]:
    """Two calls with the same key share one C function."""
    return call.kernel.name, struct_declaration(call.kernel.name, call.params), repr(sorted(call.variant.items()))


def _functions(calls: Sequence[Call], model: str, rounding: str) -> dict[tuple[str, str, str], tuple[str, str]]:
    """For each distinct kernel function: its C name and its text, struct included. A second variant gets a number."""
    functions: dict[tuple[str, str, str], tuple[str, str]] = {}
    taken: dict[str, int] = {}
    for call in calls:
        key = _key(call)
        if key in functions:
            continue
        kernel = call.kernel.name
        taken[kernel] = taken.get(kernel, 0) + 1
        name = kernel if taken[kernel] == 1 else f"{kernel}_{taken[kernel]}"
        text = render(f"kernels/{kernel}.c.j2", name=name, rounding=rounding, **call.variant)
        functions[key] = name, f"{struct_declaration(name, call.params)}\n\n{text.lstrip()}"
    return functions


def _structs(calls: Sequence[Call]) -> dict[str, str]:
    """The declarations of the structs that parameters share, by name."""
    return {p.c_name: struct_declaration(p.c_name, p) for call in calls for p in nested_of(call.params)}


def _constants(graph: Graph, calls: Sequence[Call]) -> Iterator[Constant]:
    """What goes to flash: the parameters of every call, constants that are passed as operands, initial states."""
    for call in calls:
        yield from constants_of(call.params)
    operands = {name: graph[name] for call in calls for name in call.inputs if graph[name].constant}
    for name, tensor in operands.items():
        assert tensor.data is not None
        yield Constant(f"{name}_data", tensor.data)
    for state in graph.state:
        if _fill(state.initial) is None:
            yield Constant(f"{state.current}_initial", state.initial)


def weights_bytes(graph: Graph, calls: Sequence[Call]) -> int:
    """The bytes of flash that the constants of `calls` take."""
    return sum(constant.data.nbytes for constant in _constants(graph, calls))


def _arrays(graph: Graph, calls: Sequence[Call]) -> Iterator[Array]:
    for constant in _constants(graph, calls):
        data = np.asarray(constant.data)
        yield Array(f"{graph.name}_{constant.name}", constant.c_type, data.size, array_body(data))


def _layer(graph: Graph, plan: Plan, call: Call, function: str, interface: Interface) -> Layer:
    output = graph[call.outputs[0]]
    params_name = f"params_{output.name}"
    operands = [f"&{params_name}"]
    operands += [_address(graph, plan, graph[name], "const ") for name in call.inputs]
    operands += [_address(graph, plan, graph[name], "") for name in call.outputs]
    if call.scratch:
        operands.append(_at(call.scratch_type, "", plan.offset_of(scratch_name(output.name))))
    return Layer(
        comment=str(next(op for op in graph.ops if output.name in op.outputs)),
        params_name=params_name,
        struct=function,
        initializer=initializer(call.params, graph.name),
        call=f"{function}({', '.join(operands)});",
        traces=tuple(
            Trace(interface.layers.index(name), _at("int8_t", "const ", plan.offset_of(name)), graph[name].bytes)
            for name in call.outputs
        ),
    )


def _address(graph: Graph, plan: Plan, tensor: Tensor, const: str) -> str:
    if tensor.constant:
        return f"{graph.name}_{tensor.name}_data"
    return _at(C_TYPES[tensor.dtype], const, plan.offset_of(tensor.name))


def _at(c_type: str, const: str, offset: int) -> str:
    place = f"base + {offset}" if offset else "base"
    return place if c_type == "int8_t" else f"({const}{c_type} *)(void *)({place})"


def kernels_used(calls: Sequence[Call]) -> tuple[Kernel, ...]:
    """The kernels behind `calls`, each once."""
    return tuple(dict.fromkeys(call.kernel for call in calls))
