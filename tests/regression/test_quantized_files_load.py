"""`aot quantize` wrote operators in types that LiteRT refuses: REVERSE_SEQUENCE in int8, DEPTH_TO_SPACE in int16."""

import cases
import graphs
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from litert import Resolver

from aot.frontends.tflite.writer import write
from aot.graph.fixedpoint import Array
from aot.graph.ir import Graph
from aot.quantizer import Options, given_samples, quantize

_NAMES = [
    name
    for name in cases.builders()
    if name in graphs.BUILDERS and any(t.dtype == "float32" for t in cases.case(name, 0)[0].tensors.values())
]


def _case(name: str) -> tuple[Graph, dict[str, Array]]:
    """The graph of a case, and reals between 0.1 and 1: every function is defined there."""
    graph, sample = cases.case(name, 0)
    rng = np.random.default_rng(1)
    reals = {n: rng.uniform(0.1, 1, v.shape).astype(np.float32) for n, v in sample.items() if v.dtype == np.float32}
    return graph, {**sample, **reals}


def _loaded(content: bytes, sample: dict[str, Array]) -> Interpreter:
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=Resolver.BUILTIN.value, num_threads=1
    )
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], sample[detail["name"]])
    return interpreter


def _runs(content: bytes, sample: dict[str, Array]) -> bool:
    """Whether it runs in LiteRT, which stops at positions out of range, for one."""
    try:
        _loaded(content, sample).invoke()
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("name", _NAMES)
def test_what_is_written_loads(name: str, dtype: str) -> None:
    graph, sample = _case(name)
    made = quantize(graph, given_samples([sample], graph), Options(dtype=dtype, io="float"))
    interpreter = _loaded(made.tflite(), sample)
    if _runs(write(graph), sample):
        interpreter.invoke()
