"""What other tools put into .tflite files: machine code of accelerators, operators and values of TensorFlow."""

from collections.abc import Iterator

import tflite

from aot.base.errors import AotError
from aot.frontends.tflite.tables import Model, OperatorTable, SubgraphTable

_COMPILERS = {  # by what their operators are called
    "ethos-u": "Vela, for an Arm Ethos-U",
    "edgetpu-custom-op": "the Edge TPU compiler",
    "NeutronGraph": "NXP's Neutron converter",
    "vsi-npu": "VeriSilicon's compiler, for its NPU",
    "DISPATCH_OP": "LiteRT's compiler, for an accelerator",
}
_SELECTED = "Flex"  # how the names of TensorFlow's own operators begin
_LOWER = (
    "Keras layers LSTM, GRU and RNN: unroll=True, or convert from a function with a fixed batch size",
    "or let the converter do without lists: converter._experimental_lower_tensor_list_ops = True",
    "without TensorFlow's own operators: converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]",
)


def refuse_foreign(model: Model, source: str) -> None:
    """Raise AotError where an accelerator's compiler made the file, or where it speaks of lists of tensors."""
    for number in range(model.OperatorCodesLength()):
        name = (model.OperatorCodes(number).CustomCode() or b"").decode("utf-8", "replace")
        if name in _COMPILERS:
            raise AotError(
                f"{source} was compiled by {_COMPILERS[name]}: it holds that machine's code",
                "give the .tflite file that it was compiled from",
            )
    for number in range(model.SubgraphsLength()):
        _refuse_lists(model, model.Subgraphs(number), source)


def _refuse_lists(model: Model, graph: SubgraphTable, source: str) -> None:
    lists = {i for i in range(graph.TensorsLength()) if graph.Tensors(i).Type() == tflite.TensorType.VARIANT}
    if not lists:
        return
    users = [name for name, used in _uses(model, graph) if used & lists]
    by = f": {users[0]} works on it" if users else ""
    raise AotError(
        f"{source} holds a list of tensors (type VARIANT), whose size is known only when it runs{by}", *_LOWER
    )


def _uses(model: Model, graph: SubgraphTable) -> Iterator[tuple[str, set[int]]]:
    """Of each operator its name, and the numbers of its tensors."""
    for number in range(graph.OperatorsLength()):
        o = graph.Operators(number)
        vectors = (o.InputsAsNumpy(), o.OutputsAsNumpy())
        yield _name(model, o), {int(i) for vector in vectors if not isinstance(vector, int) for i in vector}


def _name(model: Model, o: OperatorTable) -> str:
    code = model.OperatorCodes(o.OpcodeIndex())
    if code.CustomCode():
        return (code.CustomCode() or b"").decode("utf-8", "replace")
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return next((name for name, value in vars(tflite.BuiltinOperator).items() if value == number), f"operator {number}")


def why_not_implemented(builtin: str) -> str:
    """Why an operator of this name is none of aot's."""
    if builtin.startswith(f"custom operator {_SELECTED}"):
        return ("an operator of TensorFlow itself; convert without them: converter.target_spec.supported_ops = "
                "[tf.lite.OpsSet.TFLITE_BUILTINS]")  # fmt: skip
    return "aot does not implement this operator"
