import gc
import logging
import os
import sys

import pytest

from gumbel_gan.quiet import loading, set_log_level


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_collected_after_the_import_as_it_was_before(
    collecting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    was = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with loading():
            assert not gc.isenabled()
        assert gc.isenabled() == collecting
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        (gc.enable if was else gc.disable)()


def test_only_the_first_import_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    frozen = gc.get_freeze_count()
    with loading():
        assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_what_is_written_to_standard_error_itself_is_thrown_away(capfd: pytest.CaptureFixture[str]) -> None:
    with loading():
        os.write(2, b"chatter\n")
        print("a line")
    os.write(2, b"ours\n")
    assert capfd.readouterr() == ("a line\n", "ours\n")


def test_standard_error_comes_back_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with loading():
            raise ImportError("broken")

    with pytest.raises(ImportError, match="broken"):
        fail()
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"


def test_tensorflow_is_asked_for_errors_only(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("tensorflow")
    was = logger.level
    try:
        for given, kept in ((None, "3"), ("0", "0")):
            monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
            if given is not None:
                monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", given)
            logger.setLevel(logging.INFO)
            set_log_level()
            assert (os.environ["TF_CPP_MIN_LOG_LEVEL"], logger.level) == (kept, logging.ERROR)
    finally:
        logger.setLevel(was)


def test_xla_is_set_up_for_the_first_import_of_a_command_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flags themselves are checked with the benchmark's."""
    monkeypatch.setenv("XLA_FLAGS", "--mine")
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    with loading(1):
        pass
    assert os.environ["XLA_FLAGS"] == "--mine"
    monkeypatch.delitem(sys.modules, "tensorflow")
    try:
        with loading(None):
            pass
        assert os.environ["XLA_FLAGS"] == "--mine"
        with loading(1):
            assert "--mine --xla_cpu_use_fusion_emitters=false" in os.environ["XLA_FLAGS"]
    finally:
        gc.unfreeze()
