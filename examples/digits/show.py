"""Draws the first samples and, below each, the digit that a board answered.

python examples/digits/show.py answers.npz      the file that `aot run --outputs answers.npz` wrote
"""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
SHOWN = 8
INK = np.array([" ", ".", "+", "#", "@"])


def main(answers):
    """Print the pictures side by side."""
    with np.load(FOLDER / "samples.npz") as samples, np.load(answers) as outputs:
        images, digits = samples["image"][..., 0].astype(int) + 128, outputs["digit"].reshape(-1, 10).argmax(1)
    for row in INK[images[:SHOWN] * len(INK) // 256].transpose(1, 0, 2):
        print("   ".join("".join(line) for line in row))
    print("   ".join(f"{digit:^8}" for digit in digits[:SHOWN]))
    print(f"{(digits == np.load(FOLDER / 'labels.npy')).sum()} of {len(digits)} digits are right.")


if __name__ == "__main__":
    main(sys.argv[1])
