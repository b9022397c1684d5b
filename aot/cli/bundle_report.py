"""Results of several models: each by itself, as `report` has it, and all together. Prints nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from aot.api import Profiled, Ran, RanTogether
from aot.cli import profile_report, report
from aot.cli.report import Json
from aot.compile.records import CompiledBundle
from aot.project.compile import Firmware


def build_json(whole: CompiledBundle, firmware: Firmware | None, elf: Path | None) -> Json:
    """The keys of `aot build --json` for all models together, and under `models` those that each has of its own."""
    code, total = (firmware.flash.code, firmware.flash.total) if firmware else (None, None)
    weights = firmware.flash.weights if firmware else whole.weights_bytes
    return {
        "model": whole.held.name,
        "board": whole.board.name,
        "rounding": whole.models[0].rounding,
        "concurrent": whole.held.concurrent,
        "arena_bytes": whole.held.arena_bytes,
        "arena_lower_bound": whole.lower_bound,
        "arena_optimal": whole.optimal,
        "recomputed_macs": sum(model.recomputed for model in whole.models),
        "stack_bytes": firmware.stack.bytes if firmware else None,
        "flash_bytes": {"code": code, "weights": weights, "total": total},
        "ram_bytes": firmware.ram_bytes if firmware else None,
        "elf": str(elf) if elf else None,
        "models": list(_models_json(whole, firmware)),
    }


def _models_json(whole: CompiledBundle, firmware: Firmware | None) -> Iterator[Json]:
    for i, (model, start) in enumerate(zip(whole.models, whole.held.starts, strict=True)):
        part = firmware.parts[i] if firmware else None
        yield {
            "model": model.interface.name,
            "arena_start": start,
            "arena_bytes": model.plan.size,
            "arena_lower_bound": model.plan.lower_bound,
            "arena_optimal": model.plan.optimal,
            "recomputed_macs": model.recomputed,
            "stack_bytes": part.stack.bytes if part else None,
            "weights_bytes": part.weights if part else model.weights_bytes,
        }


def memory_table(whole: CompiledBundle, firmware: Firmware | None) -> Table:
    """Arena, weights and stack of each model, and of all of them."""
    table = report.plain_table("", "arena", "lower bound", "weights", "stack", right=(1, 2, 3, 4))
    for row in _models_json(whole, firmware):
        stack = "" if row["stack_bytes"] is None else f"{row['stack_bytes']:,}"
        table.add_row(
            row["model"], f"{row['arena_bytes']:,}", f"{row['arena_lower_bound']:,}", f"{row['weights_bytes']:,}", stack
        )
    how = "side by side" if whole.held.concurrent else "shared"
    stack = f"{firmware.stack.bytes:,}" if firmware else ""
    weights = firmware.flash.weights if firmware else whole.weights_bytes
    table.add_row(how, f"{whole.held.arena_bytes:,}", f"{whole.lower_bound:,}", f"{weights:,}", stack)
    if firmware:
        table.add_row("firmware", f"{firmware.ram_bytes:,} RAM", "", f"{firmware.flash.total:,} flash", "")
    return table


def run_json(ran: RanTogether) -> Json:
    """The keys of `aot run --json`; of several models for all together, and under `models` those of each."""
    firmware = ran.each[0].firmware
    if ran.whole is None:
        return report.run_json(ran.each[0].compiled, firmware, ran.each[0].verdict)
    found, verdicts = build_json(ran.whole, firmware, None), [one.verdict for one in ran.each]
    models = [model | report.answers_json(v) for model, v in zip(found["models"], verdicts, strict=True)]
    return found | {
        "samples": sum(verdict.samples for verdict in verdicts),
        "exact": all(verdict.exact for verdict in verdicts),
        "passed": ran.passed,
        "largest_distance": max(verdict.distance for verdict in verdicts),
        "models": models,
    }


def answer_lines(ran: RanTogether) -> Iterator[str]:
    """What `aot run` says of the answers of each model, with its name where there are several."""
    for one in ran.each:
        name = f"{one.compiled.interface.name}: " if ran.whole else ""
        yield from (name + line for line in report.output_lines(one.compiled, one.verdict))
        yield name + report.run_text(one.verdict)
        if ran.whole and one.verdict.instructions is not None:
            yield f"{name}{one.verdict.instructions:,} instructions for one inference"


def run_table(ran: RanTogether) -> Table:
    """RAM, flash and stack, of all models and of each; of one, instructions too."""
    one = ran.each[0]
    if ran.whole is None:
        return report.memory_table(one.compiled, one.firmware, one.verdict)
    return memory_table(ran.whole, one.firmware)


def profile_json(each: Sequence[Profiled], before: Json | None = None) -> Json:
    """The keys of `aot profile --json`; of several models, those of each under `models`."""
    if len(each) == 1:
        return profile_report.profile_json(each[0], before)
    return {"models": [profile_report.profile_json(one) for one in each]}


def verify_json(each: Sequence[Ran]) -> Json:
    """The keys of `aot verify --json`; of several models for all together, and under `models` for each."""
    if len(each) == 1:
        return report.verify_json(each[0].verdict)
    models = [{"model": ran.compiled.interface.name} | report.verify_json(ran.verdict) for ran in each]
    return {
        "exact": all(model["exact"] for model in models),
        "passed": all(model["passed"] for model in models),
        "largest_distance": max(model["largest_distance"] for model in models),
        "samples": sum(model["samples"] for model in models),
        "first_difference": next((m["first_difference"] for m in models if m["first_difference"]), None),
        "models": models,
    }


def verdict_lines(each: Sequence[Ran], layers: bool) -> Iterator[str]:
    """What `aot verify` says of each model, with its name where there are several."""
    for ran in each:
        name = f"{ran.compiled.interface.name}: " if len(each) > 1 else ""
        yield name + report.verdict_text(ran.compiled, ran.verdict, layers)
