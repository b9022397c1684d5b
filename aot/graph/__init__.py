"""The graph and its parts, fixed-point numbers, and a model as its user sees it in C."""
