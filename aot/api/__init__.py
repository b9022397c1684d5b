"""What the commands do, as functions: `aot.build`, `aot.run`, `aot.verify`, `aot.profile`, `aot.quantize`.

They print nothing and raise AotError.
"""

from aot.api.common import load
from aot.api.projects import Built, build
from aot.api.pytorch import from_torch
from aot.api.quantizing import convert, evaluate, quantize, quantize_file
from aot.api.runs import (
    Profiled,
    Ran,
    RanTogether,
    profile,
    profile_together,
    run,
    run_together,
    verify,
    verify_together,
)

__all__ = [
    "Built",
    "Profiled",
    "Ran",
    "RanTogether",
    "build",
    "convert",
    "evaluate",
    "from_torch",
    "load",
    "profile",
    "profile_together",
    "quantize",
    "quantize_file",
    "run",
    "run_together",
    "verify",
    "verify_together",
]
