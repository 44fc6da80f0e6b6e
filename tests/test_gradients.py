"""The command `python -m gumbel_gan.gradients`."""

from pathlib import Path

import pytest

from gumbel_gan import gradients
from gumbel_gan.laboratory.bias import COLUMNS

from .conftest import Refused, rows


@pytest.mark.slow
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--output", str(tmp_path), "--logits", "[0,1]", "--kernel", "[1,-1]", "--draws", "200"]
    gradients.main([*arguments, "--temperatures", "[0.5]", "--conditional_draws", "2"])
    table = rows(tmp_path / "gradients.csv")
    assert tuple(table[0]) == COLUMNS
    assert len(table) == 4 + 7
    assert {row["temperature"] for row in table if row["estimator"] in ("exact", "rloo")} == {""}
    assert (tmp_path / "gradients.png").stat().st_size > 20_000
    assert "given" in capsys.readouterr().out


MINE = """
import gumbel_gan as gg

class Longer(gg.Estimator):
    uses_temperature = False

    def __init__(self, scale=1.0):
        super().__init__()
        self.scale, self.inner = scale, gg.Exact()

    def estimate(self, loss, logits, temperature, batch, seed):
        return self.scale * self.inner.estimate(loss, logits, temperature, batch, seed)
"""


def test_options_of_an_own_estimator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the exact gradient: a bias of one, which lies in its direction, at any temperature."""
    (tmp_path / "mine_longer.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["--logits", "[0,1]", "--kernel", "[1,-1]", "--draws", "20", "--temperatures", "[0.5,1]"]
    own = ["--estimators", "[mine_longer:Longer,exact]", "--options", "{scale: 2}"]
    gradients.main([*arguments, *own, "--output", str(tmp_path / "out")])
    longer, exact = rows(tmp_path / "out" / "gradients.csv")
    assert [float(longer[name]) for name in ("bias", "cosine", "std")] == pytest.approx([1, 1, 0], abs=1e-4)
    assert [float(exact[name]) for name in ("bias", "cosine")] == pytest.approx([0, 1], abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--logits", "[0,1]"], "logits, kernel: received one without the other"),
        (["--logits", "[0,1]", "--kernel", "[1]"], "logits, kernel: received 2 and 1 numbers"),
        (["--logits", "[0,1]", "--kernel", "[1,2]", "--run", "x"], "run: received with logits"),
        (["--draws", "0"], "draws: received 0"),
        (["--temperatures", "[0]"], "temperatures: received 0"),
        (["--conditional_draws", "0"], "conditional_draws: received 0"),
        (["--logits", "[0,.inf]", "--kernel", "[1,2]"], "logits, kernel: received a number that is not fin"),
        (["--run", "nowhere"], "nowhere holds no run"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, refused: Refused) -> None:
    assert message in refused(gradients.main, *arguments)
