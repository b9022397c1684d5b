"""In Renode, nRF52840 boards were dead, core-coupled memory was missing, and every script wanted the internet."""

import dummy
import pytest

from aot.base.errors import AotError
from aot.device import link
from aot.device.protocol import Device
from aot.project.firmware import firmware_files
from aot.targets import Board, all_boards, load_board

BOARDS = [board for board in all_boards() if board.renode]


def _description(board: Board) -> str:
    return firmware_files(dummy.DEPLOYMENT, board)[f"renode/{board.name}.repl"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board.name))
def test_scripts_load_a_description_that_downloads_nothing(board: Board) -> None:
    files = firmware_files(dummy.DEPLOYMENT, board)
    assert "sysbus:\n    init:\n" in _description(board) and "http" not in _description(board)
    assert f"LoadPlatformDescription @$ORIGIN/{board.name}.repl" in files["renode/dummy.resc"]
    assert f'LoadPlatformDescription "${{CURDIR}}/{board.name}.repl"' in files["renode/dummy.robot"]
    assert files["renode/dummy.resc"].endswith("start\n")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nrf52840-dk", "uart0: { easyDMA: false }"),
        ("arduino-nano-33-ble", "uart0: { easyDMA: false }"),
        ("stm32f4-discovery", "ccm: Memory.MappedMemory @ sysbus 0x10000000 { size: 0x10000 }"),
        ("stm32f4-discovery", "usart2: { frequency: 42000000 }"),
        ("nucleo-h7a3zi-q", "axiSram: { size: 0x100000 }"),
    ],
)
def test_what_differs_from_the_board(name: str, line: str) -> None:
    assert line in _description(load_board(name)).splitlines()


@pytest.mark.parametrize("name", ["nucleo-f446re", "netduinoplus2", "stm32f4-discovery"])
def test_the_uart_has_the_clock_that_its_divisor_is_for(name: str) -> None:
    board = load_board(name)
    assert f"{{ frequency: {board.uart.clock_hz} }}" in _description(board)


def test_a_silent_emulator_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_DEVICE_PATIENCE_SECONDS", 0.02)

    class Port:
        baudrate, timeout = 115_200, 0.0

        def write(self, data: bytes) -> None:
            pass

        def read(self, count: int) -> bytes:
            return b""

    device = Device(Port(), dummy.DEPLOYMENT, quick_timeout=0.05, said=lambda: "first\nno such memory\n")
    with pytest.raises(AotError, match="silent in its emulator") as error:
        device.identify()
    assert error.value.things_to_try == ("the end of its log: first | no such memory",)
