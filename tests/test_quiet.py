import gc
import sys

import pytest

from gumbel_gan.quiet import quiet_import


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_collected_after_the_import_as_it_was_before(
    collecting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    was = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with quiet_import():
            assert not gc.isenabled()
        assert gc.isenabled() == collecting
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        (gc.enable if was else gc.disable)()


def test_only_the_first_import_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    frozen = gc.get_freeze_count()
    with quiet_import():
        assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
