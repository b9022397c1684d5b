"""What the commands do, as functions: `aot.build`, `aot.run`, `aot.verify`, `aot.profile`, `aot.quantize`.

They print nothing and raise AotError.
"""

from aot.api.projects import Built, build
from aot.api.quantizing import evaluate, quantize, quantize_file
from aot.api.runs import Profiled, Ran, profile, run, verify, verify_together

__all__ = [
    "Built",
    "Profiled",
    "Ran",
    "build",
    "evaluate",
    "profile",
    "quantize",
    "quantize_file",
    "run",
    "verify",
    "verify_together",
]
