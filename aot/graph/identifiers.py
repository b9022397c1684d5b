"""Names of a model file become C identifiers here and only here."""

import re

# C99, C11 and C++ keywords that a name could be, and names that the generated files use themselves.
_RESERVED = frozenset(
    """alignas alignof and asm auto bool break case catch char class compl const constexpr continue decltype default
    delete do double else enum explicit export extern false float for friend goto if inline int long mutable namespace
    new noexcept not nullptr operator or private protected public register restrict return short signed sizeof static
    struct switch template this throw true try typedef typeid typename union unsigned using virtual void volatile
    wchar_t while xor main arena""".split()
)
# A model is also a header: these, in capitals or not, would hide those of C libraries, of systems or of the firmware.
_HEADERS = frozenset(
    """alloca aot arduino assert board board_config commands complex ctype deployment endian errno fcntl features fenv
    float freertos inttypes iso646 limits list locale machine malloc math memory mlperf newlib picolibc poll pthread
    queue reent sched semphr setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
    string strings syslimits task termios tgmath threads time timers trace uchar unistd wchar wctype wire""".split()
)
_LONGEST = 48
_LONGEST_SHOWN = 200


def _cleaned(text: str, fallback: str) -> str:
    cleaned = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")[:_LONGEST].strip("_") or fallback
    return f"{fallback[0]}{cleaned}" if cleaned[0].isdigit() else cleaned


def identifier(text: str) -> str:
    """`text` as a C identifier: other characters become underscores, keywords get one behind them."""
    cleaned = _cleaned(text, "tensor")
    return f"{cleaned}_" if cleaned in _RESERVED else cleaned


def model_name(text: str) -> str:
    """`text` as the name of a model: the prefix of its C names and the name of its files."""
    cleaned = _cleaned(text, "model")
    taken = cleaned in _RESERVED or cleaned.lower() in _HEADERS
    return f"{cleaned}_model" if taken else cleaned


def shown_label(label: str) -> str:
    """What a file calls something, fit for messages and comments: one line of printable text, of some length."""
    return "".join(c if c.isprintable() else "?" for c in label[:_LONGEST_SHOWN])


def short_label(label: str) -> str:
    """The telling part of a tensor's label: of `model/conv1/Relu;model/bn1/add` it is `conv1/Relu`."""
    return "/".join(shown_label(label).split(";")[0].split(":")[0].split("/")[-2:])


class Names:
    """Hands out identifiers that differ from each other, also when case is ignored (macros are upper case)."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def unique(self, text: str) -> str:
        """An identifier for `text` that was not handed out before."""
        name = base = identifier(text)
        while name.lower() in self._taken:
            self._last[base] = self._last.get(base, 1) + 1
            name = f"{base}_{self._last[base]}"
        self._taken.add(name.lower())
        return name
