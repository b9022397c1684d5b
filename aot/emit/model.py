"""Graph + Calls + Plan -> the text of a model's three C files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from aot.base.errors import AotError
from aot.base.templating import Fragment, fragment
from aot.emit.arrays import array_body
from aot.emit.common import Common
from aot.emit.constants import constants_in
from aot.emit.helpers import Prelude, prelude
from aot.emit.layers import Layer, control_functions, everything, functions_of, layers_inside, layers_of
from aot.emit.origin import Origin, settings
from aot.emit.places import Place, base_of, pools_in
from aot.emit.ports import StateText, parameter, port_texts, state_texts
from aot.emit.weights_file import ALIGN, FORMAT, HEADER_BYTES, MAGIC, members, model_words
from aot.graph.deployment import Weights
from aot.graph.interface import Interface
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
class Code:
    """What `<name>.c` prints, from top to bottom; `planes` tells whether a call's images lie by planes."""

    prelude: Prelude
    functions: list[str]
    parameters: list[Layer]
    control_functions: list[str]
    layers: list[Layer]
    states: list[StateText]
    local_names: list[str]
    run_bases: list[Base]
    init_bases: list[Base]
    planes: bool


def model_files(
    block: Block,
    interface: Interface,
    weights: Weights,
    target: Target,
    code: str = "",
    origin: Origin | None = None,
    stack_bytes: int | None = None,
    common: Common | None = None,
) -> dict[str, Fragment]:
    """Path -> `<name>.h`, `<name>.c` and `<name>_weights.c`, which define what others may see.

    `code` is the hash that a file of constants must have, where they are one; `origin` and stack are for the header.
    What is in `common` with other models stands in a file of its own, not in these.
    """
    name, arrays = block.graph.name, constants_in(block)
    written = _code(block, interface, target, f"{name}_weights." if weights.file_bytes else f"{name}_", common)
    values: dict[str, object] = {
        **vars(written),
        "interface": interface,
        "weights": weights,
        "rounding": target.rounding,
        "origin": origin,
        "common": common,
        "settings": list(settings(block, written.prelude.needs)),
        "arenas": _arenas(block.plan, interface),
        "parameter": parameter(block.plan, interface, ""),
        "arena_align": ARENA_ALIGN,
        "weights_bytes": sum(array.data.nbytes for array in arrays),
        "stack_bytes": stack_bytes,
        "ports": port_texts(interface, block.plan),
        "arrays": [] if weights.file_bytes else list(_arrays(block.graph, arrays, weights)),
        "names_of_math": any(not np.isfinite(a.data).all() for a in arrays if a.data.dtype == np.float32),
        **(_weights_apart(arrays, code) if weights.file_bytes else {"weights_members": []}),
    }
    suffixes = {"model.h.j2": ".h", "model.c.j2": ".c", _template_of(weights): "_weights.c"}
    files = {f"{name}{suffix}": fragment(template, **values) for template, suffix in suffixes.items()}
    _check_names(name, files.values(), written.local_names)
    return files


def _code(block: Block, interface: Interface, target: Target, constants: str, common: Common | None) -> Code:
    """`constants` is what stands before a constant's name."""
    graph, calls, plan = block.graph, block.calls, block.plan
    together, elsewhere = (common.calls, common.names) if common else ((), frozenset[str]())
    functions = functions_of(calls, target.rounding, together)
    own = [one for one in functions.values() if one.name not in elsewhere]
    control = list(control_functions(constants, block, functions))
    of_states = Fragment("", ("string.h",) if graph.state else ())
    helpers = prelude(functions.values(), [*control, of_states], target, elsewhere)
    layers = layers_of(constants, block, functions, {name: i for i, name in enumerate(layer_names(calls))})
    parameters = [layer for layer in (*layers_inside(constants, calls, functions), *layers) if layer.struct]
    defined = chain(helpers.defines, *(one.defines for one in own), *(one.defines for one in control))
    states = state_texts(graph, plan, interface, constants)
    return Code(
        prelude=helpers,
        functions=[one.text for one in own],
        parameters=parameters,
        control_functions=[one.text for one in control],
        layers=layers,
        states=states,
        local_names=sorted({*defined, *(one.params_name for one in parameters)}),
        run_bases=_bases(plan, [*(one for layer in layers for one in layer.places), *_copied(states)]),
        init_bases=_bases(plan, [state.place for state in states]),
        planes=any(call.planes for call in everything(calls)),
    )


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


def _check_names(model: str, files: Iterable[Fragment], local: Sequence[str]) -> None:
    """Raise AotError where two things would have one name: the model's, a tensor's and a helper's may meet so."""
    counts = Counter([*(name for file in files for name in file.defines), *local])
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


def _bases(plan: Plan, used: Sequence[Place]) -> list[Base]:
    """The variables for the arenas that `used` lie in."""
    memory = "arena->{}" if plan.spilled else "arena"
    return [Base(base_of(plan, pool), memory.format(pool)) for pool in pools_in(plan, used)]


def _copied(states: Sequence[StateText]) -> Iterator[Place]:
    """Both ends of the copies that end a run."""
    for state in states:
        if state.copied_from:
            yield from (state.place, state.copied_from)


def _arrays(graph: Graph, constants: Sequence[Constant], weights: Weights) -> Iterator[Array]:
    for constant in constants:
        data = np.asarray(constant.data)
        in_ram = constant.name in weights.in_ram
        body = array_body(data)
        yield Array(
            f"{graph.name}_{constant.name}", constant.c_type, data.size, body, in_ram, constant.words, constant.note
        )
