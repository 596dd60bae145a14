"""What every test stands on: no network but loopback, and nobody's key or proxy."""

from __future__ import annotations

import compileall
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from alone.cut_off import cut_off

# The same cases every time, however busy the machine: a change must not fail by chance. Before a
# release: `pytest --hypothesis-profile=explore`.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("same")

ROOT = Path(__file__).parent.parent
ALONE = Path(__file__).parent / "alone"
"""What cuts off a Python that finds it in its path."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the program once, as an installed one is: where no bytecode may be written, each of
    the hundreds of processes that the tests begin would do it anew."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(ROOT / "r2vbatch", quiet=2)


@pytest.fixture(autouse=True, scope="session")
def _cut_off() -> None:
    """Connections to anything but loopback fail at once, as on a machine without a network."""
    cut_off()


@pytest.fixture(autouse=True)
def _nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No key, no proxy and no home of the person who runs the tests."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.upper().startswith("DASHSCOPE_") or name.upper().endswith("_PROXY"):
            del os.environ[name]
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ALONE), *filter(None, [before.get("PYTHONPATH")])]
    )
    yield
    os.environ.clear()
    os.environ.update(before)


LONGEST = ("test_batches_killed_at_random_moments", "test_every_fault_at_once")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The two that wait for half a minute begin first: else one process is busy with them when the
    others have nothing left to do."""
    items.sort(key=lambda item: item.name not in LONGEST)
