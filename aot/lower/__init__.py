"""A graph becomes calls and a plan: kernels, layouts, stripes, memories."""
