"""Compiles damaged ONNX models: each must give C or an AotError, in time and in memory. Each fault is one JSON line.

python tests/tools/fuzz_onnx.py [--first N] [--count N]
"""

import sys

import campaign
from fuzz import MEMORY_BYTES, SECONDS, attempt
from mutate_onnx import onnx_mutation
from onnx_networks import NETWORKS


def main() -> int:
    """Try mutations `first` ... `first + count - 1`, of each network in its turn. The exit code counts faults."""
    args = campaign.parser(__doc__).parse_args()
    contents = [network() for network in NETWORKS.values()]

    def one(seed: int) -> str:
        compiled = attempt(onnx_mutation(contents[seed % len(contents)], seed), "double")
        return "refused" if compiled is None else "compiled"

    return campaign.run(args, one, SECONDS, MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
