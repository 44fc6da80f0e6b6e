"""The room of the GAN stands alone: importing it brings in no other room of the package."""

import json
import os
import pkgutil
import subprocess
import sys

import pytest

import gumbel_gan.gan

ALLOWED = {
    "gumbel_gan",
    "gumbel_gan.quiet",
    "gumbel_gan.config",
    "gumbel_gan.config.catalogue",
    "gumbel_gan.config.checks",
}
IMPORT = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([name for name in sys.modules if name.partition(".")[0] == "gumbel_gan"]))
"""


def imported(*modules: str) -> set[str]:
    """The modules of the package that a fresh process has after importing these."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, *modules],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return set(json.loads(done.stdout))


@pytest.mark.slow
def test_the_room_imports_no_other_room() -> None:
    room = [module.name for module in pkgutil.iter_modules(gumbel_gan.gan.__path__, "gumbel_gan.gan.")]
    assert {"gumbel_gan.gan.game", "gumbel_gan.gan.sequences", "gumbel_gan.gan.views"} <= set(room)
    assert imported(*room) == {*ALLOWED, "gumbel_gan.gan", *room}


def test_the_test_sees_another_room() -> None:
    assert "gumbel_gan.data.source" in imported("gumbel_gan.data.stream")
