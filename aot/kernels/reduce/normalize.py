"""Layer, instance, group and RMS normalization."""

from dataclasses import dataclass

from aot.graph.ir import Graph, Tensor
from aot.kernels.call import AnyKernel, Call, Constant, Kernel, Params, Target, weights_of
from aot.kernels.common.work import per_row
from aot.ops.normalize import Normalize


@dataclass(frozen=True)
class NormalizeGroups(Params):
    scale: Constant | None
    bias: Constant | None
    batches: int
    rows: int
    groups: int
    inner: int
    epsilon: float


def normalize_groups(kernel: AnyKernel, op: Normalize, graph: Graph, target: Target) -> Call:
    """A group is read as often as it takes, then written: it may lie where it was."""
    x, scale, bias, y = op.operands(graph)
    batches, rows, groups, inner = op.sizes(graph)
    params = NormalizeGroups(
        _of_channels(f"{y.name}_scale", scale, "what it is multiplied by"),
        _of_channels(f"{y.name}_bias", bias, "what is added then"),
        *(batches, rows, groups, inner),
        epsilon=op.epsilon,
    )
    variant = {"centred": op.centred, "scaled": scale is not None, "biased": bias is not None}
    passes = (3 if op.centred else 2) * batches * groups * rows
    work = per_row("float32", passes, inner) | {"groups": batches * groups}
    return Call(kernel, op, params, (x.name,), (y.name,), variant, in_place=(0,), work=work)


def _of_channels(name: str, t: Tensor | None, what: str) -> Constant | None:
    return None if t is None else Constant(name, weights_of(t), f"For each channel, {what}")


KERNELS: tuple[AnyKernel, ...] = (
    Kernel("normalize_groups_f32", "reduce/normalize_groups_f32", (Normalize,), normalize_groups),
)
