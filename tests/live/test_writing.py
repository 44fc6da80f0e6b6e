"""The page of a training or a study, as one file."""

import json
import re
import webbrowser
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gumbel_gan import Config, load, plot, run
from gumbel_gan.config.config import Training
from gumbel_gan.live import writing
from gumbel_gan.live.document import of_study
from gumbel_gan.live.look import over_epochs
from gumbel_gan.live.replay import verdicts
from gumbel_gan.results.storing import save

SMALL = Config(epochs=3, runs=2, seed=0, training=Training(batches=5))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("small")
    result, gan = run(SMALL)
    save(result, str(directory))
    return directory, gan


def documents(html: str) -> Any:
    """What Bokeh draws, of a page."""
    found = re.search(r'<script type="application/json" id="[^"]+">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


@pytest.mark.slow
def test_a_training_is_one_file(trained: Any, capsys: pytest.CaptureFixture[str]) -> None:
    directory, _ = trained
    plot.main([str(directory), "--format", "html"])
    page = directory / "page.html"
    assert str(page) in capsys.readouterr().out
    assert page.stat().st_size < 3e6
    html = page.read_text()
    assert documents(html)
    assert not re.search(r"<script[^>]*\ssrc=|<link[^>]*\shref=", html)
    assert "maximum error of learned, 2 runs" in html
    assert not list(directory.glob(".*.partial"))


@pytest.mark.slow
def test_verdicts_are_those_of_every_epoch(trained: Any) -> None:
    """The last ones are the trained discriminator's; those before are not the same."""
    directory, gan = trained
    result = load(str(directory))
    found = verdicts(result)
    assert found is not None
    assert found.shape == (3, 2, 5)
    every = np.tile(np.arange(5, dtype=np.int32), (2, 1))
    np.testing.assert_allclose(found[-1], 1 / (1 + np.exp(-gan(every).numpy())), rtol=1e-5)
    assert np.abs(found[0] - found[-1]).max() > 1e-3


@pytest.mark.slow
def test_verdicts_of_a_training_that_cannot_be_repeated(trained: Any) -> None:
    """Another training's are not taken for them: only those of the network that was kept are shown."""
    directory, _ = trained
    result = load(str(directory))
    result.probabilities = result.probabilities[..., ::-1]
    found = verdicts(result)
    assert found is not None
    assert len(found) == 1


def test_a_study_is_one_file_with_a_line_for_each_cell() -> None:
    curves = [np.full((4, 3), 0.1), np.linspace(0.1, 0.2, 12).reshape(4, 3)]
    html = of_study(["a cell", "<another>"], curves, "studies/<mine>", "maximum error")
    told = json.dumps(documents(html))
    assert "a cell" in told
    assert "<another>" in unescape(told)
    assert "maximum error" in told
    assert "<td>a cell<td>0.1<td>0.1<td>0.1" in unescape(told)
    assert "<td>0.1909<td>0.1827<td>0.1991" in unescape(told)  # after the last epoch, not over all of them
    assert "<mine>" not in html
    assert len(html) < 3e6


@pytest.mark.parametrize(("numbers", "least"), [(True, "0.02"), (False, "0.1")])
def test_a_study_whose_values_are_not_all_numbers(numbers: bool, least: str) -> None:
    """The axis spans those that are."""
    curves = [np.full((4, 3), np.nan), *([np.linspace(0.1, 0.2, 12).reshape(4, 3)] if numbers else [])]
    told = json.dumps(documents(of_study(["a", "b"][: len(curves)], curves, "studies/mine", "error")))
    assert f'"min_interval": {least}' in told


@pytest.mark.parametrize(
    ("low", "high", "scale"), [(1e-3, 0.5, "log"), (0.9, 1.0, "linear"), (0.0, 1.0, "linear")]
)
def test_values_against_the_epoch(low: float, high: float, scale: str) -> None:
    """Epochs are whole, values have labels, and those that hardly differ do not fill the height."""
    draw = over_epochs("error", low, high)
    assert draw.xaxis[0].ticker.min_interval == 1
    if scale == "log":
        assert sum(low <= tick <= high for tick in draw.yaxis[0].ticker.ticks) >= 2
    else:
        assert draw.y_range.min_interval >= 0.09


def test_a_directory_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        plot.main([str(tmp_path), "--format", "html"])
    assert caught.value.code == 2
    assert "holds neither a training nor a study" in capsys.readouterr().err
    (tmp_path / "study.csv").write_text("cell,run,file\na,0,\n")
    with pytest.raises(SystemExit):
        plot.main([str(tmp_path)])
    assert "holds a study: load_study reads it, plot --format html shows it" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        plot.main([str(tmp_path), "--format", "html"])
    assert "holds no cells of a study" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("setting", ["format", "open", "play", "show"])
def test_bokeh_is_missing(
    setting: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from gumbel_gan import live, play, train

    monkeypatch.setattr(writing, "find_spec", lambda name: None)
    commands = {
        "format": lambda: plot.main([str(tmp_path), "--format", "html"]),
        "open": lambda: train.main(["--open", "--output", str(tmp_path / "out")]),
        "play": lambda: play.main([]),
    }
    if setting == "show":
        with pytest.raises(ValueError, match="show: the package bokeh is missing: pip install"):
            live.show()
        return
    with pytest.raises(SystemExit) as caught:
        commands[setting]()
    assert caught.value.code == 2
    assert f"{setting}: the package bokeh is missing: pip install -e '.[play]'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_train_opens_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gumbel_gan import train

    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    output = tmp_path / "out"
    train.main(["--epochs", "2", "--training.batches", "5", "--output", str(output), "--quiet", "--open"])
    assert opened == [(output / "page.html").as_uri()]
    assert (output / "page.html").exists()
