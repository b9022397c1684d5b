"""Nodes of random ONNX models that move elements or compute one by one; layers are in `random_onnx_layers`."""

import numpy as np
from random_onnx import Growing, Maker

_FUNCTIONS = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "HardSwish",
    "Identity", "Log", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
    "Sqrt", "Tan", "Tanh",
)  # fmt: skip
_WITH_PARAMETERS = {
    "Celu": ("alpha",), "Elu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "LeakyRelu": ("alpha",),
    "Selu": ("alpha", "gamma"), "Shrink": ("lambd", "bias"), "ThresholdedRelu": ("alpha",),
}  # fmt: skip
_COMPARISONS = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")


def function(g: Growing) -> None:
    g.add(g.one_of(_FUNCTIONS), [g.pick()])


def parametrised(g: Growing) -> None:
    """A function with attributes, or their defaults."""
    kind = g.one_of(tuple(_WITH_PARAMETERS))
    chosen = {name: round(float(g.rng.uniform(0.05, 1.5)), 3) for name in _WITH_PARAMETERS[kind] if g.chance(0.7)}
    g.add(kind, [g.pick()], **chosen)


def newer(g: Growing) -> None:
    """Functions of newer opsets."""
    g.need(g.opset >= 20)
    kind = g.one_of(("Gelu", "Mish", "Gelu"))
    g.add(kind, [g.pick()], **({"approximate": g.one_of(("none", "tanh"))} if kind == "Gelu" else {}))


def clip(g: Growing) -> None:
    low, high = sorted(float(v) for v in g.rng.uniform(-2, 6, 2))
    if g.chance(0.4):
        low, high = g.one_of(((0.0, 6.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 20.0)))
    bounds = [g.constant(low) if g.chance(0.8) else "", g.constant(high) if g.chance(0.8) else ""]
    g.add("Clip", [g.pick(), *bounds])


def second(g: Growing, x: str) -> str:
    """Another operand that broadcasts with %x: a value or a constant of some of its extents."""
    shape = g.shape(x)
    if g.chance(0.5):
        y = g.pick()
        try:
            np.broadcast_shapes(shape, g.shape(y))
            return y
        except ValueError:
            pass
    kept = shape[g.whole(0, len(shape)) :]
    return g.constant(g.reals([e if g.chance(0.6) else 1 for e in kept]))


def arithmetic(g: Growing) -> None:
    x = g.pick()
    pair = [x, second(g, x)]
    g.add(g.one_of(("Add", "Sub", "Mul", "Div", "Max", "Min", "Mean", "Sum")), pair[::-1] if g.chance(0.4) else pair)


def several(g: Growing) -> None:
    x = g.pick()
    g.add(g.one_of(("Max", "Min", "Mean", "Sum")), [second(g, x) if i else x for i in range(g.whole(1, 4))])


def power(g: Growing) -> None:
    x = g.pick()
    g.add("Pow", [x, g.constant(g.one_of((2.0, 3.0, 0.5, -1.0, 1.0, 1.5)))])


def prelu(g: Growing) -> None:
    x = g.pick()
    shape = g.shape(x)
    kept = shape[1:] if len(shape) > 2 else shape[-1:]
    g.add("PRelu", [x, g.constant(g.reals([e if i == 0 or g.chance(0.2) else 1 for i, e in enumerate(kept)]))])


def modulo(g: Growing) -> None:
    x = g.pick()
    g.add("Mod", [x, g.constant(g.rng.uniform(0.5, 3))], fmod=1)


def compared(g: Growing) -> None:
    """A choice between two values, by a comparison."""
    x = g.pick()
    (chosen,) = g.add(g.one_of(_COMPARISONS), [x, second(g, x)])
    if g.chance(0.3):
        (chosen,) = g.add("Not", [chosen])
    if g.chance(0.3):
        (other,) = g.add("Less", [x, g.constant(float(g.rng.uniform(-1, 1)))])
        (chosen,) = g.add(g.one_of(("And", "Or", "Xor")), [chosen, other])
    if g.chance(0.2):
        g.add("Cast", [chosen], to=1)
    else:
        g.add("Where", [chosen, x, second(g, x)])


def transposed(g: Growing) -> None:
    x = g.pick((2, 3, 4, 5))
    g.add("Transpose", [x], perm=[int(i) for i in g.rng.permutation(len(g.shape(x)))])


def reshaped(g: Growing) -> None:
    """Axes split or merged, at times by what Shape says."""
    x = g.pick()
    shape = list(g.shape(x))
    i = g.whole(0, len(shape) - 1)
    divisors = [d for d in range(2, shape[i]) if shape[i] % d == 0]
    if divisors and g.chance(0.6):
        part = g.one_of(divisors)
        shape[i : i + 1] = [part, shape[i] // part]
    elif len(shape) > 1:
        i = g.whole(0, len(shape) - 2)
        shape[i : i + 2] = [shape[i] * shape[i + 1]]
    if g.chance(0.5):
        shape[g.whole(0, len(shape) - 1)] = -1
    g.add("Reshape", [x, g.integers(*shape)])


def by_shape(g: Growing) -> None:
    """As exporters write a flatten: the first extent is what Shape says."""
    x = g.pick((2, 3, 4))
    (shape,) = g.add("Shape", [x])
    (first,) = g.add("Gather", [shape, g.integers(0)], axis=0)
    (whole,) = g.add("Concat", [first, g.integers(-1)], axis=0)
    g.add("Reshape", [x, whole])


def flattened(g: Growing) -> None:
    x = g.pick((2, 3, 4))
    g.add("Flatten", [x], axis=g.whole(0, len(g.shape(x))))


def squeezed(g: Growing) -> None:
    x = g.pick((1, 2, 3, 4))
    ones = [i for i, e in enumerate(g.shape(x)) if e == 1]
    if ones and len(g.shape(x)) > 1 and g.chance(0.6):
        g.add("Squeeze", [x, g.integers(g.one_of(ones))])
    else:
        g.need(len(g.shape(x)) < 5)
        g.add("Unsqueeze", [x, g.integers(g.whole(0, len(g.shape(x))))])


def expanded(g: Growing) -> None:
    x = g.pick((1, 2, 3))
    g.add("Expand", [x, g.integers(*(e if e > 1 or g.chance(0.5) else g.whole(2, 3) for e in (1, *g.shape(x))))])


def tiled(g: Growing) -> None:
    x = g.pick()
    g.add("Tile", [x, g.integers(*(g.whole(1, 2) for _ in g.shape(x)))])


def concatenated(g: Growing) -> None:
    x = g.pick()
    axis = g.whole(0, len(g.shape(x)) - 1)
    others = []
    for _ in range(g.whole(1, 2)):
        y = g.pick((len(g.shape(x)),))
        fits = [e for i, e in enumerate(g.shape(y)) if i != axis] == [e for i, e in enumerate(g.shape(x)) if i != axis]
        others.append(y if fits and g.chance(0.7) else g.constant(g.reals(g.shape(x))))
    g.add(
        "Concat", [*others, x] if g.chance(0.5) else [x, *others], axis=axis - (len(g.shape(x)) if g.chance(0.3) else 0)
    )


def sliced(g: Growing) -> None:
    x = g.pick()
    axes = [i for i, e in enumerate(g.shape(x)) if e > 1 and g.chance(0.6)]
    g.need(bool(axes))
    starts, ends, steps = [], [], []
    for axis in axes:
        extent = g.shape(x)[axis]
        first, last = g.whole(0, extent - 1), g.whole(1, extent + 2)
        back = g.chance(0.2)
        starts.append(extent - 1 if back else (first - extent if g.chance(0.3) else first))
        ends.append(-extent - 1 if back else last)
        steps.append(-g.whole(1, 2) if back else g.whole(1, 2))
    g.add("Slice", [x, *(g.integers(*v) for v in (starts, ends, axes, steps))])


def split(g: Growing) -> None:
    x = g.pick()
    axis = g.whole(0, len(g.shape(x)) - 1)
    extent = g.shape(x)[axis]
    g.need(extent >= 2)
    first = g.whole(1, extent - 1)
    g.add("Split", [x, g.integers(first, extent - first)], 2, axis=axis)


def padded(g: Growing) -> None:
    x = g.pick()
    mode = g.one_of(
        ("constant", "constant", "edge", "reflect", "wrap") if g.opset >= 19 else ("constant", "edge", "reflect")
    )
    sides = [[g.whole(0, min(2, e - 1)) if g.chance(0.5) else 0 for e in g.shape(x)] for _ in range(2)]
    value = [g.constant(float(g.rng.uniform(-1, 1)))] if mode == "constant" and g.chance(0.5) else []
    g.add("Pad", [x, g.integers(*sides[0], *sides[1]), *value], mode=mode)


def gathered(g: Growing) -> None:
    x = g.pick()
    axis = g.whole(0, len(g.shape(x)) - 1)
    extent = g.shape(x)[axis]
    shape = g.one_of(((), (2,), (3,), (2, 2)))
    g.need(len(shape) + len(g.shape(x)) < 6)
    g.add("Gather", [x, g.constant(g.rng.integers(-extent, extent, shape), "int64")], axis=axis)


def by_elements(g: Growing) -> None:
    """GatherElements and ScatterElements."""
    x = g.pick()
    axis = g.whole(0, len(g.shape(x)) - 1)
    extent, shape = g.shape(x)[axis], list(g.shape(x))
    if g.chance(0.5):
        shape[axis] = g.whole(1, extent)
        g.add("GatherElements", [x, g.constant(g.rng.integers(0, extent, shape), "int64")], axis=axis)
        return
    order = np.argsort(g.rng.random(shape), axis=axis)  # none twice: what comes last is not said
    places = np.take(order, range(g.whole(1, extent)), axis)
    g.add("ScatterElements", [x, g.constant(places, "int64"), g.constant(g.reals(places.shape))], axis=axis)


def by_places(g: Growing) -> None:
    """GatherND and ScatterND."""
    x = g.pick((2, 3, 4))
    shape, depth = g.shape(x), g.whole(1, 2)
    places = np.stack([g.rng.integers(0, e, 3) for e in shape[:depth]], -1)
    if g.chance(0.5):
        g.add("GatherND", [x, g.constant(places, "int64")])
    else:
        places = np.unique(places, axis=0)
        updates = g.constant(g.reals((len(places), *shape[depth:])))
        g.add("ScatterND", [x, g.constant(places, "int64"), updates])


def summed_up(g: Growing) -> None:
    x = g.pick()
    axis = g.constant(g.whole(0, len(g.shape(x)) - 1), "int64")
    g.add("CumSum", [x, axis], exclusive=g.whole(0, 1), reverse=g.whole(0, 1))


def _need_apart(g: Growing, x: str, axis: int) -> None:
    """No two elements are almost equal, or equal by chance; many may be 0."""
    value = np.sort(g.value(x), axis)
    between = np.diff(value, axis=axis)
    g.need(bool(np.all((between > 1e-4) | (np.delete(value, 0, axis) == 0))))


def extreme(g: Growing) -> None:
    """Positions, and numbers made of them."""
    x = g.pick()
    axis = g.whole(0, len(g.shape(x)) - 1)
    _need_apart(g, x, axis)
    (found,) = g.add(g.one_of(("ArgMax", "ArgMin")), [x], axis=axis, keepdims=g.whole(0, 1))
    if g.chance(0.5):
        g.add("Cast", [found], to=1)
    else:
        g.need(len(g.shape(found)) < 5)
        depth = g.constant(g.shape(x)[axis], "int64")
        g.add("OneHot", [found, depth, g.constant([0.25, 1.5])], axis=g.whole(-1, len(g.shape(found))))


def largest(g: Growing) -> None:
    x = g.pick()
    axis = g.whole(0, len(g.shape(x)) - 1)
    _need_apart(g, x, axis)
    count = g.integers(g.whole(1, g.shape(x)[axis]))
    g.add("TopK", [x, count], 2, axis=axis, largest=g.whole(0, 1))


def triangle(g: Growing) -> None:
    g.need(g.opset >= 14)
    g.add("Trilu", [g.pick((2, 3, 4)), g.constant(g.whole(-1, 1), "int64")], upper=g.whole(0, 1))


def turned_around(g: Growing) -> None:
    x = g.pick((2, 3, 4))
    time = g.whole(0, 1)
    lengths = g.rng.integers(1, g.shape(x)[time] + 1, g.shape(x)[1 - time])
    g.add("ReverseSequence", [x, g.constant(lengths, "int64")], time_axis=time, batch_axis=1 - time)


def blocks(g: Growing) -> None:
    x = g.pick((4,))
    _, channels, rows, columns = g.shape(x)
    if channels % 4 == 0 and g.chance(0.6):
        g.add("DepthToSpace", [x], blocksize=2, mode=g.one_of(("DCR", "CRD")))
    else:
        g.need(rows % 2 == columns % 2 == 0)
        g.add("SpaceToDepth", [x], blocksize=2)


MAKERS: tuple[Maker, ...] = (
    function, function, function, parametrised, parametrised, newer, clip, arithmetic, arithmetic, arithmetic, several,
    power, prelu, modulo, compared, transposed, transposed, reshaped, reshaped, by_shape, flattened, squeezed, expanded,
    tiled, concatenated, concatenated, sliced, sliced, split, padded, gathered, by_elements, by_places, summed_up,
    extreme, largest, triangle, turned_around, blocks,
)  # fmt: skip
