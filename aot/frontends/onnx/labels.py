"""What a tensor is called: after the module of the user's that computes it, where the exporter tells."""

import re

from aot.frontends.onnx.records import Node

_SCOPES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_LEAVES = "torch.nn.modules."  # of classes with a meaning of their own
_CONTAINERS = "torch.nn.modules.container."
_PARAMETER = re.compile(r"(.+)\.(?:weight|bias)")
_LONGEST = 200


def label_of(node: Node, position: int) -> str:
    """The label of an output of `node`: the path of its module, or the name in the file."""
    own = node.outputs[position] or node.name
    found = _of_parameters(node) or _of_metadata(node) or _of_path(node.name)
    return (found or own)[:_LONGEST]


def _of_parameters(node: Node) -> str | None:
    """Weights have the whole path: `features.3.conv.weight`."""
    matches = (_PARAMETER.fullmatch(name) for name in node.inputs[1:])
    return next((match[1] for match in matches if match), None)


def _of_metadata(node: Node) -> str | None:
    """PyTorch's exporter notes modules and their classes; the last is the function that was called."""
    noted = {p.key: p.value for p in node.proto.metadata_props}
    scopes, classes = (re.findall(r"'([^']*)'", noted.get(key, "")) for key in (_SCOPES, _CLASSES))
    if len(scopes) < 2:
        return None
    inner = classes[-2] if len(classes) > 1 else ""
    if inner.startswith(_LEAVES) and not inner.startswith(_CONTAINERS):
        return scopes[-2] or None
    return f"{scopes[-2]}.{scopes[-1]}".lstrip(".")


def _of_path(name: str) -> str | None:
    """PyTorch's older exporter: `/features/features.3/conv/conv.0/Conv` is of `features.3.conv.0`."""
    if not name.startswith("/"):
        return None
    *modules, kind = name.strip("/").split("/")
    path: list[str] = []
    for module in modules:
        if path and module.startswith(f"{path[-1]}."):
            path[-1] = module
        else:
            path.append(module)
    return ".".join(path) if path and _is_leaf(path[-1]) else ".".join((*path, kind))


def _is_leaf(module: str) -> bool:
    """A module in a list or sequence, of a number alone, mostly is one operator."""
    return module.split(".")[-1].isdecimal()
