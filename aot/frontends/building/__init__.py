"""Graphs built operator by operator, for formats whose axes are in another order than ours."""

from aot.frontends.building.builder import Builder
from aot.frontends.building.call import Call
from aot.frontends.building.value import Order, Value

__all__ = ["Builder", "Call", "Order", "Value"]
