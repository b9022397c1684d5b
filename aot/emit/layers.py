"""Calls as C: the functions that they share, their parameters, and the lines that make them.

`constants` is what stands before a constant's name in C: `<model>_`, or `<model>_weights.` for members of a struct.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aot.base.templating import Fragment, fragment
from aot.emit.control import bases_in, control_function, control_of, inside_function
from aot.emit.ctext import initializer, struct_declaration
from aot.emit.names import names_of
from aot.emit.places import Place, memory_of, place
from aot.graph.c_types import C_TYPES
from aot.kernels.call import Block, Call, Params
from aot.plan import scratch_name

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Function:
    """The C function of a kernel, the struct of its parameters included; what it needs of the prelude, and defines."""

    name: str
    text: str
    params: Params
    needs: tuple[str, ...]
    defines: tuple[str, ...]


Functions = dict[Key, Function]


@dataclass(frozen=True)
class Trace:
    """What a tracing build shows of one output of a layer; `index` counts the outputs of all layers."""

    index: int
    data: Place
    bytes: int


@dataclass(frozen=True)
class Layer:
    """One line of `<name>_run` and what it refers to; `struct` is empty where nothing is. `memory` is for a comment."""

    comment: str
    memory: str
    params_name: str
    struct: str
    initializer: str
    call: str
    places: tuple[Place, ...]
    traces: tuple[Trace, ...]


def everything(calls: Sequence[Call]) -> list[Call]:
    """All calls, those of graphs inside control flow included."""
    return [one for call in calls for one in call.everything()]


def key_of(call: Call) -> Key:
    """Two calls with the same key share one C function."""
    return call.kernel.name, struct_declaration(call.kernel.name, call.params), repr(sorted(call.variant.items()))


def functions_of(calls: Sequence[Call], rounding: str, together: Sequence[Call] = ()) -> Functions:
    """Each distinct kernel function of `calls`, named among those of all models `together`, where they are several."""
    named = _distinct(together or calls)
    names = dict(zip(named, names_of([(call, struct) for (_, struct, _), call in named.items()]), strict=True))
    return {key: _function(call, names[key], rounding) for key, call in _distinct(calls).items()}


def _distinct(calls: Sequence[Call]) -> dict[Key, Call]:
    """A call for each kernel function."""
    first: dict[Key, Call] = {}
    for call in everything(calls):
        if not call.blocks:
            first.setdefault(key_of(call), call)
    return first


def _function(call: Call, name: str, rounding: str) -> Function:
    made = fragment(f"kernels/{call.kernel.template}.c.j2", name=name, rounding=rounding, **call.variant)
    text = f"{struct_declaration(name, call.params)}\n\n{made.text.lstrip()}"
    return Function(name, text, call.params, made.needs + call.needs, (name, *made.defines))


def layers_of(constants: str, block: Block, functions: Functions, traced: Mapping[str, int]) -> list[Layer]:
    """The calls of `block`; `traced` numbers the tensors that a trace shows."""
    return [_layer(constants, block, call, functions, traced) for call in block.calls]


def layers_inside(constants: str, calls: Sequence[Call], functions: Functions) -> list[Layer]:
    """The calls of all graphs inside `calls`, for their parameters."""
    blocks = [inner for call in everything(calls) for inner in call.blocks.values()]
    return [layer for block in blocks for layer in layers_of(constants, block, functions, {})]


def control_functions(constants: str, block: Block, functions: Functions) -> Iterator[Fragment]:
    """The functions of control flow in `block` and of the graphs inside, the innermost first."""
    for call in block.calls:
        for name, inner in call.blocks.items():
            yield from control_functions(constants, inner, functions)
            layers = layers_of(constants, inner, functions, {})
            yield fragment("kernels/control/block.c.j2", function=inside_function(call, name), layers=layers)
        if call.blocks:
            control = control_of(constants, block, call)
            yield control_function(control, bases_in(control, block), call)


def _layer(constants: str, block: Block, call: Call, functions: Functions, traced: Mapping[str, int]) -> Layer:
    struct, params_name = "" if call.blocks else functions[key_of(call)].name, f"params_{call.outputs[0]}"
    if call.blocks:
        control = control_of(constants, block, call)
        places, line = control.places, f"{control.function}({', '.join(bases_in(control, block))});"
    else:
        places = list(_operands(constants, block, call))
        line = f"{struct}({', '.join([f'&{params_name}', *map(str, places)])});"
    return Layer(
        comment=str(call.op) + _layout(call),
        memory=memory_of(block, call),
        params_name=params_name,
        struct=struct,
        initializer=initializer(call.params, constants),
        call=line,
        places=tuple(places),
        traces=tuple(_traces(block, call, traced)),
    )


def _traces(block: Block, call: Call, traced: Mapping[str, int]) -> Iterator[Trace]:
    for name in call.outputs:
        if name in traced:
            yield Trace(traced[name], place(block.plan, name, const="const "), block.graph[name].bytes)


def _layout(call: Call) -> str:
    """What of the call's images lies by planes."""
    names = [name for name in (*call.inputs, *call.outputs) if name in call.planes]
    return f"; by planes: {', '.join(f'%{name}' for name in names)}" if names else ""


def _operands(constants: str, block: Block, call: Call) -> Iterator[Place]:
    graph, plan = block.graph, block.plan
    for name in call.inputs:
        if graph[name].constant:
            yield Place(f"{constants}{name}_data")
        else:
            yield place(plan, name, C_TYPES[graph[name].dtype], "const ")
    for name in call.outputs:
        yield place(plan, name, C_TYPES[graph[name].dtype])
    if call.scratch:
        yield place(plan, scratch_name(call.outputs[0]), call.scratch_type)
