"""What `aot profile` counts, and what the cycle model of the Cortex-M4 predicts."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import graphs
import pytest
from command import aot, refused
from paths import DIGITS, SINE

from aot.compile.pipeline import compile_file
from aot.compile.printing import make
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph, Quant
from aot.ops.mul import Mul
from aot.ops.slice import StridedSlice
from aot.profiling import cortex_m0, cortex_m3, cortex_m4
from aot.profiling.disassembly import Instruction, read_instructions
from aot.runners.connection import stop
from aot.targets import load_board

BOARD = "mps2-an386"
LAYER_KEYS = {"name", "op", "kernel", "instructions", "cycles", "macs", "flash_bytes", "scratch_bytes"}

# Instructions in a row, and their cycles by the Technical Reference Manual: its own examples first.
SEQUENCES = {
    "ldr r0, [r1]; ldr r1, [r2]": 3,
    "ldr r0, [r1, r2]; str r0, [r3, #20]": 3,
    "ldr r0, [r1, r2]; str r1, [r3, r2]": 3,
    "ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]": 4,
    "ldr r0, [r1]; ldr r2, [r0]": 4,
    "ldr r0, [r1]; add r0, r0, #1": 3,
    "str r0, [r1, #4]; add r2, r2, #1": 2,
    "str r0, [r1, r2]; add r2, r2, #1": 3,
    "add r1, r1, #4; ldr r0, [r1]": 4,
    "add r1, r1, #4; add r2, r2, #1; ldr r0, [r1]": 4,
    "ldrd r0, r1, [r2]; ldrd r4, r5, [r2, #8]": 6,
    "ldm r0, {r1-r8}": 9,
    "stm r0!, {r1, r2}": 3,
    "push {r4, lr}": 3,
    "vpush {d8-d9}": 5,
    "smlad r0, r1, r2, r0; smmulr r0, r0, r3; mla r0, r1, r2, r3; smlal r0, r1, r2, r3": 4,
    "sxtb16 r0, r1, ror #8; ssat r0, #8, r1; pkhbt r0, r1, r2; bic r0, r0, r1": 4,
    "udiv r0, r1, r2": 12,
    "vmul.f32 s0, s1, s2; vcvtr.s32.f32 s0, s0; vmov r0, s0": 5,
    "vdiv.f32 s0, s1, s2": 14,
    "vmla.f32 s0, s1, s2": 3,
}
JUMPS = {"b .": 1, "bne .": 1, "cbz r0, .+4": 1, "bl .": 1, "bx lr": 2, "blx r3": 2, "pop {r4, pc}": 2}


def _assembled(text: str, folder: Path) -> list[Instruction]:
    source, made = folder / "code.s", folder / "code.o"
    source.write_text(f".syntax unified\n.thumb\n.cpu cortex-m4\n.fpu fpv4-sp-d16\n{text.replace('; ', chr(10))}\n")
    subprocess.run(["arm-none-eabi-as", source, "-o", made], check=True)
    listing = subprocess.run(["arm-none-eabi-objdump", "-d", made], check=True, capture_output=True, text=True).stdout
    return list(read_instructions(listing).values())


def test_cycles_of_sequences(tmp_path: Path) -> None:
    predicted = {text: sum(cortex_m4.straight_cycles(_assembled(text, tmp_path))) for text in SEQUENCES}
    assert predicted == SEQUENCES


def test_cycles_of_jumps(tmp_path: Path) -> None:
    assert {text: cortex_m4.jump_cycles(_assembled(text, tmp_path)[-1], None) for text in JUMPS} == JUMPS
    narrow, wide = _assembled("nop; ldr.w r0, [r1]", tmp_path)
    assert cortex_m4.jump_cycles(_assembled("b .", tmp_path)[0], wide) == 2
    assert cortex_m4.jump_cycles(_assembled("b .", tmp_path)[0], narrow) == 1


def test_cycles_of_smaller_cores(tmp_path: Path) -> None:
    """By their manuals: products of 64 bits on a Cortex-M3, jumps and lists of registers on a Cortex-M0 and M0+."""
    products = _assembled("mul r0, r1, r2; mla r0, r1, r2, r3; smull r0, r1, r2, r3; smlal r0, r1, r2, r3", tmp_path)
    assert cortex_m3.straight_cycles(products) == [1, 2, 5, 7]
    block = _assembled("ldr r0, [r1]; strb r0, [r1]; ldm r0!, {r1-r4}; muls r0, r1, r0; adds r0, r0, r1", tmp_path)
    assert cortex_m0.straight_cycles(block) == [2, 2, 5, 1, 1]
    jumps = {"b .": (3, 2), "bne .": (3, 2), "bl .": (4, 3), "bx lr": (3, 2), "pop {r4, pc}": (6, 5)}
    for text, cycles in jumps.items():
        (last,) = _assembled(text, tmp_path)
        (first,) = cortex_m0.straight_cycles([last])
        found = [first + cortex_m0.jump_cycles(last, one) for one in (cortex_m0.CORTEX_M0, cortex_m0.CORTEX_M0PLUS)]
        assert tuple(found) == cycles, text


@pytest.mark.parametrize("board", ["microbit", "mps2-an385", BOARD])
def test_time_at_the_clock(board: str) -> None:
    found = aot("profile", SINE, "--board", board, "--json").json
    assert found["milliseconds"] == pytest.approx(1000 * found["total"]["cycles"] / load_board(board).clock_hz)
    shown = aot("profile", SINE, "--board", board).out
    assert f"{found['total']['cycles']:,} cycles are " in shown and " ms at " in shown and "100%" not in shown
    shares = [int(line.rpartition("%")[0].split()[-1]) for line in shown.splitlines() if "%" in line]
    assert len(shares) == len(found["layers"]) and sum(shares) == pytest.approx(100, abs=len(shares))


def test_layers_add_up_to_what_the_timer_counts() -> None:
    found = aot("profile", DIGITS, "--board", BOARD, "--json").json
    assert set(found["total"]) == {"instructions", "cycles"}
    assert all(set(layer) >= LAYER_KEYS for layer in found["layers"])
    for key, value in found["total"].items():
        assert sum(layer[key] for layer in found["layers"]) == value > 0
    timed = aot("run", DIGITS, "--board", BOARD, "--json").json["instructions"]
    assert timed - 100 < found["total"]["instructions"] <= timed  # the firmware's loop around the model is not in it
    assert sum(found["functions"].values()) == found["total"]["instructions"]
    for layer in found["layers"]:
        assert layer["instructions"] / 2 < layer["cycles"] < 3 * layer["instructions"]
        assert layer["loads"] + layer["stores"] < layer["instructions"]
    convolution = found["layers"][0]
    tiles = sum(count for name, count in convolution["functions"].items() if "_tile" in name)
    assert tiles > convolution["macs"] / 2
    assert not any("_tile" in name for name in found["layers"][1]["functions"])


def test_what_compilers_call_is_the_layers_own() -> None:
    """Products of 64 bits, which this board has in its own files, as its chip has them in ROM."""
    found = aot("profile", SINE, "--board", "xtensa-sim", "--json").json
    timed = aot("run", SINE, "--board", "xtensa-sim", "--json").json["instructions"]
    assert found["functions"]["__muldi3"] > 0 and timed - 100 < found["total"]["instructions"] <= timed


def test_a_copy_that_became_part_of_its_reader_is_inlined(tmp_path: Path) -> None:
    q = Quant((0.1,), (0,))
    x, a, b, y = (graphs.int8(name, (1, 4 if name == "x" else 1), q) for name in "xaby")
    picks = [
        StridedSlice(name=to, inputs=("x",), outputs=(to,), begin=(0, i), end=(1, i + 1), strides=(1, 1))
        for to, i in (("a", 1), ("b", 3))
    ]
    ops = (*picks, Mul(name="y", inputs=("a", "b"), outputs=("y",)))
    model = tmp_path / "model.tflite"
    model.write_bytes(write(Graph("model", {t.name: t for t in (x, a, b, y)}, ops, ("x",), ("y",))))
    lines = aot("profile", model, "--board", BOARD).out.splitlines()
    first, second, product = (line.split()[2] for line in lines[1:4])
    assert int(first) > 0 and second == "inlined" and int(product) > 0


def test_cores_without_published_timings_show_instructions_only() -> None:
    found = aot("profile", SINE, "--board", "mps2-an505", "--json").json
    assert found["total"]["cycles"] is None and found["total"]["instructions"] > 0


def test_comparison(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    found = aot("profile", SINE, "--board", BOARD, "--json").json
    found["total"]["instructions"] *= 2
    first, last = (found["layers"][i]["name"] for i in (0, -1))
    found["layers"][0]["name"] = "other"
    old.write_text(json.dumps(found))
    text = aot("profile", SINE, "--board", BOARD, "--against", old).out
    lines = {line.split()[0]: line for line in text.partition("\n\n")[0].splitlines()}
    assert lines["total"].endswith("-50.0 %")
    assert " new  " in lines[first] and " +0.0 %  " in lines[last]
    compared = aot("profile", SINE, "--board", BOARD, "--against", old, "--json").json
    assert compared["total"]["instructions_before"] == 2 * compared["total"]["instructions"]
    assert compared["layers"][0]["instructions_before"] is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"total": 1}', '{"total": {"instructions": "x", "cycles": 1}, "layers": []}']
)
def test_what_is_no_profile_is_refused(text: str, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(text)
    assert "is not a profile" in refused("profile", SINE, "--board", BOARD, "--against", old)
    assert "cannot be read" in refused("profile", SINE, "--board", BOARD, "--against", tmp_path / "none.json")


def test_the_host_cannot_count() -> None:
    assert "cannot be counted" in refused("profile", SINE, "--board", "host")


def _only(folder: Path, *programs: str) -> str:
    """A folder for PATH with nothing but these programs."""
    folder.mkdir()
    for program in programs:
        done = subprocess.run(["which", program], check=True, capture_output=True, text=True)
        (folder / program).symlink_to(done.stdout.strip())
    return str(folder)


_ARM = tuple(f"arm-none-eabi-{tool}" for tool in ("gcc", "size", "nm", "objdump", "addr2line"))


def test_missing_tools_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", _only(tmp_path / "no-qemu", *_ARM))
    assert "apt-get install qemu-system-arm" in refused("profile", SINE, "--board", BOARD)
    fake = tmp_path / "no-qemu" / "qemu-system-arm"
    fake.write_text(f"#!{sys.executable}\nprint('usage: no such option')\n")
    fake.chmod(0o755)
    assert "built without plugins" in refused("profile", SINE, "--board", BOARD)
    fake.write_text(f"#!{sys.executable}\nprint('-plugin [file=]<file>')\n")
    assert "no C compiler" in refused("profile", SINE, "--board", BOARD)


@pytest.fixture
def traced_sine(tmp_path: Path) -> Iterator[str]:
    """A board, as it were, with tracing firmware of the sine model behind a port."""
    compiled = compile_file(SINE, load_board(BOARD))
    elf = make(compiled, tmp_path, trace=True).elf
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    command = ["qemu-system-arm", "-M", BOARD, "-nographic", "-monitor", "none", "-kernel", str(elf)]
    process = subprocess.Popen([*command, "-serial", f"tcp:{place},server=on,wait=on"], stdin=subprocess.DEVNULL)
    yield f"socket://{place}"
    stop(process)


def test_a_real_board_reads_its_cycle_counter(traced_sine: str) -> None:
    found = aot("profile", SINE, "--board", BOARD, "--port", traced_sine, "--json").json
    assert found["measured"] and found["total"]["instructions"] is None
    assert all(layer["cycles"] > 0 for layer in found["layers"])
