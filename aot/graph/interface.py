"""A model as its user sees it in C: names, inputs, outputs."""

from dataclasses import dataclass

from aot.graph.c_types import C_TYPES
from aot.graph.ir import Graph, Tensor


@dataclass(frozen=True)
class Port:
    """An input or output: its C functions, and what lies there. `real = scale * (q - zero_point)`.

    `accessor` gives its address; `conversion` makes codes of reals for an input, reals of codes for an output.
    """

    name: str
    accessor: str
    conversion: str
    c_type: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    scale: float = 1.0
    zero_point: int = 0
    label: str = ""

    @property
    def elements(self) -> int:
        count = 1
        for extent in self.shape:
            count *= extent
        return count

    @property
    def quantized(self) -> bool:
        return self.dtype in ("int8", "uint8", "int16")


@dataclass(frozen=True)
class Interface:
    """What the user of a model sees of it in C. `states` is what it remembers from run to run."""

    name: str
    macro: str
    sha256: str
    version: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    states: tuple[Port, ...] = ()


def interface_of(graph: Graph, sha256: str, version: str) -> Interface:
    """The interface of `graph`, whose model file has the given SHA-256."""
    inputs = _ports(graph, graph.inputs, "input", "quantize")
    outputs = _ports(graph, graph.outputs, "output", "dequantize")
    states = tuple(_port(graph[state.current], f"{graph.name}_state_{state.current}") for state in graph.state)
    return Interface(graph.name, graph.name.upper(), sha256, version, inputs, outputs, states)


def _ports(graph: Graph, names: tuple[str, ...], direction: str, conversion: str) -> tuple[Port, ...]:
    """A single input or output needs no name of its own. What a function does comes first: tensors cannot collide."""
    return tuple(
        _port(graph[name], f"{graph.name}_{direction}{end}", f"{graph.name}_{conversion}_{direction}{end}")
        for name, end in ((name, "" if len(names) == 1 else f"_{name}") for name in names)
    )


def _port(tensor: Tensor, accessor: str, conversion: str = "") -> Port:
    quant = (tensor.scale, tensor.zero_point) if tensor.quant else (1.0, 0)
    c_type = C_TYPES[tensor.dtype]
    return Port(
        tensor.name, accessor, conversion, c_type, tensor.dtype, tensor.shape, tensor.bytes, *quant, label=tensor.label
    )
