"""Decisions as C text: the three files of a model."""
