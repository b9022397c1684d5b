"""Model files -> Graph, one module for each format."""
