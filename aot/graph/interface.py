"""A model as its user sees it in C: names, inputs, outputs. One record for the header, the firmware and the host."""

from collections.abc import Sequence
from dataclasses import dataclass

from aot.graph.ir import Graph, Tensor

C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",  # of a kernel's tables only
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
    "bool": "uint8_t",  # 0 or 1
}


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
    """What firmware and host must know of a model.

    `layers` are the tensors that a trace shows, in order; `states` is what it remembers from run to run,
    `code` a hash of its C files: two firmwares with the same model and the same hash compute the same;
    `benchmark` is its name in MLPerf Tiny, where the firmware is to take and give what that benchmark's runner wants;
    `weights_section` is the linker's section for the constants, or empty for the compiler's choice;
    `weights_file_bytes` the size of `<name>_weights.bin`, or 0 where the constants are part of the C; `pools` are the
    memories that its arenas lie in; `weights_in_ram` the names of the constants that are copied to RAM.
    """

    name: str
    macro: str
    sha256: str
    version: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: tuple[str, ...]
    states: tuple[Port, ...] = ()
    code: str = "0"
    benchmark: str = ""
    weights_section: str = ""
    weights_file_bytes: int = 0
    pools: tuple[str, ...] = ("ram",)
    weights_in_ram: tuple[str, ...] = ()
    weights_in_ram_bytes: int = 0

    @property
    def models(self) -> "tuple[Interface, ...]":
        """This model alone: all that a firmware of one model holds."""
        return (self,)

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return self.name


@dataclass(frozen=True)
class Bundle:
    """What firmware and host must know of several models in one arena of `arena_bytes`.

    Model `i` has its own arena from byte `starts[i]` on. `concurrent` models have nothing in common there; others begin
    at the same byte and do not run at once, but what each remembers lies where no other writes. `name` is that of the
    program and of the common header.
    """

    name: str
    models: tuple[Interface, ...]
    arena_bytes: int
    starts: tuple[int, ...]
    concurrent: bool

    @property
    def macro(self) -> str:
        """What the macros of the common header begin with."""
        return self.name.upper()

    @property
    def title(self) -> str:
        """What a sentence calls it."""
        return f"the firmware of {listed(self.models)}"

    @property
    def version(self) -> str:
        """The version of aot that made it."""
        return self.models[0].version

    @property
    def weights_section(self) -> str:
        """The linker's section for all constants, or empty."""
        return self.models[0].weights_section

    @property
    def weights_file_bytes(self) -> int:
        """The constants of several models are never a file."""
        return 0


Held = Interface | Bundle  # what a firmware holds: one model, or several


def listed(models: Sequence[Interface]) -> str:
    """The names of models in a sentence."""
    *others, last = (model.name for model in models)
    return f"{', '.join(others)} and {last}" if others else last


def interface_of(graph: Graph, layers: tuple[str, ...], sha256: str, version: str) -> Interface:
    """The interface of `graph`, whose model file has the given SHA-256."""
    inputs = _ports(graph, graph.inputs, "input", "quantize")
    outputs = _ports(graph, graph.outputs, "output", "dequantize")
    states = tuple(_port(graph[state.current], f"{graph.name}_state_{state.current}") for state in graph.state)
    return Interface(graph.name, graph.name.upper(), sha256, version, inputs, outputs, layers, states)


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
