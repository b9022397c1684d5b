"""One subgraph of a .tflite file -> Graph, with the graphs inside its operators, its handles and its variables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from aot.base.errors import AotError
from aot.frontends.settings import Shapes
from aot.frontends.tflite.faults import fault_of, order_fault, probe
from aot.frontends.tflite.foreign import why_not_implemented
from aot.frontends.tflite.free import dynamic_input, given_shapes, wrong_output
from aot.frontends.tflite.known import known_outputs
from aot.frontends.tflite.lifted import Inner, lifted
from aot.frontends.tflite.operators import OPERATORS, AnyOperator, FileOp
from aot.frontends.tflite.tables import Model, OperatorTable, TensorTable, Vector
from aot.frontends.tflite.variables import HANDLE, Key, Variables
from aot.graph.identifiers import Names, short_label
from aot.graph.ir import Array, Graph, Op, State, Tensor, Unsupported
from aot.ops.common import WrongShape, require
from aot.ops.unknown import Unknown

_OPERATORS = {operator.builtin: operator for operator in OPERATORS}
_OF_GRAPHS = ("IF", "WHILE")  # which may do no more than assign variables
_DEEPEST = 8  # graphs inside graphs
_MOST_GRAPHS = 256


class File(Protocol):
    """What a subgraph needs of the file that it is in."""

    model: Model
    source: str
    shapes: Shapes
    names: Names
    graphs_read: int

    def count(self, length: int) -> int: ...
    def indices(self, vector: Vector, count: int, lowest: int = 0) -> list[int]: ...
    def text(self, raw: bytes | None) -> str: ...
    def label(self, t: TensorTable) -> str: ...
    def whole_label(self, t: TensorTable) -> str: ...
    def holds_data(self, t: TensorTable) -> bool: ...
    def tensor(self, t: TensorTable, name: str) -> Tensor: ...
    def kind(self, o: OperatorTable) -> str: ...
    def is_free(self, t: TensorTable) -> bool: ...
    def unknown(self, t: TensorTable) -> tuple[int, ...]: ...


def read_graph(file: File, name: str) -> Graph:
    """The main graph of `file`, called `name`. Raises AotError for any fault in it."""
    graph = _Subgraph(file, 0, ()).graph(name)
    probe(graph)
    return graph


class _Subgraph:
    """Reads one subgraph, operator by operator."""

    def __init__(
        self,
        file: File,
        number: int,
        above: tuple[int, ...],
        handles: Sequence[str | None] = (),
        given: Sequence[Tensor | None] = (),
        outside: Variables | None = None,
    ) -> None:
        """`handles` are the variables that the first inputs stand for, None where one is a value; `given` are those.

        `outside` are the variables of the graph that this one is inside of.
        """
        if not 0 <= number < file.model.SubgraphsLength():
            raise Unsupported(f"there is no subgraph {number}")
        if number in above or len(above) >= _DEEPEST:
            raise Unsupported(f"subgraph {number} runs itself" if number in above else "subgraphs are nested too deep")
        file.graphs_read += 1
        if file.graphs_read > _MOST_GRAPHS:
            raise AotError(f"{file.source} runs subgraphs at more than {_MOST_GRAPHS} places", "convert it again")
        self._file, self._above = file, (*above, number)
        self._table = file.model.Subgraphs(number)
        self._variables = Variables(file.names, outside)
        self._read: dict[int, Tensor] = {}  # what a tensor stands for that a variable was read into
        self._known: dict[str, Tensor] = {}  # the constants that computed tensors are, because they follow from shapes
        count = self._count = file.count(self._table.TensorsLength())  # more tensors follow, of our own
        tables = [self._table.Tensors(i) for i in range(count)]
        self._tensors = [file.tensor(t, name) for t, name in zip(tables, _names(file, tables), strict=True)]
        self._free = {t.name for table, t in zip(tables, self._tensors, strict=True) if file.is_free(table)}
        self._refuse_empty()
        for i, (t, tensor) in enumerate(zip(tables, self._tensors, strict=True)):
            if t.IsVariable() and tensor.constant:
                raise AotError(f"tensor {tensor.label!r} is a variable that holds data", "convert the model again")
            if t.IsVariable():
                self._variables.declare(i, tensor)
        inputs, outputs = (
            file.indices(vector, count) for vector in (self._table.InputsAsNumpy(), self._table.OutputsAsNumpy())
        )
        self._inputs, self._outputs = inputs, outputs
        if not above:
            self._take_labels()
            self._take_shapes()
        for i, value in zip(inputs, given, strict=False):
            if value is not None and self._tensors[i].name in self._free:
                self._reshape(i, value.shape)
        pairs = [(self._tensors[i].name, key) for i, key in zip(inputs, handles, strict=False)]
        self._handles = {name: key for name, key in pairs if key is not None}  # by the tensor that stands for it

    def _take_labels(self) -> None:
        """The inputs of the main graph are known by all of what the file calls them."""
        for i in self._inputs:
            label = self._file.whole_label(self._table.Tensors(i))
            self._tensors[i] = replace(self._tensors[i], label=label)

    def _take_shapes(self) -> None:
        """The inputs of the main graph get the shapes that the user gives them."""
        inputs = {i: self._tensors[i] for i in self._inputs}
        given = given_shapes(list(inputs.values()), self._file.shapes, self._file.source)
        for i, t in inputs.items():
            if t.name in given:
                self._reshape(i, given[t.name])
            elif unknown := self._file.unknown(self._table.Tensors(i)):
                raise dynamic_input(t, unknown)

    def _reshape(self, number: int, shape: tuple[int, ...]) -> Tensor:
        """Give a tensor the shape that it has, whatever the file says."""
        self._tensors[number] = replace(self._tensors[number], shape=shape)
        self._free.discard(self._tensors[number].name)
        return self._tensors[number]

    def _refuse_empty(self) -> None:
        """Only tensors that tell how something inside an operator is quantized may have no elements."""
        inside: set[int] = set()
        for number in range(self._file.count(self._table.OperatorsLength())):
            inside.update(self._file.indices(self._table.Operators(number).IntermediatesAsNumpy(), self._count))
        for i, tensor in enumerate(self._tensors):
            if tensor.elements == 0 and i not in inside:
                shape = list(tensor.shape)
                raise AotError(f"tensor {tensor.label!r} has no elements: shape {shape}", "convert the model again")

    def graph(self, name: str) -> Graph:
        """The whole subgraph."""
        ops = tuple(self._operators())
        given, returned = [self._tensors[i] for i in self._inputs], [self._value(i) for i in self._outputs]
        fixed: list[Tensor] = []
        states: tuple[State, ...] = ()
        if len(self._above) == 1:
            self._refuse_unassigned(ops)
            fixed, states = self._variables.settled()
        else:
            given, returned = ([t for t in ts if t.name not in self._handles] for ts in (given, returned))
            pairs = self._variables.assigned(self._above[-1]).values()
            given, returned = [*given, *(first for first, _ in pairs)], [*returned, *(last for _, last in pairs)]
        known = {t.name: t for t in (*self._tensors, *self._variables.tensors, *fixed) if t.dtype != HANDLE}
        graph = Graph(name, known, ops, tuple(t.name for t in given), tuple(t.name for t in returned), states)
        if fault := fault_of(graph, [*given, *returned], len(self._above) > 1):
            raise AotError(f"{self._file.source} is not a valid graph: {fault}", "convert the model again")
        return graph

    def _refuse_unassigned(self, ops: tuple[Op, ...]) -> None:
        """A variable that nothing sets has no value; unless what may set it is reported as not supported."""
        unread = {op.builtin for op in ops if isinstance(op, Unknown)}
        if not unread & {*_VARIABLE_OPERATORS, *_OF_GRAPHS}:
            self._variables.refuse_unassigned(self._file.source)

    def inner(self, name: str) -> Inner:
        """The subgraph as one inside control flow. Its own variables are the same wherever it is used."""
        graph, values = self.graph(name), self._variables.assigned(self._above[-1])
        return Inner(graph, values, tuple(self._handles.get(self._tensors[i].name) for i in self._outputs))

    def assigned(self) -> dict[Key, tuple[Tensor, Array]]:
        """What a subgraph that initializes variables assigns to each. Unsupported where the values are not fixed."""
        ops = tuple(self._operators())
        last = self._variables.assigned(self._above[-1])
        known = {t.name: t for t in (*self._tensors, *self._variables.tensors) if t.dtype != HANDLE}
        graph = Graph("initial", known, ops, (), tuple(after.name for _, after in last.values()))
        if (fault := order_fault(graph)) is not None:
            raise Unsupported(f"subgraph {self._above[-1]}, which initializes variables: {fault}")
        for op in ops:
            if op.graphs:  # they may not end
                raise Unsupported(f"subgraph {self._above[-1]}, which initializes variables, holds control flow")
            op.check(graph)
        values = graph.values({}, "double")
        return {key: (first, values[after.name]) for key, (first, after) in last.items()}

    def _value(self, number: int) -> Tensor:
        """What tensor `number` holds now: of a variable, the value that it was given last."""
        if number in self._variables:
            return self._variables.value(number)
        return self._read.get(number, self._tensors[number])

    def _operators(self) -> Iterator[Op]:
        for i in range(self._file.count(self._table.OperatorsLength())):
            yield from self._operator(self._table.Operators(i))

    def _operator(self, o: OperatorTable) -> tuple[Op, ...]:
        """What the operator becomes: mostly one; none where it only speaks of variables."""
        kind = self._file.kind(o)
        numbers = self._file.indices(o.InputsAsNumpy(), self._count, -1)
        written = self._file.indices(o.OutputsAsNumpy(), self._count)
        if kind in _VARIABLE_OPERATORS:
            return self._variable_operator(kind, o, numbers, written)
        if not written and kind not in _OF_GRAPHS:
            raise ValueError("an operator without outputs")
        values = [None if i < 0 else self._value(i) for i in numbers]
        inputs = [None if t is None else self._known.get(t.name, t) for t in values]
        updates = _OPERATORS[kind].updates if kind in _OPERATORS else ()
        updated = [numbers[i] for i in updates if i < len(numbers) and numbers[i] in self._variables]
        outputs = [self._variables.renew(i) if i in self._variables else self._tensors[i] for i in (*written, *updated)]
        op = FileOp(kind, o, inputs, outputs, new=self._new)
        try:
            read = self._known_operator(op, len(updated))
        except Unsupported as reason:
            return (self._unknown(op, reason.what),)
        if isinstance(read, tuple):
            return read
        now = {t.name: t for t in (self._tensors[i] for i in written)}
        for name, data in known_outputs(read, (*op.inputs, *now.values())).items():
            self._known[name] = self._new(replace(now[name], data=data))
        return (read,)

    def _known_operator(self, op: FileOp, updated: int) -> Op | tuple[Op, ...]:
        operator = _OPERATORS.get(op.builtin)
        if operator is None:
            raise Unsupported(why_not_implemented(op.builtin))
        if op.builtin in _OF_GRAPHS:
            op = self._with_graphs(op, operator.subgraphs(op))
        handle = next((t for t in (*op.inputs, *op.outputs) if t is not None and t.dtype == HANDLE), None)
        if handle is not None:
            raise Unsupported(f"%{handle.name} stands for a variable, and may only be read and assigned")
        if updated < len(operator.updates):
            raise Unsupported(f"inputs {', '.join(map(str, operator.updates))} must be variable tensors")
        numbers = self._file.indices(op.table.IntermediatesAsNumpy(), self._count)
        inside = tuple(self._tensors[i] for i in numbers)
        free = frozenset(t.name for t in op.outputs) & self._free
        return self._shaped(operator, replace(op, intermediates=inside, free=free)) if op.outputs else ()

    def _shaped(self, operator: AnyOperator, op: FileOp) -> Op | tuple[Op, ...]:
        """What the operator becomes; each output whose shape is free gets the one that the operator gives it."""
        wrong: WrongShape | None
        try:
            read = operator.read(op)
            wrong = wrong_output(read, (*op.inputs, *op.outputs, *self._tensors), op.free) if op.free else None
        except WrongShape as reason:
            if reason.tensor not in op.free:
                raise
            wrong = reason
        if wrong is None:
            return read
        numbers = {t.name: i for i, t in enumerate(self._tensors)}
        settled = self._reshape(numbers[wrong.tensor], wrong.shape)
        outputs = [settled if t.name == settled.name else t for t in op.outputs]
        return self._shaped(operator, replace(op, outputs=outputs, free=op.free - {settled.name}))

    def _with_graphs(self, op: FileOp, numbers: Mapping[str, int]) -> FileOp:
        """`op` with the graphs inside, and the variables that they speak of as further inputs and outputs.

        Each use of a subgraph is a graph of its own, with names of its own. A handle that goes in is known there by the
        variable that it stands for, and so is one that comes out.
        """
        handles = [None if t is None else self._handles.get(t.name) for t in op.inputs]
        passed = handles[1:] if op.builtin == "IF" else handles
        values = op.inputs[1:] if op.builtin == "IF" else op.inputs
        inside = {
            name: _Subgraph(self._file, number, self._above, passed, values, self._variables).inner(name)
            for name, number in numbers.items()
        }
        self._take_handles(op, [inner.handles for name, inner in inside.items() if name != "condition"])
        for inner in inside.values():
            for key, (first, _) in inner.values.items():
                self._variables.read(key, first)
        found = lifted(inside, self._new)
        taken = [self._variables.value(key) for key in found.taken]
        given = [
            self._variables.renew(key) if key in found.assigned else self._new(self._variables.value(key))
            for key in found.given
        ]
        inputs = [t for t in op.inputs if t is None or t.name not in self._handles]
        outputs = [t for t in op.outputs if t.name not in self._handles]
        inputs, outputs = [*inputs, *taken, *found.verdict[:1]], [*outputs, *given, *found.verdict[1:]]
        return replace(op, graphs=found.graphs, inputs=inputs, outputs=outputs)

    def _take_handles(self, op: FileOp, given: list[tuple[str | None, ...]]) -> None:
        """The handles that come out of `op` stand for the variables of those that every graph inside gives."""
        for t, *keys in zip(op.outputs, *given, strict=False):
            if t.dtype == HANDLE and keys[0] is not None and set(keys) == {keys[0]}:
                self._handles[t.name] = keys[0]

    def _variable_operator(self, kind: str, o: OperatorTable, numbers: list[int], written: list[int]) -> tuple[Op, ...]:
        op = FileOp(kind, o, [], [])
        try:
            if kind == "VAR_HANDLE":
                options = op.options("VarHandleOptions")
                parts = [self._file.text(raw) for raw in (options.text("Container"), options.text("SharedName"))]
                self._handles[self._tensors[written[0]].name] = "/".join(part for part in parts if part) or "variable"
            elif kind == "READ_VARIABLE":
                self._read[written[0]] = self._read_variable(self._handle(numbers), written[0])
            elif kind == "ASSIGN_VARIABLE":
                self._variables.assign(self._handle(numbers), self._value(numbers[1]))
            else:
                self._initialize(op.options("CallOnceOptions").integer("InitSubgraphIndex"))
        except Unsupported as reason:
            outputs = [self._tensors[i] for i in written]
            inputs = [None if i < 0 else self._value(i) for i in numbers]
            return (self._unknown(FileOp(kind, o, inputs, outputs), reason.what),)
        return ()

    def _read_variable(self, key: str, number: int) -> Tensor:
        """What the variable holds, to be read into tensor `number`, whose shape may be free."""
        shape = self._variables.shape(key)
        if shape is not None and self._tensors[number].name in self._free:
            self._reshape(number, shape)
        return self._variables.read(key, self._tensors[number])

    def _handle(self, numbers: list[int]) -> str:
        key = self._handles.get(self._tensors[numbers[0]].name) if numbers and numbers[0] >= 0 else None
        if key is None:
            raise Unsupported("its handle does not come from a VAR_HANDLE")
        return key

    def _initialize(self, number: int) -> None:
        """CALL_ONCE: what the subgraph assigns, computed here, is what the variables begin as."""
        require(len(self._above) == 1, "it initializes inside control flow; supported in the main graph only")
        for key, (tensor, value) in _Subgraph(self._file, number, self._above).assigned().items():
            self._variables.initialize(key, tensor, value)

    def _new(self, tensor: Tensor) -> Tensor:
        """A tensor that the file does not have, under a name of its own."""
        named = replace(tensor, name=self._file.names.unique(tensor.name))
        self._tensors.append(named)
        return named

    def _unknown(self, op: FileOp, reason: str) -> Unknown:
        outputs = op.outputs or [self._new(Tensor("statement", (), "bool"))]
        return Unknown(
            name=outputs[0].name,
            inputs=tuple(None if t is None or t.dtype == HANDLE else t.name for t in op.inputs),
            outputs=tuple(t.name for t in outputs if t.dtype != HANDLE),
            builtin=op.builtin,
            reason=reason,
        )


_VARIABLE_OPERATORS = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")


def _names(file: File, tensors: list[TensorTable]) -> list[str]:
    """An identifier for each tensor; those computed choose before constants, whose labels are often the same."""
    result = [""] * len(tensors)
    constant = [file.holds_data(t) for t in tensors]
    for i in sorted(range(len(tensors)), key=lambda i: constant[i]):
        result[i] = file.names.unique(short_label(file.label(tensors[i])))
    return result
