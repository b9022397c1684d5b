"""Calls as C: the functions that they share, their parameters, the lines that make them, and control flow.

`constants` is what stands before a constant's name in C: `<model>_`, or `<model>_weights.` for members of a struct.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aot.base.templating import render
from aot.emit.ctext import initializer, struct_declaration
from aot.graph.interface import C_TYPES
from aot.graph.ir import Tensor
from aot.kernels.call import Block, Call
from aot.plan import Plan, scratch_name

Key = tuple[str, str, str]
Functions = dict[Key, tuple[str, str]]  # the C name and the text of each kernel function


@dataclass(frozen=True)
class Trace:
    """What a tracing build shows of one output of a layer; `index` counts the outputs of all layers."""

    index: int
    data: str
    bytes: int


@dataclass(frozen=True)
class Layer:
    """One line of `<name>_run` and what it refers to; `struct` is empty where nothing is."""

    comment: str
    params_name: str
    struct: str
    initializer: str
    call: str
    traces: tuple[Trace, ...]


@dataclass(frozen=True)
class Copy:
    """One memcpy between the memory of a graph and that of a graph inside it."""

    target: str
    source: str
    bytes: int
    comment: str


@dataclass(frozen=True)
class Inside:
    """What the function of control flow needs of a graph inside: its function, and what goes in and comes out."""

    function: str
    copies_in: tuple[Copy, ...]
    copies_out: tuple[Copy, ...]
    verdict: str


def everything(calls: Sequence[Call]) -> list[Call]:
    """All calls, those of graphs inside control flow included."""
    return [one for call in calls for one in call.everything()]


def key_of(call: Call) -> Key:
    """Two calls with the same key share one C function."""
    return call.kernel.name, struct_declaration(call.kernel.name, call.params), repr(sorted(call.variant.items()))


def functions_of(calls: Sequence[Call], rounding: str) -> Functions:
    """For each distinct kernel function: its C name and its text, struct included. A second variant gets a number."""
    functions: Functions = {}
    taken: dict[str, int] = {}
    for call in everything(calls):
        key = key_of(call)
        if key in functions or call.blocks:
            continue
        kernel = call.kernel.name
        taken[kernel] = taken.get(kernel, 0) + 1
        name = kernel if taken[kernel] == 1 else f"{kernel}_{taken[kernel]}"
        text = render(f"kernels/{call.kernel.template}.c.j2", name=name, rounding=rounding, **call.variant)
        functions[key] = name, f"{struct_declaration(name, call.params)}\n\n{text.lstrip()}"
    return functions


def layers_of(constants: str, block: Block, functions: Functions, traced: Mapping[str, int]) -> list[Layer]:
    """The calls of `block`; `traced` numbers the tensors that a trace shows."""
    return [_layer(constants, block, call, functions, traced) for call in block.calls]


def layers_inside(constants: str, calls: Sequence[Call], functions: Functions) -> list[Layer]:
    """The calls of all graphs inside `calls`, for their parameters."""
    blocks = [inner for call in everything(calls) for inner in call.blocks.values()]
    return [layer for block in blocks for layer in layers_of(constants, block, functions, {})]


def _layer(constants: str, block: Block, call: Call, functions: Functions, traced: Mapping[str, int]) -> Layer:
    graph, plan, output = block.graph, block.plan, call.outputs[0]
    struct = "" if call.blocks else functions[key_of(call)][0]
    return Layer(
        comment=str(call.op) + _layout(call),
        params_name=f"params_{output}",
        struct=struct,
        initializer=initializer(call.params, constants),
        call=f"run_{output}({', '.join(_control_bases(constants, block, call))});"
        if call.blocks
        else f"{struct}({', '.join(_operands(constants, block, call))});",
        traces=tuple(
            Trace(traced[name], place("int8_t", "const ", plan, name), graph[name].bytes)
            for name in call.outputs
            if name in traced
        ),
    )


def _layout(call: Call) -> str:
    """What of the call's images lies by planes."""
    names = [name for name in (*call.inputs, *call.outputs) if name in call.planes]
    return f"; by planes: {', '.join(f'%{name}' for name in names)}" if names else ""


def _operands(constants: str, block: Block, call: Call) -> Iterator[str]:
    graph, plan = block.graph, block.plan
    yield f"&params_{call.outputs[0]}"
    for name in call.inputs:
        yield _address(constants, plan, graph[name], "const ")
    for name in call.outputs:
        yield _address(constants, plan, graph[name], "")
    if call.scratch:
        yield place(call.scratch_type, "", plan, scratch_name(call.outputs[0]))


def _address(constants: str, plan: Plan, tensor: Tensor, const: str) -> str:
    if tensor.constant:
        return f"{constants}{tensor.name}_data"
    return place(C_TYPES[tensor.dtype], const, plan, tensor.name)


def base_of(plan: Plan, pool: str) -> str:
    """The variable that points to the arena in `pool`."""
    return f"base_{pool}" if plan.spilled else "base"


def bases_in(plan: Plan, text: str) -> list[str]:
    """The pools whose variables C text uses; the only one in any case."""
    pools = [one.pool for one in plan.arenas]
    return [pool for pool in pools if not plan.spilled or re.search(rf"\b{base_of(plan, pool)}\b", text)]


def place(c_type: str, const: str, plan: Plan, name: str) -> str:
    """Where a tensor or scratch lies, as a pointer to `c_type`."""
    pool, offset = plan.place_of(name)
    return at(c_type, const, offset, base_of(plan, pool))


def at(c_type: str, const: str, offset: int, memory: str) -> str:
    """The place `offset` bytes into `memory`, as a pointer to `c_type`."""
    place = f"{memory} + {offset}" if offset else memory
    return place if c_type == "int8_t" else f"({const}{c_type} *)(void *)({place})"


def control_functions(constants: str, block: Block, functions: Functions) -> Iterator[str]:
    """The functions of control flow in `block` and of the graphs inside, the innermost first."""
    for call in block.calls:
        for name, inner in call.blocks.items():
            yield from control_functions(constants, inner, functions)
            layers = layers_of(constants, inner, functions, {})
            yield render("kernels/control/block.c.j2", function=_function(call, name), layers=layers)
        if call.blocks:
            yield _control(constants, block, call)


def _function(call: Call, name: str) -> str:
    """Not called `run_...`: this might be what runs a tensor of that name."""
    return f"{name}_of_{call.outputs[0]}"


def _control(constants: str, block: Block, call: Call) -> str:
    values = _control_values(constants, block, call)
    parameters = ", ".join(f"int8_t *{base}" for base in _control_bases(constants, block, call))
    return render(f"kernels/{call.kernel.template}.c.j2", parameters=parameters, **values)


def _control_bases(constants: str, block: Block, call: Call) -> list[str]:
    """The arenas that the function of control flow takes: those that it uses."""
    plan = block.plan
    return [base_of(plan, pool) for pool in bases_in(plan, str(_control_values(constants, block, call)))]


def _control_values(constants: str, block: Block, call: Call) -> dict[str, Any]:
    """What its template prints."""
    loop = call.kernel.name == "while_loop"
    carried = call.outputs if loop else call.inputs[1:]
    inside = {}
    for name, inner in call.blocks.items():
        changed = () if name == "condition" else _changed(call.outputs, inner, loop)
        inside[name] = Inside(
            function=_function(call, name),
            copies_in=_copies_in(constants, block, carried, inner, changed),
            copies_out=_copies_out(block, inner, changed),
            verdict=f"inside[{inner.plan.offset_of(inner.graph.outputs[0])}]",
        )
    return {
        "function": f"run_{call.outputs[0]}",
        "comment": str(call.op),
        "inside": inside,
        "memory": place("int8_t", "", block.plan, scratch_name(call.outputs[0])),
        "begin": _begin(constants, block, call) if loop else (),
        "condition": "" if loop else _condition(constants, block, call),
    }


def _condition(constants: str, block: Block, call: Call) -> str:
    condition = block.graph[call.inputs[0]]
    if condition.constant:
        return f"{constants}{condition.name}_data[0]"
    pool, offset = block.plan.place_of(condition.name)
    return f"{base_of(block.plan, pool)}[{offset}]"


def _begin(constants: str, block: Block, call: Call) -> tuple[Copy, ...]:
    """What is carried from step to step begins as the inputs, where it does not lie there already."""
    pairs = list(zip(call.inputs, call.outputs, strict=True))
    return tuple(
        Copy(place("int8_t", "", block.plan, name), _source(constants, block, source), block.graph[name].bytes,
             f"%{name} = %{source}")
        for source, name in pairs
        if block.graph[source].constant or block.plan.place_of(source) != block.plan.place_of(name)
    )  # fmt: skip


def _changed(names: Sequence[str], inner: Block, loop: bool) -> tuple[tuple[str, str], ...]:
    """The outputs of control flow, each with what the graph inside gives; of a loop, those that a step changes."""
    pairs = tuple(zip(names, inner.graph.outputs, strict=True))
    return tuple(p for p, own in zip(pairs, inner.graph.inputs, strict=True) if p[1] != own) if loop else pairs


def _copies_in(
    constants: str, block: Block, names: Sequence[str], inner: Block, changed: Sequence[tuple[str, str]]
) -> tuple[Copy, ...]:
    """What the graph inside reads, or gives as it is."""
    read = {name for op in inner.graph.ops for name in op.inputs} | {own for _, own in changed}
    if not changed:  # a condition, which may be a value as it goes in
        read |= set(inner.graph.outputs)
    return tuple(
        Copy(at("int8_t", "", inner.plan.offset_of(own), "inside"), _source(constants, block, name),
             block.graph[name].bytes, f"%{own} = %{name}")
        for name, own in zip(names, inner.graph.inputs, strict=True)
        if own in read
    )  # fmt: skip


def _copies_out(block: Block, inner: Block, changed: Sequence[tuple[str, str]]) -> tuple[Copy, ...]:
    return tuple(
        Copy(place("int8_t", "", block.plan, name), at("int8_t", "", inner.plan.offset_of(own), "inside"),
             block.graph[name].bytes, f"%{name} = %{own}")
        for name, own in changed
    )  # fmt: skip


def _source(constants: str, block: Block, name: str) -> str:
    """Where a value of `block` lies, be it a constant in flash."""
    tensor = block.graph[name]
    return f"{constants}{name}_data" if tensor.constant else place("int8_t", "", block.plan, name)
