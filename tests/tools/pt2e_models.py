"""Makes tests/data/pt2e: networks that PyTorch's PT2E quantizes, as ONNX files.

A person runs it, in an environment with torch 2.13.0, torchao 0.18.0, onnx and onnxscript:

    python tests/tools/pt2e_models.py tests/data/pt2e
"""

# torch and torchao are no part of the development environment.
# mypy: ignore-errors

import sys
from pathlib import Path

import onnx
import torch
import torch.nn.functional as f
from torch import Tensor, nn
from torchao.quantization.pt2e import move_exported_model_to_eval
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e
from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

_SAMPLES = 6
_LARGEST = 63  # of weights: onnxruntime adds pairs of products in 16 bits on x86 cores that have AVX2 and no VNNI
_KEPT = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")  # what labels are made of


class Residual(nn.Module):
    """Convolutions with batch normalization, depth-wise and 1x1, around which a path leads; limits; a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.by_channel, self.mix = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 8, 1)
        self.head = nn.Linear(8 * 4 * 4, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.first(x)))
        x = torch.relu(x + self.mix(f.relu6(self.by_channel(x))))
        return self.head(torch.flatten(f.max_pool2d(x, 2), 1))


class Excite(nn.Module):
    """Hard-swish, and channels that are weighted by what all of the image shows."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.active = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Hardswish()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU(), nn.Conv2d(4, 8, 1), nn.Hardsigmoid()
        )
        self.mix, self.head = nn.Conv2d(8, 16, 1), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.active(self.first(x))
        return self.head(self.mix(x * self.gate(x)).mean((2, 3)))


class Sequence(nn.Module):
    """Dilated convolutions over time; parts that are cut off and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far = nn.Conv1d(4, 8, 3, padding=1), nn.Conv1d(8, 8, 3, padding=2, dilation=2)
        self.head = nn.Linear(8, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.near(x))
        x = f.max_pool1d(x + torch.relu(self.far(x)), 2)
        return self.head(torch.cat([x[:, 4:], x[:, :4]], 1).mean(-1))


class Skip(nn.Module):
    """Down, up by repetition, and a path that was never down."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.beside = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(3, 4, 1)
        self.out = nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x2 = f.interpolate(torch.relu(self.down(x)), scale_factor=2.0, mode="nearest")
        return self.out(torch.cat([x2, self.beside(x)], 1))


NETWORKS = {  # the module, the input, whether weights have a scale for each channel, whether it is in training
    "residual": (Residual, (1, 3, 8, 8), True, False),
    "residual_trained": (Residual, (1, 3, 8, 8), False, True),
    "excite": (Excite, (1, 3, 12, 12), True, False),
    "sequence": (Sequence, (1, 4, 20), True, False),
    "skip": (Skip, (1, 3, 8, 8), False, False),
}


def exported(kind: type[nn.Module], shape: tuple[int, ...], per_channel: bool, training: bool) -> onnx.ModelProto:
    """The network, quantized."""
    torch.manual_seed(0)
    inputs = (torch.randn(shape),)
    graph = torch.export.export(kind().train(training), inputs).module()
    config = get_symmetric_quantization_config(
        is_per_channel=per_channel, is_qat=training, weight_qmin=-_LARGEST, weight_qmax=_LARGEST
    )
    prepare = prepare_qat_pt2e if training else prepare_pt2e
    prepared = prepare(graph, XNNPACKQuantizer().set_global(config))
    for _ in range(_SAMPLES):
        prepared(torch.randn(shape))
    converted = convert_pt2e(prepared)
    move_exported_model_to_eval(converted)
    return _lean(torch.onnx.export(converted, inputs, dynamo=True, verbose=False).model_proto)


def _lean(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without what nobody reads: stack traces, types of what is in between."""
    for node in model.graph.node:
        kept = [(p.key, p.value) for p in node.metadata_props if p.key in _KEPT]
        del node.metadata_props[:]
        for key, value in kept:
            node.metadata_props.add(key=key, value=value)
    graph = model.graph
    for value in (graph, *graph.initializer, *graph.input, *graph.output):
        del value.metadata_props[:]
    del graph.value_info[:]
    return model


if __name__ == "__main__":
    for name, network in NETWORKS.items():
        onnx.save(exported(*network), Path(sys.argv[1]) / f"{name}.onnx")
