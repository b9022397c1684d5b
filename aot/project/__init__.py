"""A C project around a model: its kinds, its firmware, its compiler, its call graph."""
