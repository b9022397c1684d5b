"""What the runtime of a model's own framework answers, where it is installed."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from aot.graph.ir import Array

_TYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(bool)": "bool"}


def onnxruntime_answers(content: bytes, samples: Iterable[Sequence[Array]]) -> list[Array] | None:
    """The first output of an ONNX model for each sample, whose arrays are those of its inputs, in order.

    None where onnxruntime is not installed, or does not run the model: it is no part of what aot needs.
    """
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        ports = [(port.name, _shaped(port.shape, port.type)) for port in session.get_inputs()]
        first = session.get_outputs()[0].name
        given = ({name: shaped(a) for (name, shaped), a in zip(ports, arrays, strict=True)} for arrays in samples)
        return [np.asarray(session.run([first], one)[0]) for one in given]
    except Exception:  # of any kind: it is C++ that was not asked to be here
        return None


def _shaped(shape: Sequence[object], kind: str) -> Callable[[Array], Array]:
    """Gives an array the type of a port and, where all of that is known, its shape."""
    known = tuple(d for d in shape if isinstance(d, int))
    dtype = _TYPES.get(kind, kind.removeprefix("tensor(").removesuffix(")"))

    def shaped(array: Array) -> Array:
        wanted = known if len(known) == len(shape) else array.shape
        return array.reshape(wanted).astype(dtype)

    return shaped
