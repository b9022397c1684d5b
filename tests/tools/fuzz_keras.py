"""Reads damaged Keras files: each must give a graph that compiles, or an AotError, in time and in memory.

python tests/tools/fuzz_keras.py MODEL... [--first N] [--count N]
"""

import sys
from pathlib import Path

import campaign
from fuzz import MEMORY_BYTES, SECONDS, attempt
from mutate_keras import keras_mutation


def main() -> int:
    """Try mutations `first` ... `first + count - 1`, of each model in its turn. The exit code counts faults."""
    parser = campaign.parser(__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    args = parser.parse_args()
    contents = [model.read_bytes() for model in args.models]

    def one(seed: int) -> str:
        number, seed_of_model = seed % len(contents), seed // len(contents)
        return "refused" if attempt(keras_mutation(contents[number], seed_of_model), "double") is None else "compiled"

    return campaign.run(args, one, SECONDS, MEMORY_BYTES)


if __name__ == "__main__":
    sys.exit(main())
