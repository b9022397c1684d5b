"""A model's constants as a file of its own: `<name>_weights.bin`, and the C struct that lies over it."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from aot.kernels.call import Constant

ALIGN = 8  # of the file in memory
HEADER_BYTES = 24
MAGIC = int.from_bytes(b"AOTW", "little")
FORMAT = 1
_ARRAY_ALIGN = 4  # at least, as compilers do: kernels for the DSP extension load words


@dataclass(frozen=True)
class Member:
    """An array of the struct; one called `padding...` is only there to align the next."""

    name: str
    c_type: str
    elements: int
    data: bytes
    note: str = ""


def members(constants: Sequence[Constant]) -> list[Member]:
    """What follows the header, to the last byte: nothing is left for a compiler to align."""
    found: list[Member] = []
    offset = HEADER_BYTES
    for constant in constants:
        data = constant.data.astype(constant.data.dtype.newbyteorder("<")).tobytes()
        offset += _pad(found, offset, max(_ARRAY_ALIGN, constant.data.itemsize)) + len(data)
        found.append(Member(constant.name, constant.c_type, constant.data.size, data, constant.note))
    _pad(found, offset, ALIGN)
    return found


def _pad(found: list[Member], offset: int, align: int) -> int:
    """Fill up to the next multiple of `align`; how many bytes that took."""
    count = -offset % align
    if count:
        found.append(Member(f"padding_{len(found)}", "uint8_t", count, bytes(count)))
    return count


def model_words(code: str) -> tuple[int, int]:
    """The hash of a model's C files, 16 hexadecimal digits, as the header has it."""
    return int(code[:8], 16), int(code[8:], 16)


def file_bytes(constants: Sequence[Constant]) -> int:
    """The size of the file with `constants`."""
    return HEADER_BYTES + sum(len(member.data) for member in members(constants))


def weights_file(constants: Sequence[Constant], code: str) -> bytes:
    """The file with `constants`, for the C whose hash is `code`.

    32-bit little-endian numbers: "AOTW", the format's version, `code` (two), the size of the file, and the CRC-32 of
    all but itself. Then `members`.
    """
    data = b"".join(member.data for member in members(constants))
    head = struct.pack("<5I", MAGIC, FORMAT, *model_words(code), HEADER_BYTES + len(data))
    return head + struct.pack("<I", zlib.crc32(data, zlib.crc32(head))) + data
