"""The commands, their options, and reports as text: the only package that prints."""
