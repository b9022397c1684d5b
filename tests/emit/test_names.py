"""The names of kernel functions say what tells the variants of a program apart."""

import re
from dataclasses import dataclass

import every_kernel
import pytest

from aot.emit.layers import functions_of
from aot.emit.names import names_of
from aot.kernels.call import Call, Kernel, Params
from aot.ops.add import Add

pytestmark = pytest.mark.usefixtures("quick_plans")

_OP = Add(name="y", inputs=("a", "b"), outputs=("y",))


@dataclass(frozen=True)
class _Stage:
    output: str
    full_range: bool


def _call(**variant: object) -> Call:
    kernel: Kernel[Add] = Kernel("dense", "dense", (Add,), lambda *_: _call())
    return Call(kernel, _OP, Params(), ("a",), ("y",), variant)


def _names(*variants: dict[str, object]) -> list[str]:
    return names_of([(_call(**variant), "") for variant in variants])


def test_what_is_alone_has_the_name_of_its_kernel() -> None:
    assert _names({"type": "int8_t", "rank": 4}) == ["dense"]


def test_what_all_share_is_not_said() -> None:
    assert _names({"type": "int8_t", "rank": 4}, {"type": "float", "rank": 4}) == ["dense_int8", "dense_float"]


def test_a_plain_variant_has_no_word() -> None:
    assert _names({"packing": "", "planes": False}, {"packing": "_joined", "planes": True}) == ["dense", "dense_joined"]


def test_parts_of_a_record_are_properties() -> None:
    stages = [_Stage("channel_output_s8", False), _Stage("channel_output_s8", True), _Stage("tensor_output_s8", True)]
    assert _names(*({"stage": stage} for stage in stages)) == [
        "dense_channel",
        "dense_channel_full_range",
        "dense_tensor_full_range",
    ]


def test_numbers_are_told_with_what_they_count() -> None:
    assert _names({"rank": 1, "least": "-1"}, {"rank": 2, "least": "-1"}, {"rank": 2, "least": "0"}) == [
        "dense_rank1_least_minus_1",
        "dense_rank2_least_minus_1",
        "dense_rank2_least0",
    ]


def test_long_text_is_called_as_the_operator_unless_it_must_be_told() -> None:
    long, longer = "x + y > 127 ? 127 : x + y", "x + y < 127 ? x + y : 127"
    assert _names({"result": long}, {"result": "x"}) == ["dense_add", "dense_x"]
    assert _names({"result": long}, {"result": longer}) == [
        "dense_x_plus_y_greater_127_then_127_else_x_plus_y",
        "dense_x_plus_y_less_127_then_x_plus_y_else_127",
    ]


def test_structs_tell_what_nothing_else_does() -> None:
    assert names_of([(_call(), "int32_t a;"), (_call(), "int32_t a[2];")]) == ["dense_int32_t_a", "dense_int32_t_a_2"]


def test_no_two_functions_of_many_kernels_have_one_name() -> None:
    """And none differs from another by a number alone, or by more than compilers must tell apart."""
    for board in ("mps2-an386", "mps2-an385"):
        model = every_kernel.model(board=board)
        names = [one.name for one in functions_of(model.calls, "double").values()]
        assert len({name[:63] for name in names}) == len(names) > 100
        assert not [name for name in names if re.fullmatch(r".*_\d+", name) and re.sub(r"_\d+$", "", name) in names]
