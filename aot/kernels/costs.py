"""What a call costs: the units of work that its kernel counts, at prices fitted to measurements.

`costs.toml` is written by `make costs`, which runs layers of many sizes in QEMU. The unit is a cycle of the Cortex-M4
as its cycle model estimates it for cores with the DSP extension, and an instruction of the Cortex-M3 for others.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from aot.kernels.call import Target

TABLE = Path(__file__).with_name("costs.toml")
Prices = Mapping[str, float]

_UNMEASURED = 5.0  # a unit, in a kernel that is still to be measured
_CODE_BYTES = 400  # of such a kernel
_PRICES: Mapping[str, Mapping[str, Prices]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))


def core_class(target: Target) -> str:
    """Which of the table's two parts holds for `target`."""
    return "dsp" if "dsp" in target.features else "plain"


def cycles(kernel: str, work: Mapping[str, float], target: Target) -> float:
    """The price of `work`, amounts by unit, in the kernel of this name."""
    prices = prices_of(kernel, target)
    return sum(prices.get(unit, _UNMEASURED) * amount for unit, amount in work.items())


def prices_of(kernel: str, target: Target) -> Prices:
    """What each unit of work costs in the kernel of this name, as far as it was measured."""
    return _PRICES.get(core_class(target), {}).get(kernel, {})


def priced(kernel: str) -> dict[str, Prices]:
    """The prices of the kernel of this name in each part of the table that knows it."""
    return {part: table[kernel] for part, table in _PRICES.items() if kernel in table}


def code_bytes(kernel: str, target: Target) -> float:
    """About how much code the kernel of this name is, however often it is called."""
    return prices_of(kernel, target).get("code_bytes", _CODE_BYTES)
