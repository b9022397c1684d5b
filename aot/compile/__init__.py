"""A model, or several, become decisions for a board: graph, calls, plan; and the files that say them in C."""
