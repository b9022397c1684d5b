"""The mean for cores with the DSP extension: four channels in a word."""

from dataclasses import dataclass

from aot.graph.ir import Graph
from aot.kernels.call import DSP, AnyKernel, Call, Kernel, Params, Target, fit
from aot.kernels.common.fours import HALFWORD_TAPS, fit_fours
from aot.kernels.common.output import Output
from aot.kernels.reduce.reduce import scaled_output
from aot.ops.mean import Mean


@dataclass(frozen=True)
class MeanDsp(Params):
    """`start` is what each sum begins with: minus the zero point for every element."""

    batches: int
    taps: int
    channels: int
    start: int
    output: Output


def mean_dsp(kernel: AnyKernel, op: Mean, graph: Graph, target: Target) -> Call:
    """The mean of int8 over height and width, or over other neighbouring axes, four channels in a word."""
    x, y = op.operands(graph)
    fit_fours(x)
    axes, count = sorted(op.axes), op.count(x)
    fit(axes == list(range(axes[0], len(x.shape) - 1)), f"axes {axes} are not those that end at the channels")
    fit(count <= HALFWORD_TAPS, f"the sums have {count} elements, more than {HALFWORD_TAPS}")
    output, channels = scaled_output(op, x, y, target), x.shape[-1]
    params = MeanDsp(y.elements // channels, count, channels, -count * x.zero_point, output)
    work = {"taps": x.elements // 4, "outputs": y.elements}
    return Call(kernel, op, params, (x.name,), (y.name,), {"stage": output.stage}, work=work)


KERNELS: tuple[AnyKernel, ...] = (Kernel("mean_s8_dsp", "reduce/dsp/mean_s8_dsp", (Mean,), mean_dsp, DSP),)
