"""Graph + Calls + Plan -> the text of a model's three C files."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aot.base.errors import AotError
from aot.base.templating import Fragment, render
from aot.emit.constants import constants_in, fill_of
from aot.emit.ctext import array_body, defined_names, float_literal, local_names
from aot.emit.helpers import prelude
from aot.emit.layers import control_functions, everything, functions_of, layers_inside, layers_of
from aot.emit.origin import Origin, settings
from aot.emit.places import Place, base_of, place, pools_in
from aot.emit.weights_file import ALIGN, FORMAT, HEADER_BYTES, MAGIC, members, model_words
from aot.graph.deployment import Weights
from aot.graph.interface import Interface, Port
from aot.graph.ir import Graph
from aot.kernels.call import Block, Call, Constant, Target
from aot.plan import Plan

ARENA_ALIGN = 8  # enough for every element type and for double-word loads


@dataclass(frozen=True)
class Array:
    """One array of `<name>_weights.c`."""

    name: str
    c_type: str
    elements: int
    body: str
    in_ram: bool
    words: bool
    note: str


@dataclass(frozen=True)
class PortText:
    """What the header prints of an input or output; an output is `const `. `memory` is the arena that it lies in."""

    accessor: str
    conversion: str
    macro: str
    doc: str
    const: str
    parameter: str
    c_type: str
    memory: str
    offset: int
    elements: int
    shape: str
    quantized: bool
    scale: str
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class ArenaText:
    """What the header prints of an arena: its pool, the macro of its size, and what memory it is in words."""

    pool: str
    macro: str
    bytes: int
    memory: str


@dataclass(frozen=True)
class Base:
    """A variable of a function, and the arena that it points to."""

    name: str
    memory: str


@dataclass(frozen=True)
class StateText:
    """What the header and `<name>_init` print of a state, and the copy that ends a run, if there is one.

    `initial` is the constant that it begins as, or empty where all its bytes begin as `fill`.
    """

    name: str
    doc: str
    place: Place
    bytes: int
    fill: int
    initial: str
    copied_from: Place | None


def model_files(
    block: Block,
    interface: Interface,
    weights: Weights,
    target: Target,
    code: str = "",
    origin: Origin | None = None,
    stack_bytes: int | None = None,
) -> dict[str, str]:
    """Path -> text of `<name>.h`, `<name>.c` and `<name>_weights.c`.

    `code` is the hash that a file of constants must have, where they are one; `origin` and stack are for the header.
    """
    graph, calls, plan = block.graph, block.calls, block.plan
    apart, arrays = weights.file_bytes > 0, constants_in(block)
    constants = f"{graph.name}_weights." if apart else f"{graph.name}_"
    functions = functions_of(calls, target.rounding)
    control = list(control_functions(constants, block, functions))
    of_states = Fragment("", ("string.h",) if graph.state else ())
    helpers = prelude(functions.values(), [*control, of_states], target)
    layers = layers_of(constants, block, functions, {name: i for i, name in enumerate(layer_names(calls))})
    parameters = [layer for layer in (*layers_inside(constants, calls, functions), *layers) if layer.struct]
    texts = [helpers.text, *(one.text for one in functions.values()), *(one.text for one in control)]
    local = local_names([*texts, *(f"static {one.params_name} =" for one in parameters)])
    states = _states(graph, plan, interface, constants)
    values: dict[str, object] = {
        "interface": interface,
        "weights": weights,
        "rounding": target.rounding,
        "origin": origin,
        "settings": list(settings(block, helpers.needs)),
        "arenas": _arenas(plan, interface),
        "parameter": _parameter(plan, interface, ""),
        "run_bases": _bases(plan, [*(one for layer in layers for one in layer.places), *_copied(states)]),
        "init_bases": _bases(plan, [state.place for state in states]),
        "arena_align": ARENA_ALIGN,
        "weights_bytes": sum(array.data.nbytes for array in arrays),
        "stack_bytes": stack_bytes,
        "ports": _ports(interface, plan),
        "states": states,
        "arrays": [] if apart else list(_arrays(graph, arrays, weights)),
        **(_weights_apart(arrays, code) if apart else {"weights_members": []}),
        "layers": layers,
        "planes": any(call.planes for call in everything(calls)),
        "parameters": parameters,
        "local_names": local,
        "control_functions": [one.text for one in control],
        "prelude": helpers,
        "functions": [one.text for one in functions.values()],
    }
    suffixes = {"model.h.j2": ".h", "model.c.j2": ".c", _template_of(weights): "_weights.c"}
    files = {f"{graph.name}{suffix}": render(template, **values) for template, suffix in suffixes.items()}
    _check_names(graph.name, files, local)
    return files


def layer_names(calls: Sequence[Call]) -> tuple[str, ...]:
    """The tensors that a trace shows, in order."""
    return tuple(name for call in calls for name in call.outputs)


def _template_of(weights: Weights) -> str:
    return "weights_check.c.j2" if weights.file_bytes else "weights.c.j2"


def _weights_apart(constants: Sequence[Constant], code: str) -> dict[str, object]:
    """What is printed where the constants are a file: its layout, and what its header must be."""
    return {
        "weights_header": HEADER_BYTES,
        "weights_align": ALIGN,
        "weights_members": members(constants),
        "weights_magic": f"{MAGIC:08X}",
        "weights_format": FORMAT,
        "weights_model": [f"{word:08X}" for word in model_words(code)],
    }


def _check_names(model: str, files: Mapping[str, str], local: Sequence[str]) -> None:
    """Raise AotError where two things would have one name: the model's, a tensor's and a helper's may meet so."""
    counts = Counter(name for text in files.values() for name in defined_names(text))
    counts.update(f"{model}_{name}" for name in local)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise AotError(
            f"in the C of model {model}, two things would be called {twice[0]}",
            "another name for the model, which begins all of its C names: --name",
        )


def _arenas(plan: Plan, interface: Interface) -> list[ArenaText]:
    if not plan.spilled:
        return [ArenaText(plan.pool, f"{interface.macro}_ARENA_SIZE", plan.size, "RAM")]
    return [
        ArenaText(one.pool, f"{interface.macro}_ARENA_{one.pool.upper()}_SIZE", one.size, one.pool)
        for one in plan.arenas
    ]


def _parameter(plan: Plan, interface: Interface, const: str) -> str:
    """How the functions take the arena, or all arenas."""
    return f"const struct {interface.name}_arena *arena" if plan.spilled else f"{const}void *arena"


def _bases(plan: Plan, used: Sequence[Place]) -> list[Base]:
    """The variables for the arenas that `used` lie in."""
    memory = "arena->{}" if plan.spilled else "arena"
    return [Base(base_of(plan, pool), memory.format(pool)) for pool in pools_in(plan, used)]


def _copied(states: Sequence[StateText]) -> Iterator[Place]:
    """Both ends of the copies that end a run."""
    for state in states:
        if state.copied_from:
            yield from (state.place, state.copied_from)


def _states(graph: Graph, plan: Plan, interface: Interface, constants: str) -> list[StateText]:
    texts = []
    for state, port in zip(graph.state, interface.states, strict=True):
        (pool, offset), following = plan.place_of(state.current), plan.place_of(state.next)
        where = f"the arena in {pool}" if plan.spilled else "the arena"
        fill = fill_of(state.initial)
        texts.append(
            StateText(
                name=state.current,
                doc=f"State {_described(port)}, at byte {offset} of {where}",
                place=place(plan, state.current),
                bytes=port.bytes,
                fill=fill or 0,
                initial=f"{constants}{state.current}_initial" if fill is None else "",
                copied_from=place(plan, state.next) if following != (pool, offset) else None,
            )
        )
    return texts


def _described(port: Port) -> str:
    """Label, type, shape and scale, fit for a comment."""
    shape = ", ".join(map(str, port.shape)) or "1"
    steps = f"(q {'+' if port.zero_point < 0 else '-'} {abs(port.zero_point)})"
    real = f", real = {float_literal(port.scale)} * {steps}" if port.quantized else ""
    label = port.label.replace("*/", "* /").replace("\\", "/")
    return f'"{label}": {port.c_type}[{shape}]{real}'


def _ports(interface: Interface, plan: Plan) -> list[PortText]:
    inputs = [_port(port, interface, plan, "Input", "") for port in interface.inputs]
    return inputs + [_port(port, interface, plan, "Output", "const ") for port in interface.outputs]


def _port(port: Port, interface: Interface, plan: Plan, direction: str, const: str) -> PortText:
    shape = ", ".join(map(str, port.shape)) or "1"
    scale = float_literal(port.scale)
    limits = np.iinfo(port.dtype) if port.quantized else np.iinfo(np.int8)
    pool, offset = plan.place_of(port.name)
    return PortText(
        accessor=port.accessor,
        conversion=port.conversion,
        macro=port.accessor.upper(),
        doc=f"{direction} {_described(port)}",
        const=const,
        parameter=_parameter(plan, interface, const),
        c_type=port.c_type,
        memory=f"arena->{pool}" if plan.spilled else "arena",
        offset=offset,
        elements=port.elements,
        shape=f"{{{shape}}}",
        quantized=port.quantized,
        scale=scale,
        zero_point=port.zero_point,
        low=int(limits.min),
        high=int(limits.max),
    )


def _arrays(graph: Graph, constants: Sequence[Constant], weights: Weights) -> Iterator[Array]:
    for constant in constants:
        data = np.asarray(constant.data)
        in_ram = constant.name in weights.in_ram
        body = array_body(data)
        yield Array(
            f"{graph.name}_{constant.name}", constant.c_type, data.size, body, in_ram, constant.words, constant.note
        )
