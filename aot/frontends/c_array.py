"""A model as a C array: what `xxd -i model.tflite` writes, and the only form in which many projects keep theirs."""

import re

from aot.base.errors import AotError
from aot.frontends import tflite
from aot.frontends.settings import NO_SETTINGS, Settings
from aot.graph.ir import Graph

_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_ARRAY = re.compile(rb"(\w+)\s*\[[^\]\n]*\][^={};]{0,200}=\s*\{([^{}]*)\}")
_DECLARED = re.compile(rb"\b(?:char|u?int8_t)\s+(\w+)\s*\[")
_NUMBERS = re.compile(rb"[\s,0-9a-fA-FxXuUlL+()-]*")
_SUFFIX = b"uUlL"
_TEXT = re.compile(rb"[\t-\r -~\x80-\xff]*")
_BEGINNING = 4096  # bytes of a file that are looked at


def recognizes(content: bytes) -> bool:
    """Whether a file is text that speaks of an array of bytes."""
    begins_as_text = _TEXT.fullmatch(content[:_BEGINNING]) is not None
    return begins_as_text and _DECLARED.search(_COMMENT.sub(b" ", content)) is not None


def parse(content: bytes, name: str, source: str, settings: Settings = NO_SETTINGS) -> Graph:
    """The graph of the one model among the arrays of a C file. Raises AotError where there is none, or several."""
    text = _COMMENT.sub(b" ", content)
    arrays = {array.decode(): _bytes(body) for array, body in _ARRAY.findall(text) if _NUMBERS.fullmatch(body)}
    models = {array: data for array, data in arrays.items() if tflite.recognizes(data)}
    if len(models) > 1:
        raise AotError(f"{source} holds several models: {', '.join(models)}", "leave one in it")
    if not models:
        raise _no_model(source, text, list(arrays))
    (data,) = models.values()
    return tflite.parse(data, name, source, settings)


def _no_model(source: str, text: bytes, arrays: list[str]) -> AotError:
    if arrays:
        return AotError(f"{source} holds no TensorFlow Lite model in its arrays ({', '.join(arrays[:5])})",
                        "the array must begin as a .tflite file does")  # fmt: skip
    declared = _DECLARED.findall(text)[0].decode()
    return AotError(f"{source} declares the array {declared}, but has no numbers for it", "give the .c or .cc file")


def _bytes(body: bytes) -> bytes:
    """The bytes that an initializer lists; nothing where one is none."""
    words = [word.strip(b" \t\r\n()") for word in body.split(b",")]
    try:
        numbers = [int(word if word[:2] in (b"0x", b"0X") else word.rstrip(_SUFFIX), 0) for word in words if word]
    except ValueError:
        return b""
    return bytes(number & 255 for number in numbers) if all(-128 <= n <= 255 for n in numbers) else b""
