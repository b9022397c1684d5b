"""What a call costs: the units of work that its kernel counts, at prices fitted to measurements.

`costs.toml` is written by `make costs`, which runs layers of many sizes in QEMU. It has a part for each set of features
of a core that was measured: "dsp" in cycles of the Cortex-M4, as its cycle model estimates them, "plain", of cores with
none of the features, in instructions of the Cortex-M3, "rv32" in those of RISC-V, "rv32+rvv" of one with vectors of
128 bits. Names of several features are joined by a plus sign. A kernel that the part of a core's own features does not
know has the prices of the next smaller set that does.
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


def features_of(part: str) -> frozenset[str]:
    """The features that a core must have for a part of the table."""
    return frozenset() if part == "plain" else frozenset(part.split("+"))


def cycles(kernel: str, work: Mapping[str, float], target: Target) -> float:
    """The price of `work`, amounts by unit, in the kernel of this name."""
    prices = prices_of(kernel, target)
    return sum(prices.get(unit, _UNMEASURED) * amount for unit, amount in work.items())


def prices_of(kernel: str, target: Target, table: Mapping[str, Mapping[str, Prices]] = _PRICES) -> Prices:
    """What each unit of work costs in the kernel of this name, as far as it was measured."""
    fitting = [part for part in table if features_of(part) <= target.features and kernel in table[part]]
    return table[max(fitting, key=lambda part: len(features_of(part)))][kernel] if fitting else {}


def priced(kernel: str) -> dict[str, Prices]:
    """The prices of the kernel of this name in each part of the table that knows it."""
    return {part: table[kernel] for part, table in _PRICES.items() if kernel in table}


def code_bytes(kernel: str, target: Target) -> float:
    """About how much code the kernel of this name is, however often it is called."""
    return prices_of(kernel, target).get("code_bytes", _CODE_BYTES)
