"""The version of aot, where nothing else is imported."""

__version__ = "0.1.0"
