"""Several models on one device: one arena, one firmware, and what each remembers outlasts the others' runs."""

import subprocess
from dataclasses import replace
from pathlib import Path

import cases
import native
import numpy as np
import pytest
from command import aot, refused
from paths import DIGITS, SINE
from programs import cmake

from aot.api import build
from aot.base.errors import AotError
from aot.compile.bundle import bundled
from aot.compile.pipeline import compile_file
from aot.compile.printing import make
from aot.compile.records import Compiled, CompiledBundle
from aot.device.verify import connect, run_in_turn, verify_layers
from aot.frontends.tflite.writer import write
from aot.graph.ir import Graph
from aot.oracle import interpreter
from aot.oracle.samples import Sample, random_samples
from aot.plan.shared import check_shared, shared
from aot.project.compile import Firmware, Flash
from aot.project.firmware import ram_beside_arena
from aot.targets import load_board

_REMEMBER = ("Svdf", "Lstm of int8", "Rnn")
_WARNINGS = "-Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror".split()


def _models(board: str, seed: int = 0) -> list[Compiled]:
    """Models that remember, and two that do not, for `board`."""
    graphs = [replace(cases.case(name, seed)[0], name=f"net{i}") for i, name in enumerate(_REMEMBER)]
    others = [compile_file(path, load_board(board)) for path in (SINE, DIGITS)]
    return [*(native.compiled(graph, board=board) for graph in graphs), *others]


def _samples(models: list[Compiled]) -> list[list[Sample]]:
    """Two for the first, three for the second, and so on."""
    return [list(random_samples(model.source, n + 2, n)) for n, model in enumerate(models)]


# The plan


def test_shared_plans_keep_what_each_remembers() -> None:
    for seed in range(3 * cases.TIMES):
        models = _models("host", seed)
        plans, kept = [model.plan for model in models], _states(models)
        placed = shared(plans, kept)
        states = sum(model.graph[state.current].bytes for model in models for state in model.graph.state)
        own = [sum(model.graph[name].bytes for name in names) for model, names in zip(models, kept, strict=True)]
        for plan, alone, mine in zip(placed, plans, own, strict=True):
            assert plan.problem == alone.problem
            assert plan.size >= plan.lower_bound >= alone.lower_bound + states - mine
        assert max(plan.size for plan in placed) < sum(plan.size for plan in plans)


def _states(models: list[Compiled]) -> list[set[str]]:
    return [{state.current for state in model.graph.state} for model in models]


def test_without_states_plans_stay_as_they_are() -> None:
    plans = [compile_file(path, load_board("host")).plan for path in (SINE, DIGITS)]
    assert all(one is other for one, other in zip(shared(plans, [set(), set()]), plans, strict=True))


def test_a_buffer_over_what_another_model_remembers_is_found() -> None:
    models = _models("host")
    kept = _states(models)
    plans = list(shared([model.plan for model in models], kept))
    check_shared(plans, kept)
    plans[-1] = models[-1].plan  # as it would be alone: from byte 0 on
    with pytest.raises(AssertionError, match="lies over"):
        check_shared(plans, kept)


# The firmware


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompiledBundle, Firmware]:
    """All of them on the host, sharing; the firmware can send every layer."""
    whole = bundled(_models("host"))
    return whole, make(whole, tmp_path_factory.mktemp("together"), trace=True)


def _check_in_turn(whole: CompiledBundle, firmware: Firmware) -> None:
    verdicts = run_in_turn(whole.models, firmware, _samples(list(whole.models)))
    assert [verdict.samples for verdict in verdicts] == [2, 3, 4, 5, 6][: len(verdicts)]
    assert all(verdict.exact for verdict in verdicts), verdicts


def test_models_in_turn_are_bit_exact(traced: tuple[CompiledBundle, Firmware]) -> None:
    _check_in_turn(*traced)


def test_models_in_turn_are_bit_exact_on_a_board(tmp_path: Path) -> None:
    whole = bundled(_models("mps2-an386"))
    _check_in_turn(whole, make(whole, tmp_path))


def test_a_reset_is_of_one_model(traced: tuple[CompiledBundle, Firmware]) -> None:
    whole, firmware = traced
    models = whole.models[:3]
    first, *_, last = models
    samples = [random_samples(model.source, 2, 7) for model in models]
    answers = []
    with connect(first, firmware, None, number=0) as device:
        for i in range(2):
            for n, model in enumerate(models):
                device.select(n, model.held)
                if i == 1 and model is last:
                    device.reset()
                answers.append(device.infer([samples[n][i][name].tobytes() for name in model.source.inputs]))
    wanted = [list(interpreter.run_all(model.source, given)) for model, given in zip(models, samples, strict=True)]
    wanted[-1][1] = interpreter.run(last.source, samples[-1][1])
    pairs = [(n, i, model.source.outputs) for i in range(2) for n, model in enumerate(models)]
    assert answers == [[wanted[n][i][name].tobytes() for name in outputs] for n, i, outputs in pairs]
    forgotten = interpreter.run(first.source, samples[0][1])
    assert answers[3] != [forgotten[name].tobytes() for name in first.source.outputs]


def test_every_layer_is_compared(traced: tuple[CompiledBundle, Firmware]) -> None:
    whole, firmware = traced
    for number, (model, given) in enumerate(zip(whole.models, _samples(list(whole.models)), strict=True)):
        assert verify_layers(model, firmware, given, number=number).exact


def test_a_fault_is_found_in_the_model_that_has_it(
    traced: tuple[CompiledBundle, Firmware], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last model's code computes something else than its graph."""
    right = interpreter.run_all

    def wrong(graph: Graph, samples: list[Sample], rounding: str) -> object:
        for values in right(graph, samples, rounding):
            yield {name: array + (graph.name == "digits") for name, array in values.items()}

    monkeypatch.setattr(interpreter, "run_all", wrong)
    whole, firmware = traced
    verdicts = run_in_turn(whole.models, firmware, _samples(list(whole.models)))
    assert [verdict.exact for verdict in verdicts] == [True] * 4 + [False]


def test_commands_are_about_the_selected_model(traced: tuple[CompiledBundle, Firmware]) -> None:
    whole, firmware = traced
    digits, sine = len(whole.models) - 1, len(whole.models) - 2
    with connect(whole.models[0], firmware, None, number=0) as device:
        assert device.command("aot-model 9") == ["e-[aot-model needs the number of a model]"]
        device.select(digits, whole.models[digits].held)
        assert device.command("profile")[1] == "m-model-[digits]"
        assert device.command("db load 64") == ["m-[Expecting 64 bytes]"]
        device.select(sine, whole.models[sine].held)
        assert device.command("db print") == []
        assert device.command("db load 2") == ["e-[Supplied buffer size exceeds the model's inputs]"]
        assert len(device.command("infer 1")[-1].split(",")) == 1
        device.select(sine, whole.models[0].held)
        with pytest.raises(AotError, match="the device runs sine"):
            device.identify()


def test_verify() -> None:
    done = aot("verify", SINE, DIGITS, "-b", "host", "--concurrent", "--name", "a,b", "--json")
    assert done.code == 0 and done.json["exact"] and done.json["samples"] == 8
    assert [(model["model"], model["exact"]) for model in done.json["models"]] == [("a", True), ("b", True)]


# What is written

_MAIN = """\
#include <stdio.h>
#include "models.h"

static uint8_t arena[MODELS_ARENA_SIZE] __attribute__((aligned(MODELS_ARENA_ALIGN)));

int main(void)
{
    uint8_t *const sine = arena + SINE_ARENA_START, *const digits = arena + DIGITS_ARENA_START;
    sine_input(sine)[0] = 42;
    for (int i = 0; i < DIGITS_INPUT_SIZE; i++) {
        digits_input(digits)[i] = (int8_t)i;
    }
    sine_run(sine);
    digits_run(digits);
    printf("%d", sine_output(sine)[0]);
    for (int i = 0; i < DIGITS_OUTPUT_SIZE; i++) {
        printf(" %d", digits_output(digits)[i]);
    }
    return 0;
}
"""


def test_concurrent_models_do_not_touch_each_other(tmp_path: Path) -> None:
    """The inputs of both, then both runs, then the outputs of both."""
    done = aot("build", SINE, DIGITS, "-b", "host", "-o", tmp_path, "--project", "sources", "--concurrent")
    assert done.code == 0, done.err
    (tmp_path / "main.c").write_text(_MAIN)
    sources = [path.name for path in tmp_path.glob("*.c")]
    subprocess.run(["gcc", "-std=c99", *_WARNINGS, *sources, "-lm", "-o", "main"], cwd=tmp_path, check=True)
    syntax = ["g++", "-fsyntax-only", *_WARNINGS, "-include", "models.h", "-x", "c++", "/dev/null"]
    subprocess.run(syntax, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    graphs = [compile_file(path, load_board("host")).source for path in (SINE, DIGITS)]
    answers: list[int] = []
    for graph, codes in zip(graphs, ([42], range(64)), strict=True):
        name = graph.inputs[0]
        values = interpreter.run(graph, {name: np.array(codes, np.int8).reshape(graph[name].shape)})
        answers += values[graph.outputs[0]].reshape(-1).tolist()
    assert [int(word) for word in printed.split()] == answers


def test_models_that_share_are_what_they_are_alone(tmp_path: Path) -> None:
    """With no states and no kernel in common, the C is that of a build by itself, but for the stack in the header."""
    build([SINE, DIGITS], "mps2-an385", tmp_path / "both", project="sources", compile=False)
    for path in (SINE, DIGITS):
        for file in build(path, "mps2-an385", tmp_path / path.stem, project="sources", compile=False).folder.iterdir():
            assert (tmp_path / "both" / file.name).read_bytes() == file.read_bytes()
    header = (tmp_path / "both" / "models.h").read_text()
    assert "They share the arena" in header and "#define MODELS_ARENA_SIZE 596\n" in header


def test_report(tmp_path: Path) -> None:
    done = aot("build", SINE, DIGITS, "-b", "mps2-an386", "-o", tmp_path / "p", "--json")
    found, (sine, digits) = done.json, done.json["models"]
    assert (sine["model"], digits["model"]) == ("sine", "digits") and Path(found["elf"]).name == "models.elf"
    assert found["arena_bytes"] == max(sine["arena_bytes"], digits["arena_bytes"]) >= found["arena_lower_bound"]
    assert found["flash_bytes"]["weights"] == sine["weights_bytes"] + digits["weights_bytes"]
    assert found["stack_bytes"] == max(sine["stack_bytes"], digits["stack_bytes"])
    assert f"{sine['stack_bytes']} bytes at most" in (tmp_path / "p" / "sine.h").read_text()
    apart = aot(
        "build", SINE, DIGITS, "-b", "host", "-o", tmp_path / "q", "--concurrent", "--no-compile", "--json"
    ).json
    assert apart["arena_bytes"] == apart["models"][1]["arena_start"] + apart["models"][1]["arena_bytes"]
    table = aot("build", SINE, DIGITS, "-b", "host", "-o", tmp_path / "r", "--no-compile").out
    assert "sine and digits for host are in" in table and "shared" in table


def test_run_and_profile(tmp_path: Path) -> None:
    """Each model answers, and costs, what it does alone."""
    both, target = (SINE, DIGITS), ("-b", "mps2-an386")
    files = [tmp_path / "sine.npz", tmp_path / "digits.npz"]
    ran = aot("run", *both, *target, "--outputs", files[0], "--outputs", files[1], "--json").json
    assert ran["exact"] and ran["passed"] and ran["samples"] == 2
    profiled = aot("profile", *both, *target, "--json").json
    for path, file, model, layers in zip(both, files, ran["models"], profiled["models"], strict=True):
        alone = aot("run", path, *target, "--outputs", tmp_path / "alone.npz", "--json").json
        assert abs(model["instructions"] - alone["instructions"]) < 100 and model["exact"]  # but for who calls it
        with np.load(file) as found, np.load(tmp_path / "alone.npz") as expected:
            assert found.files == expected.files and all(np.array_equal(found[n], expected[n]) for n in found.files)
        counted = {layer["name"]: layer["instructions"] for layer in layers["layers"]}
        assert counted == {
            one["name"]: one["instructions"] for one in aot("profile", path, *target, "--json").json["layers"]
        }
    text = aot("run", *both, *target).out
    assert "sine: bit-exact" in text and "digits: bit-exact" in text and "shared" in text
    assert "digits:" in aot("profile", *both, *target).out


@pytest.mark.parametrize(("kind", "how"), [("make", ()), ("cmake", ("--concurrent",))])
def test_projects_build_what_answers(kind: str, how: tuple[str, ...], tmp_path: Path) -> None:
    done = aot("build", SINE, DIGITS, "-b", "host", "-o", tmp_path, "--project", kind, "--no-compile", *how)
    assert done.code == 0, done.err
    if kind == "make":
        subprocess.run(["make", "-j2", "-C", tmp_path], check=True, capture_output=True)
    else:
        cmake("-B", "build", f"-DCMAKE_C_FLAGS={' '.join(_WARNINGS)}", cwd=tmp_path)
        cmake("--build", "build", "--parallel", 2, cwd=tmp_path)
    whole = bundled([compile_file(path, load_board("host")) for path in (SINE, DIGITS)])
    _check_in_turn(whole, Firmware(tmp_path / "build" / "models.elf", Flash(0, 0), 0, ()))


# What is refused


def test_what_cannot_be(tmp_path: Path) -> None:
    target = ("-b", "host", "-o", tmp_path / "out", "--no-compile")
    for arguments, complaint in (
        ((SINE, SINE), "two models are called sine"),
        ((SINE, DIGITS, "--name", "a,A"), "two models are called a"),
        ((SINE, DIGITS, "--name", "a"), "2 models cannot be called a"),
        ((SINE, DIGITS, "--name", "a,models"), "two things would be called models"),
        ((SINE, DIGITS, "--name", "a,a_weights"), "two things would be called a_weights.c"),
        ((SINE, DIGITS, "--mlperf"), "firmware of one model"),
        ((SINE, DIGITS, "--calibration", "x.npz"), "cannot be quantized with the same samples"),
        ((SINE, DIGITS, "--weights", "external"), "cannot be files"),
        ((SINE, DIGITS, "--project", "zephyr"), "a project of the kind zephyr holds one model, not 2"),
    ):
        assert complaint in refused("build", *arguments, *target)
    assert not (tmp_path / "out").exists()
    both = (SINE, DIGITS, "-b", "host")
    for command in ("run", "verify", "profile"):
        assert "--inputs is needed 2 times, not 1" in refused(command, *both, "--inputs", "x.npz")
    assert "--outputs is needed 2 times, not 1" in refused("run", *both, "--outputs", "x.npz")
    assert "--outputs names x.npz twice" in refused("run", *both, "--outputs", "x.npz", "--outputs", "./x.npz")
    assert "an earlier profile is of one model" in refused("profile", *both, "--against", "x.json")


def test_what_does_not_fit_together() -> None:
    board = load_board("microbit")
    sine, digits = (compile_file(path, board) for path in (SINE, DIGITS))
    need = digits.plan.size + ram_beside_arena(digits.held, board)
    memories = tuple(replace(each, size=need) if each.name == "ram" else each for each in board.memories)
    models = [replace(model, board=replace(board, memories=memories)) for model in (sine, digits)]
    assert bundled(models).held.arena_bytes == digits.plan.size
    with pytest.raises(AotError, match="the firmware of sine and digits does not fit microbit"):
        bundled(models, concurrent=True)


def test_a_limit_of_ram_is_for_the_common_arena(tmp_path: Path) -> None:
    for model in _models("host")[:2]:
        (tmp_path / f"{model.graph.name}.tflite").write_bytes(write(model.source))
    paths = [tmp_path / "net0.tflite", tmp_path / "net1.tflite"]
    sizes = [compile_file(path, load_board("host")).plan.size for path in paths]
    with pytest.raises(AotError, match="together, the models need"):
        build(paths, "host", tmp_path / "out", compile=False, max_ram=max(sizes))
