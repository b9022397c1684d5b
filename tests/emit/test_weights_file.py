"""Constants in a file of their own: the same answers, on the host and on a board, and what is said of a wrong file."""

import ctypes
import struct
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cases
import merge
import native
import pytest
from command import aot, refused
from paths import DIGITS, SINE
from serial import SerialBase

import aot as package
from aot.base.choices import CompileOptions
from aot.base.errors import AotError
from aot.base.files import write_files
from aot.compile.pipeline import compile_file
from aot.compile.printing import make, print_project
from aot.compile.records import Compiled
from aot.device.protocol import Device
from aot.device.verify import input_bytes
from aot.device.verify import run as run_on_device
from aot.graph.deployment import Deployment
from aot.oracle import interpreter
from aot.oracle.samples import Sample, random_samples
from aot.project.compile import compile_project
from aot.project.kinds import KINDS
from aot.runners import start
from aot.runners.connection import connect_socket, free_port
from aot.targets import load_board

OK, MISALIGNED, MISSING, OTHER_FORMAT, OTHER_MODEL, CORRUPT = range(6)
SIZE_AT, CRC_AT, DATA_AT = 16, 20, 24
ELSEWHERE = 0x21000000  # PSRAM of mps2-an386: no part of the program


def digits(board: str = "host", rounding: str = "double") -> Compiled:
    return compile_file(DIGITS, load_board(board), CompileOptions(rounding=rounding, weights="external"))


def file_of(compiled: Compiled) -> bytes:
    file = print_project(compiled)[f"{compiled.interface.name}_weights.bin"]
    assert isinstance(file, bytes)
    return file


# Right answers


@pytest.mark.parametrize("board", ["host", "mps2-an386", "riscv-virt"])
def test_bit_exact(board: str) -> None:
    done = aot("verify", DIGITS, "--board", board, "--weights", "external", "--json")
    assert done.json["exact"] and done.json["samples"] == 4


def test_run_says_what_the_file_takes() -> None:
    done = aot("run", DIGITS, "--board", "mps2-an386", "--weights", "external", "--json")
    assert done.json["exact"] and done.json["flash_bytes"]["weights"] == len(file_of(digits("mps2-an386")))


def test_constants_inside_control_flow_and_states(tmp_path: Path) -> None:
    """Operands, carried values and conditions too are members of the struct."""
    names = [name for name in cases.builders() if name.split()[0] in ("If", "While", "Lstm")]
    graph, sample = merge.merged([cases.case(name, seed) for name in names for seed in range(2)])
    compiled = native.compiled(graph, weights="external")
    assert run_on_device(compiled, make(compiled, tmp_path), [sample], count=False).exact


WARNINGS = "-std=c99 -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()


def test_no_warnings(tmp_path: Path) -> None:
    """Of every kernel, every constant is where the compiler expects it: the C checks the size of its struct."""
    compiled = native.compiled(merge.merged(cases.each())[0], weights="external")
    write_files(print_project(compiled), tmp_path)
    for compiler in ("gcc", "clang"):
        for options in (["-fsyntax-only", "merged.c"], ["-O3", "-c", "merged_weights.c", "-o", "out.o"]):
            done = subprocess.run([compiler, *WARNINGS, *options], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0 and not done.stderr, done.stderr[:2000]


def test_header_in_cpp(tmp_path: Path) -> None:
    write_files(print_project(digits()), tmp_path)
    (tmp_path / "use.cpp").write_text(
        '#include "digits.h"\nint use() { return digits_weights_check(&digits_weights) == DIGITS_WEIGHTS_OK; }\n'
    )
    subprocess.run(["g++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "use.cpp"], cwd=tmp_path,
                   check=True)  # fmt: skip


# The check


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """`digits_weights_check` for bytes at an address that is `shift` off; its constants lie nowhere."""
    folder = tmp_path_factory.mktemp("check")
    write_files(print_project(digits()), folder)
    command = ["gcc", *WARNINGS, "-O2", "-fPIC", "-shared", "digits_weights.c", "-o", "check.so"]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "check.so"))

    def call(data: bytes, shift: int = 0) -> int:
        memory = ctypes.create_string_buffer(len(data) + 16)
        place = -(-ctypes.addressof(memory) // 8) * 8 + shift
        ctypes.memmove(place, data, len(data))
        return int(library.digits_weights_check(ctypes.c_void_p(place)))

    yield call


def _with_crc(data: bytes) -> bytes:
    """The file with a CRC that is right for the rest of it."""
    crc = zlib.crc32(data[DATA_AT:], zlib.crc32(data[:CRC_AT]))
    return data[:CRC_AT] + struct.pack("<I", crc) + data[DATA_AT:]


def test_the_answers_of_the_check(check: object) -> None:
    assert callable(check)
    data = file_of(digits())
    assert check(data) == OK
    assert [check(data, shift) for shift in (1, 4, 7)] == [MISALIGNED] * 3
    assert [check(bytes([erased]) * len(data)) for erased in (0x00, 0xFF)] == [MISSING] * 2
    assert check(_with_crc(data[:4] + b"\2" + data[5:])) == OTHER_FORMAT
    assert check(file_of(digits(rounding="single"))) == OTHER_MODEL
    assert check(file_of(compile_file(SINE, load_board("host"), CompileOptions(weights="external")))) == OTHER_MODEL
    assert check(_with_crc(data[:SIZE_AT] + struct.pack("<I", len(data) - 4) + data[CRC_AT:])) == CORRUPT
    assert check(data[:-1] + b"\1") == CORRUPT


def test_no_single_bit_is_overlooked(check: object) -> None:
    assert callable(check)
    data = file_of(digits())
    answers = {}
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        answers[bit // 8] = check(bytes(changed))
    assert OK not in answers.values()
    assert {at: answer for at, answer in answers.items() if answer != CORRUPT} == {
        **dict.fromkeys(range(4), MISSING),
        **dict.fromkeys(range(4, 8), OTHER_FORMAT),
        **dict.fromkeys(range(8, 16), OTHER_MODEL),
    }


# The firmware


def _spoiled(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _answer(port: SerialBase, compiled: Compiled, sample: Sample) -> bytes:
    device = Device(port, compiled.held, boots=True)
    device.identify()
    (output,) = device.infer(input_bytes(compiled.graph, sample))
    return output


def _said(port: SerialBase, held: Deployment) -> str:
    with pytest.raises(AotError) as error:
        Device(port, held).identify()
    assert "built together with its firmware" in error.value.things_to_try[0]
    return error.value.what


def test_firmware_with_a_corrupt_file_says_so(tmp_path: Path) -> None:
    compiled = digits()
    write_files({**print_project(compiled), "digits_weights.bin": _spoiled(file_of(compiled))}, tmp_path)
    firmware = compile_project(tmp_path, compiled.board, compiled.held)
    with start(firmware.elf, compiled.board) as connection:
        said = _said(connection.port, compiled.held)
    assert said == "the device cannot run its model: weights: the file is corrupt"


@contextmanager
def _emulated(elf: Path, file: Path | None, address: int = ELSEWHERE) -> Iterator[SerialBase]:
    """The UART of mps2-an386 with `file` in the memory at `address`, as a programmer would have put it there."""
    tcp = free_port()
    command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-kernel", str(elf)]
    command += ["-serial", f"tcp:127.0.0.1:{tcp},server=on,wait=on,nodelay=on"]
    command += ["-device", f"loader,file={file},addr={address:#x},force-raw=on"] if file else []
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=subprocess.STDOUT) as qemu:
        try:
            port = connect_socket(tcp, qemu, 20.0, "QEMU")
            assert port, qemu.stdout and qemu.stdout.read()
            with port:
                yield port
        finally:
            qemu.kill()


def test_a_file_programmed_on_its_own(tmp_path: Path) -> None:
    """The project's own `make`; the weights are no part of the program. What QEMU finds at their address decides."""
    compiled, folder = digits("mps2-an386"), tmp_path / "p"
    package.build(DIGITS, compiled.board, folder, weights="external", compile=False)
    done = subprocess.run(["make", f"WEIGHTS_AT={ELSEWHERE:#x}"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    elf, file = folder / "build" / "digits.elf", folder / "digits_weights.bin"
    assert file.read_bytes()[DATA_AT:200] not in elf.read_bytes()
    (sample,) = random_samples(compiled.source, 1, 0)
    with _emulated(elf, file) as port:
        assert _answer(port, compiled, sample) == interpreter.run(compiled.source, sample)["digit"].tobytes()
    (tmp_path / "bad.bin").write_bytes(_spoiled(file.read_bytes()))
    for wrong, reason in ((None, "no such file at their address"), (tmp_path / "bad.bin", "the file is corrupt")):
        with _emulated(elf, wrong) as port:
            assert _said(port, compiled.held) == f"the device cannot run its model: weights: {reason}"


# Projects


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind: str, tmp_path: Path) -> None:
    build = ("build", DIGITS, "-b", "nucleo-f746zg", "-o", tmp_path / "p", "--weights", "external", "--project", kind,
             "--no-compile")  # fmt: skip
    if not KINDS[kind].weights_file:
        assert f"a {kind} project cannot have --weights external" in refused(*build)
        assert not (tmp_path / "p").exists()
        return
    assert aot(*build).code == 0
    assert (tmp_path / "p" / "digits_weights.bin").read_bytes() == file_of(digits("nucleo-f746zg"))
    readme = tmp_path / "p" / "README.md"
    assert kind == "sources" or "-Wl,--defsym=digits_weights=" in readme.read_text()


def test_cmake_firmware(tmp_path: Path) -> None:
    package.build(DIGITS, "host", tmp_path / "p", project="cmake", weights="external", compile=False)
    for command in (["cmake", "-S", "p", "-B", "b", "-DCMAKE_BUILD_TYPE=Release"], ["cmake", "--build", "b"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    compiled = digits()
    (sample,) = random_samples(compiled.source, 1, 0)
    with start(tmp_path / "b" / "digits.elf", compiled.board) as connection:
        assert _answer(connection.port, compiled, sample) == interpreter.run(compiled.source, sample)["digit"].tobytes()


def test_what_cannot_be(tmp_path: Path) -> None:
    said = refused("build", DIGITS, "-b", "host", "-o", tmp_path / "p", "--weights", "external",
                   "--weights-section", ".flash")  # fmt: skip
    assert "--weights external and --weights-section exclude each other" in said
    with pytest.raises(AotError, match="has no constants"):
        native.compiled(cases.case("Add", 0)[0], weights="external")
