"""What tests of several folders are given."""

from functools import partial

import pytest
from dummy_bench import BOARDS, Bench

from aot.lower import lowering


@pytest.fixture
def quick_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merged graphs are there for their kernels: any plan serves, and the search for the best takes longer than gcc."""
    monkeypatch.setattr(lowering, "plan", partial(lowering.plan, quick=True))
    monkeypatch.setattr(lowering, "best_order", lambda *_: None)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="session", params=BOARDS)
def board_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)
