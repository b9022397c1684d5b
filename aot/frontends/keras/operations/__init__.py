"""Operations of keras.ops in a model; a family is a module. OPERATIONS lists them all by the names of classes."""

from aot.frontends.keras.operations import elementwise, movement, nn, reduction
from aot.frontends.keras.records import Reader

OPERATIONS: dict[str, Reader] = {
    **elementwise.OPERATIONS,
    **movement.OPERATIONS,
    **nn.OPERATIONS,
    **reduction.OPERATIONS,
}
