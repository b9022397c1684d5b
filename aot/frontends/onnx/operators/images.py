"""Images [batch, channel, row, column], and sequences [batch, channel, step], which are images of one row."""

from aot.frontends.building import Builder, Order, Value
from aot.frontends.onnx.records import Call, Node
from aot.graph.ir import Unsupported
from aot.ops.common import Pads, require, same_pads

CHANNELS_LAST: Order = (0, 2, 3, 1)
_LARGEST = 1 << 15  # of what attributes count in elements


def as_image(build: Builder, value: Value) -> Value:
    """The value with four dimensions."""
    if value.rank == 4:
        return value
    if value.rank != 3:
        raise Unsupported(f"%{value.label} has {value.rank} dimensions; supported: 3 and 4")
    n, c, steps = value.shape
    return build.reshape(value, (n, c, 1, steps))


def as_before(call: Call, y: Value, rank: int) -> Value:
    """An image as a sequence again, where the node is about one of `rank` dimensions."""
    return y if rank == 4 else call.build.reshape(y, (y.shape[0], y.shape[1], y.shape[3]))


def along_both(node: Node, name: str, rank: int, default: int = 1) -> tuple[int, int]:
    """An attribute with a number for each spatial axis; a sequence has but one."""
    values = node.integers(name, (default,) * (rank - 2))
    if len(values) != rank - 2:
        raise Unsupported(f"{name} has {len(values)} numbers for {rank - 2} axes")
    require(max(map(abs, values)) <= _LARGEST, f"{name} is {list(values)}")
    return (values[0], values[1]) if rank == 4 else (1 if name != "output_padding" else 0, values[0])


def pads_of(
    node: Node, rank: int, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Pads:  # fmt: skip
    """The padding of a window, as the attributes have it or as `auto_pad` demands."""
    auto = node.text("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pairs = [same_pads(size[i], kernel[i], stride[i], dilation[i]) for i in (0, 1)]
        turned = [(b, a) if auto == "SAME_LOWER" else (a, b) for a, b in pairs]
        return turned[0], turned[1]
    if auto == "VALID":
        return (0, 0), (0, 0)
    return explicit_pads(node, rank)


def explicit_pads(node: Node, rank: int) -> Pads:
    """All begins, then all ends."""
    pads = node.integers("pads", (0,) * (2 * (rank - 2)))
    if len(pads) != 2 * (rank - 2):
        raise Unsupported(f"pads has {len(pads)} numbers for {rank - 2} axes")
    require(max(map(abs, pads)) <= _LARGEST, f"pads is {list(pads)}")
    if rank == 3:
        return (0, 0), (pads[0], pads[1])
    return (pads[0], pads[2]), (pads[1], pads[3])
