"""Fixtures: one Synapse for all scenes of a run, an account of ours for each, and people to talk with."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matrix.ear import Ear
from tests.matrix.homeserver import Homeserver, NotInstalled, Person, installed
from tests.needs import need


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A real homeserver."""
    why = ""
    try:
        installed()
    except (NotInstalled, OSError, subprocess.SubprocessError) as trouble:
        why = str(trouble)
    need(not why, f"Synapse cannot be installed: {why}")
    homeserver = Homeserver(tmp_path_factory.mktemp("synapse"))
    homeserver.start()
    yield homeserver
    homeserver.stop()


@pytest.fixture
def us(synapse: Homeserver) -> Person:
    return synapse.person("shop", "小团")


@pytest.fixture
def li(synapse: Homeserver) -> Person:
    return synapse.person("li", "李四")


@pytest.fixture
def wang(synapse: Homeserver) -> Person:
    return synapse.person("wang", "小王")


@pytest.fixture
def ear(tmp_path: Path, synapse: Homeserver, us: Person) -> Ear:
    """Not started: `async with ear` starts it, and again after a stop."""
    return Ear(tmp_path / "home", synapse, us)
