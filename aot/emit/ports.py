"""A model's inputs, outputs and states as its header and `<name>_init` print them."""

from dataclasses import dataclass

import numpy as np

from aot.emit.constants import fill_of
from aot.emit.ctext import float_literal, in_comment
from aot.emit.places import Place, place
from aot.graph.identifiers import shown_label
from aot.graph.interface import Interface, Port
from aot.graph.ir import Graph
from aot.plan import Plan


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


def parameter(plan: Plan, interface: Interface, const: str) -> str:
    """How the functions take the arena, or all arenas."""
    return f"const struct {interface.name}_arena *arena" if plan.spilled else f"{const}void *arena"


def state_texts(graph: Graph, plan: Plan, interface: Interface, constants: str) -> list[StateText]:
    """What is printed of each state; `constants` is what stands before a constant's name."""
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
    return f'"{in_comment(shown_label(port.label))}": {port.c_type}[{shape}]{real}'


def port_texts(interface: Interface, plan: Plan) -> list[PortText]:
    """What is printed of each input, then of each output."""
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
        parameter=parameter(plan, interface, const),
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
