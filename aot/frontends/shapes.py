"""Shapes of inputs that a user tells, by the inputs' names."""

from collections.abc import Mapping, Sequence

Shapes = Mapping[str, Sequence[int]]
