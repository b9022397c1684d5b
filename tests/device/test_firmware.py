"""Real firmware on every board, over the real protocol."""

import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import dummy
import pytest
from dummy_bench import Bench

from aot.base.errors import AotError
from aot.device.protocol import Device, instructions
from aot.graph.interface import Port
from aot.project.compile import compile_project
from aot.project.firmware import FLASH_BESIDE_MODEL, firmware_files, ram_beside_arena
from aot.runners import start
from aot.targets import load_board

A, B = bytes(range(10)), bytes(range(100, 110))
DOUBLE, SUM = dummy.layers(A, B)


def test_infer_twice_time_and_stack(bench: Bench, board_name: str) -> None:
    with bench.device(board_name) as device:
        assert device.infer([A, B]) == [SUM]
        assert device.infer([B, A]) == [dummy.layers(B, A)[1]]
        ticks, ticks_per_second = device.time(100)
        assert ticks > 0
        assert ticks_per_second == load_board(board_name).clock_hz
        measured, computed = device.stack(), bench.firmware(board_name).stack
        if board_name != "host":
            assert computed.unknown == ()
            assert measured <= computed.bytes + 16  # the firmware's own caller of the model adds a little


def test_a_run_without_new_input_only_answers(bench: Bench) -> None:
    """Otherwise an answer that is lost would make a model that remembers take a step twice."""
    with bench.device("host") as device:
        device.infer([A, B])
        before = device.command("results")
        crc = zlib.crc32(A + B)
        assert device.command(f"aot-run {crc} {crc}")[0].startswith("m-aot-run")
        assert device.command("results") == before
        device.reset()
        assert device.infer([A, B]) == [SUM]


def test_firmware_of_one_model_is_told_from_that_of_several(bench: Bench) -> None:
    with bench.device("host") as device, pytest.raises(AotError, match="holds one model, not several"):
        device.select(1, dummy.DEPLOYMENT)


def test_instructions_are_counted_and_the_same_each_time(bench: Bench) -> None:
    with bench.device("mps2-an386") as device:
        first, second = instructions(device), instructions(device)
    assert 50 < first < 500
    assert abs(first - second) <= 1


def test_layers(bench: Bench, board_name: str) -> None:
    with bench.device(board_name, trace=True) as device:
        assert [layer.data for layer in device.layers([A, B])] == [DOUBLE, SUM]
        assert device.infer([A, B]) == [SUM]


def test_dialogue_of_mlperf_tiny(bench: Bench, board_name: str) -> None:
    with bench.device(board_name) as device:
        assert device.command("name") == ["m-name-dut-[aot]"]
        assert device.command("profile")[1] == "m-model-[dummy]"
        assert device.command("timestamp")[0].startswith("m-lap-us-")
        assert device.command("db load 20") == ["m-[Expecting 20 bytes]"]
        assert device.command(f"db {A.hex()}") == []
        assert device.command(f"db {B.hex().upper()}") == ["m-load-done"]
        assert device.command("db print")[0] == "m-buffer-00-01-02-03-04-05-06-07"
        answer = device.command("infer 3 2")
        assert answer[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-3"]
        values = ",".join(f"{int((value - 256 * (value > 127) + 128) * 1000 / 256) / 1000:.3f}" for value in SUM)
        assert answer[-1] == f"m-results-[{values}]"
        assert device.command("results") == answer[-1:]
        assert device.command("infer 1")[-1] == answer[-1]  # still the same input


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("fly", "e-[Unknown command: fly]"),
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 0", "e-[Command 'db load' must be >0 bytes]"),
        ("db load 99999999999", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 21", "e-[Supplied buffer size exceeds the model's inputs]"),
        ("infer 0", "e-[Inference iterations must be >0]"),
        ("infer 1 x", "e-[Inference warmup must be >=0]"),
        ("aot-output 1", "e-[aot-output needs the number of an output]"),
        ("aot-input 0 8 3 0", "e-[aot-input beyond the end of an input]"),
        ("aot-input 0 4294967295 2 0", "e-[aot-input beyond the end of an input]"),
        ("aot-run", "e-[the CRC of the inputs is needed twice]"),
        ("aot-run 12 13", "e-[the CRC of the inputs is needed twice]"),
        ("aot-run 12 12", "e-[aot inputs differ]"),
        ("aot-layers", "e-[this firmware was built without tracing]"),
        ("x" * 200, f"e-[Unknown command: {'x' * 80}]"),
    ],
)
def test_wrong_commands_are_answered(bench: Bench, command: str, answer: str) -> None:
    with bench.device("host") as device:
        assert device.command(command) == [answer]


def test_wrong_hex_digits(bench: Bench) -> None:
    with bench.device("host") as device:
        device.command("db load 20")
        assert device.command("db 0g") == ["e-[Invalid hex digit]"]
        assert device.command("db 012") == ["e-[Insufficent number of hex digits]"]


@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_make_gives_the_same_program(tmp_path: Path, board: str) -> None:
    dummy.write_project(tmp_path, load_board(board))
    elf = compile_project(tmp_path, load_board(board), dummy.DEPLOYMENT).elf
    ours = elf.read_bytes()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["make", "-j2"], cwd=tmp_path, check=True, capture_output=True)
    assert elf.read_bytes() == ours


def test_files_are_the_same_each_time_and_name_no_folder() -> None:
    board = load_board("microbit")
    files = firmware_files(dummy.DEPLOYMENT, board)
    assert files == firmware_files(dummy.DEPLOYMENT, board)
    assert not any(str(Path.cwd()) in text or "/home/" in text for text in files.values())


def test_firmware_takes_no_more_memory_than_it_says(bench: Bench, board_name: str) -> None:
    board, firmware = load_board(board_name), bench.firmware(board_name)
    if board.memories:
        assert firmware.ram_bytes - 64 <= ram_beside_arena(dummy.DEPLOYMENT, board)
        assert firmware.flash.code <= FLASH_BESIDE_MODEL


def test_too_large_an_arena_is_said_in_bytes(tmp_path: Path) -> None:
    board = load_board("microbit")
    dummy.write_project(tmp_path, board, arena=20_000)
    with pytest.raises(AotError, match=r"does not fit microbit: it overflows RAM by 5,\d\d\d bytes"):
        compile_project(tmp_path, board, dummy.DEPLOYMENT)


def test_too_deep_a_stack_is_refused(tmp_path: Path) -> None:
    board = load_board("microbit")
    extra = "volatile char deep[2000]; deep[0] = 1; sum[0] = (int8_t)(sum[0] + deep[0] - 1);"
    dummy.write_project(tmp_path, board, extra=extra)
    with pytest.raises(AotError, match="of stack, but microbit reserves 1,280"):
        compile_project(tmp_path, board, dummy.DEPLOYMENT)


@pytest.mark.parametrize("board", ["mps2-an386", "mps3-an547", "microbit"])
def test_a_fault_is_reported_with_its_address(tmp_path: Path, board: str) -> None:
    dummy.write_project(tmp_path, load_board(board), extra='__asm__ volatile("udf #0");')
    elf = compile_project(tmp_path, load_board(board), dummy.DEPLOYMENT).elf
    with start(elf, load_board(board)) as connection:
        device = Device(connection.port, dummy.DEPLOYMENT, died=connection.died, boots=connection.boots)
        device.identify()
        with pytest.raises(AotError, match=r"fault: hard pc=0x[0-9a-f]{8}"):
            device.infer([A, B])


def test_missing_compiler_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AotError, match=r"arm-none-eabi-gcc.*not installed") as error:
        compile_project(tmp_path, load_board("microbit"), dummy.DEPLOYMENT)
    assert "gcc-arm-none-eabi libnewlib-arm-none-eabi" in error.value.things_to_try[0]


def test_missing_qemu_names_the_package(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    elf = bench.firmware("mps2-an386", False).elf
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AotError, match="qemu-system-arm") as error, start(elf, load_board("mps2-an386")):
        pass
    assert "apt-get install qemu-system-arm" in error.value.things_to_try[0]


def test_a_stack_overflow_is_reported(tmp_path: Path) -> None:
    """A push through a wild stack pointer, as an application's own deep call would be."""
    board = load_board("mps2-an386")
    extra = '__asm__ volatile("mov sp, %0\\n\\tpush {r0-r3}" : : "r"(0x1FFFFFF0u));'
    dummy.write_project(tmp_path, board, extra=extra)
    elf = compile_project(tmp_path, board, dummy.DEPLOYMENT).elf
    with start(elf, board) as connection:
        device = Device(connection.port, dummy.DEPLOYMENT, died=connection.died, boots=connection.boots)
        device.identify()
        with pytest.raises(AotError, match="fault: stack-overflow"):
            device.infer([A, B])


@pytest.mark.parametrize(
    ("c_type", "scale"),
    [
        *((c_type, 0.25) for c_type in ("int8_t", "uint8_t", "int16_t", "int32_t", "float")),
        *(("int8_t", scale) for scale in (1e9, 1e13, 1e30)),
        *(("int32_t", scale) for scale in (1.0, 1e6, 1e9)),
    ],
)
def test_results_of_every_type_compile_and_print(tmp_path: Path, c_type: str, scale: float) -> None:
    """Two outputs share the same four bytes; the second's numbers follow a comma. What would not fit is 0."""
    size = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "int32_t": 4, "float": 4}[c_type]
    code = {"int8_t": "b", "uint8_t": "B", "int16_t": "h", "int32_t": "i", "float": "f"}[c_type]
    out = Port("out", "dummy_output", "", c_type, c_type, (4 // size,), 4, scale=scale, zero_point=-1)
    outputs = (out, replace(out, name="again"))
    held = replace(dummy.DEPLOYMENT, interface=replace(dummy.DEPLOYMENT.interface, outputs=outputs))
    board = load_board("host")
    dummy.write_project(tmp_path, board)
    for name, text in firmware_files(held, board).items():
        (tmp_path / name).write_text(text)
    elf = compile_project(tmp_path, board, held).elf
    wanted = struct.pack("<f", -12.3456) if c_type == "float" else bytes([1, 200, 3, 250])
    values = struct.unpack(f"<{4 // size}{code}", wanted)
    factor = int(scale * 1000) if scale * 1000 * 2 ** (8 * size) < 2**63 else 0
    thousandths = [int(value * 1000) if c_type == "float" else (value + 1) * factor for value in values]
    words = [f"{'-' * (value < 0)}{abs(value) // 1000}.{abs(value) % 1000:03d}" for value in thousandths]
    with start(elf, board) as connection:
        device = Device(connection.port, held, died=connection.died, boots=connection.boots)
        device.identify()
        b = bytes((byte - i) & 0xFF for i, byte in enumerate(wanted)) + bytes(6)
        assert device.infer([bytes(10), b]) == [wanted, wanted]
        assert device.command("results") == [f"m-results-[{','.join(words * 2)}]"]


@pytest.mark.parametrize(
    ("board_name", "code", "said"),
    [
        ("riscv-virt", '"unimp"', r"exception-00000002 pc=0x8[0-9a-f]{7}"),
        ("riscv-virt", '"mv sp, %0; sw a0, -16(sp)" : : "r"(0x80400008u)', r"stack-overflow pc=0x8[0-9a-f]{7}"),
        ("xtensa-sim", '"ill"', r"exception-00000000 pc=0x5[0-9a-f]{7}"),
        ("xtensa-sim", '"s32i a0, %0, 0" : : "r"(0x5FFFFFF8u)', r"stack-overflow pc=0x5[0-9a-f]{7}"),
    ],
)
def test_faults_of_other_cores(tmp_path: Path, board_name: str, code: str, said: str) -> None:
    """An illegal instruction, and a store below the stack, where nothing may be written to."""
    board, code = load_board(board_name), f"__asm__ volatile({code});"
    dummy.write_project(tmp_path, board, extra=code)
    elf = compile_project(tmp_path, board, dummy.DEPLOYMENT).elf
    with start(elf, board) as connection:
        device = Device(connection.port, dummy.DEPLOYMENT, died=connection.died, boots=connection.boots)
        device.identify()
        with pytest.raises(AotError, match=f"fault: {said}"):
            device.infer([A, B])
