"""What tests of several folders are given."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
import quick
import selection
from dummy_bench import BOARDS, Bench
from objects import Objects

from aot.project import compile as project_compile


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--operator", metavar="NAME",
                     help="run what tests this operator of TensorFlow Lite, on its cases alone: CONV_2D")  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    selection.only = config.getoption("operator")
    if selection.only not in (None, *selection.NAMES.values()):
        raise pytest.UsageError(f"--operator: there is no {selection.only}")


def pytest_itemcollected(item: pytest.Item) -> None:
    """`-k CONV_2D` finds what tests that operator."""
    item.extra_keyword_matches.update(selection.operators_of(item))


@pytest.hookimpl(trylast=True)  # when it is known what is run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if selection.only is not None:
        others = [item for item in items if selection.only not in item.extra_keyword_matches]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if selection.only in item.extra_keyword_matches]
    items[:] = selection.slow_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.fixture
def quick_plans() -> Iterator[None]:
    """For merged graphs."""
    with quick.quick_plans():
        yield


@pytest.fixture(scope="session", autouse=True)
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Workers share what they compile; their folders lie beside each other."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with patch.object(project_compile, "_compile", Objects(shared / "objects", project_compile._compile).compile):
        yield


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="session", params=BOARDS)
def board_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)
