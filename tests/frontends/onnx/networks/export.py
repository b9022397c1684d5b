"""Writes the networks of this folder anew: python export.py, with torch, onnxscript, onnx and onnxruntime installed.

Small networks in the styles that people use, each by both of PyTorch's exporters, with inputs and the answers of
onnxruntime.
"""

import logging
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as f
from torch import Tensor, nn

HERE = Path(__file__).parent
_NOTES = ("pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy")  # what exporters note that aot reads
Shape = tuple[int, ...]


def conv(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, act: type = nn.ReLU
) -> nn.Module:
    padding = kernel // 2
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), act())


class Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = conv(channels, channels)
        self.b = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return f.relu(x + self.b(self.a(x)))


class Mobile(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = inputs * 4
        self.features = nn.Sequential(
            conv(inputs, wide, 1, act=nn.ReLU6),
            conv(wide, wide, 3, stride, wide, act=nn.ReLU6),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.joined = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.features(x)
        return x + y if self.joined else y


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.a, self.b = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * f.hardsigmoid(self.b(f.relu(self.a(self.pool(x)))))


class Shuffle(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.a, self.d = conv(half, half, 1), nn.Conv2d(half, half, 3, padding=1, groups=half)

    def forward(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, 1)
        joined = torch.cat([a, self.d(self.a(b))], 1)
        n, c, h, w = joined.shape
        return joined.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


class Temporal(nn.Module):
    """Causal dilated convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.ModuleList(nn.Conv1d(12 if i else 6, 12, 3, dilation=2**i) for i in range(4))
        self.out = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        for i, layer in enumerate(self.c):
            x = f.relu(layer(f.pad(x, (2 * 2**i, 0))))
        return self.out(x[:, :, -1])


class Recurrent(nn.Module):
    def __init__(self, kind: Callable[..., nn.Module], **options: object) -> None:
        super().__init__()
        self.layers = kind(5, 8, batch_first=True, **options)
        self.out = nn.Linear(16 if options.get("bidirectional") else 8, 4)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.layers(x)
        return self.out(y[:, -1])


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 4))
        self.decoder = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 64), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x)).view(-1, 1, 8, 8)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = conv(1, 4), conv(4, 8), conv(8, 8), conv(8, 4)
        self.up, self.out = nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)
        below = self.c(self.b(f.max_pool2d(a, 2)))
        return self.out(self.d(torch.cat([self.up(below), a], 1)))


class Upsample(nn.Module):
    def __init__(self, **options: object) -> None:
        super().__init__()
        self.a, self.b, self.options = conv(2, 4), nn.Conv2d(4, 1, 3, padding=1), options

    def forward(self, x: Tensor) -> Tensor:
        return self.b(f.interpolate(self.a(x), scale_factor=2, **self.options))


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.out = nn.Linear(6, 8), nn.Linear(8, 3)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.layer(self.embed(x)).mean(1))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out, self.norm = nn.Linear(8, 24), nn.Linear(8, 8), nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm(x)).view(n, t, 3, 2, 4).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / 2).softmax(-1)
        return x + self.out((weights @ v).transpose(1, 2).reshape(n, t, c))


class PixelShuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.shuffle(self.b(f.leaky_relu(self.a(x), 0.1)))


class PixelUnshuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.unshuffle, self.a, self.out = nn.PixelUnshuffle(2), nn.Conv2d(12, 8, 3), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.a(self.unshuffle(x)).mean((2, 3)))


class Norms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.out = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 2, 1)
        self.group, self.instance, self.layer = (
            nn.GroupNorm(2, 8),
            nn.InstanceNorm2d(8, affine=True),
            nn.LayerNorm([8, 6, 6]),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.out(f.silu(self.layer(f.gelu(self.instance(f.silu(self.group(self.a(x))))))))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.out = nn.Conv1d(2, 4, 3), nn.Linear(3, 4), nn.Linear(8, 2)

    def forward(self, x: Tensor, m: Tensor) -> tuple[Tensor, Tensor]:
        pooled = f.adaptive_avg_pool1d(f.elu(self.a(x)), 1).flatten(1)
        return self.out(torch.cat([pooled, f.softplus(self.b(m))], 1)), self.b(m).argmax(1)


class Detector(nn.Module):
    """A head with anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(3, 8, 3, 2, act=nn.Hardswish), conv(8, 16, 3, 2, act=nn.Mish))
        self.head = nn.Conv2d(16, 14, 1)
        self.register_buffer("anchors", torch.rand(1, 2, 1, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        y = self.head(self.body(x))
        n, _, h, w = y.shape
        y = y.view(n, 2, 7, h, w).permute(0, 1, 3, 4, 2)
        size = (y[..., 2:4].sigmoid() * 2) ** 2 * self.anchors
        return torch.cat([y[..., :2].sigmoid() * 2, size, y[..., 4:].sigmoid()], -1).view(n, -1, 7)


class Scaled(nn.Module):
    """Preprocessing inside the model."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.slope, self.out = nn.Conv2d(1, 4, 3, 2, 1), nn.PReLU(4), nn.Linear(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = f.avg_pool2d(self.slope(self.conv((x - 0.5) / 0.25)), 2, 2)
        return f.log_softmax(self.out(y.flatten(1)), 1)


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.gru, self.out = nn.Embedding(20, 6), nn.GRU(6, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        _, last = self.gru(self.embed(x))
        return self.out(last[-1])


class Keywords(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.out = nn.Conv2d(1, 8, (10, 4), (2, 2), (5, 1)), nn.Linear(8, 12)
        self.blocks = nn.Sequential(*(nn.Sequential(conv(8, 8, 3, 1, 8), conv(8, 8, 1)) for _ in range(2)))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(f.avg_pool2d(self.blocks(f.relu(self.first(x))), (25, 5)).flatten(1))


class Fire(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.squeeze, self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 3, padding=1)
        self.out = nn.Conv2d(16, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = f.relu(self.squeeze(x))
        joined = torch.cat([f.relu(self.a(x)), f.relu(self.b(x))], 1)
        return self.out(f.max_pool2d(joined, 3, 2, ceil_mode=True)).mean((2, 3))


class Grouped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.dilated = nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(4, 4, 3, dilation=2)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.clamp(self.up(f.celu(self.a(x))), -0.5, 0.7)
        return f.adaptive_max_pool2d(self.dilated(y), 1)


class Text(nn.Module):
    """Columns of an image read by a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.out = conv(1, 4, 3, 2), nn.Linear(16, 5)
        self.lstm = nn.LSTM(16, 8, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.c(x)
        n, c, h, w = y.shape
        y, _ = self.lstm(y.permute(0, 3, 1, 2).reshape(n, w, c * h))
        return self.out(y).softmax(-1)


def _pooled(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), layers[-1])


def _sensors() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(3, 8, 5, 2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(8, 8, 3, groups=8), nn.GELU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4),
    )  # fmt: skip


def networks() -> dict[str, tuple[nn.Module, list[Shape]]]:
    """Each with the shapes of its inputs."""
    flat = nn.Sequential(conv(3, 4, 3, 2), nn.Flatten(), nn.Dropout(), nn.Linear(256, 10), nn.Softmax(1))
    mobile = (conv(3, 8, 3, 2, act=nn.ReLU6), Mobile(8, 8, 1), Mobile(8, 12, 2), Mobile(12, 12, 1))
    return {
        "attention": (Attention(), [(1, 5, 8)]),
        "autoencoder": (Autoencoder(), [(1, 1, 8, 8)]),
        "conv_bn": (_pooled(conv(3, 8), conv(8, 16, 3, 2), nn.Linear(16, 10)), [(1, 3, 16, 16)]),
        "detector": (Detector(), [(1, 3, 16, 16)]),
        "encoder": (Encoder(), [(1, 7, 6)]),
        "fire": (Fire(), [(1, 3, 12, 12)]),
        "flat": (flat, [(1, 3, 16, 16)]),
        "grouped": (Grouped(), [(1, 4, 10, 10)]),
        "gru": (Recurrent(nn.GRU), [(1, 12, 5)]),
        "gru_two": (Recurrent(nn.GRU, num_layers=2), [(1, 12, 5)]),
        "keywords": (Keywords(), [(1, 1, 49, 10)]),
        "lstm": (Recurrent(nn.LSTM), [(1, 12, 5)]),
        "lstm_both": (Recurrent(nn.LSTM, bidirectional=True), [(1, 12, 5)]),
        "mobile": (_pooled(*mobile, nn.Linear(12, 4)), [(1, 3, 24, 24)]),
        "norms": (Norms(), [(1, 3, 8, 8)]),
        "pixel_shuffle": (PixelShuffle(), [(1, 1, 6, 6)]),
        "pixel_unshuffle": (PixelUnshuffle(), [(1, 3, 8, 8)]),
        "residual": (_pooled(conv(3, 8), Residual(8), Residual(8), nn.Linear(8, 4)), [(1, 3, 12, 12)]),
        "rnn": (Recurrent(nn.RNN), [(1, 12, 5)]),
        "scaled": (Scaled(), [(1, 1, 16, 16)]),
        "sensors": (_sensors(), [(1, 3, 64)]),
        "shuffle": (_pooled(conv(3, 8), Shuffle(8), Shuffle(8), nn.Linear(8, 3)), [(1, 3, 8, 8)]),
        "squeeze_excite": (
            nn.Sequential(conv(3, 8, act=nn.Hardswish), SqueezeExcite(8), nn.Conv2d(8, 4, 1)),
            [(1, 3, 9, 9)],
        ),
        "temporal": (Temporal(), [(1, 6, 40)]),
        "text": (Text(), [(1, 1, 8, 20)]),
        "tokens": (Tokens(), [(1, 9)]),
        "two_inputs": (TwoInputs(), [(1, 2, 10), (1, 3)]),
        "unet": (UNet(), [(1, 1, 16, 16)]),
        "upsample_bilinear": (Upsample(mode="bilinear", align_corners=False), [(1, 2, 6, 6)]),
        "upsample_nearest": (Upsample(mode="nearest"), [(1, 2, 6, 6)]),
    }


def _settle(model: nn.Module) -> nn.Module:
    """Statistics as training would leave them."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
    return model.eval()


def _export(model: nn.Module, inputs: tuple[Tensor, ...], exporter: str) -> onnx.ModelProto:
    if exporter == "dynamo":
        program = torch.onnx.export(model, inputs, dynamo=True, verbose=False)
        exported = program.model_proto
    else:
        file = BytesIO()
        torch.onnx.export(model, inputs, file, dynamo=False, opset_version=14)
        exported = onnx.load_model_from_string(file.getvalue())
    return _without_notes(exported)


def _without_notes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the places in the source that exporters write down."""
    for node in model.graph.node:
        node.doc_string = ""
        kept = [p for p in node.metadata_props if p.key in _NOTES]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    del model.metadata_props[:]
    return model


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    for number, (name, (model, shapes)) in enumerate(networks().items()):
        torch.manual_seed(number)
        with torch.no_grad():
            _settle(model)
        inputs = tuple(torch.randint(0, 20, s) if name == "tokens" else torch.randn(*s) for s in shapes)
        for exporter in ("dynamo", "script"):
            content = _export(model, inputs, exporter).SerializeToString()
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
            given = {i.name: t.numpy() for i, t in zip(session.get_inputs(), inputs, strict=True)}
            outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, given), strict=True))
            path = HERE / f"{name}.{exporter}"
            path.with_suffix(f".{exporter}.onnx").write_bytes(content)
            arrays = {f"in {k}": v for k, v in given.items()} | {f"out {k}": v for k, v in outputs.items()}
            np.savez_compressed(f"{path}.npz", **arrays)


if __name__ == "__main__":
    main()
