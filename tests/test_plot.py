from pathlib import Path

import pytest

from gumbel_gan import plot, train

from .conftest import Refused


def test_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: Refused) -> None:
    finished = tmp_path / "run"
    options = ["--runs", "2", "--data.labels", "a,b,c,d,e", "--epochs", "4", "--training.batches", "10"]
    train.main(["--output", str(finished), "--quiet", *options])
    picture = finished / "error_heatmap.png"
    before = picture.read_bytes()
    picture.unlink()
    plot.main([str(finished)])
    assert capsys.readouterr().out.strip() == str(picture)
    assert abs(len(picture.read_bytes()) - len(before)) < 0.02 * len(before)
    plot.main([str(finished), "--format", "svg"])
    assert (finished / "error_heatmap.svg").read_text().startswith("<?xml")
    assert "format: " in refused(plot.main, str(finished), "--format", "gif")


def test_no_run(tmp_path: Path, refused: Refused) -> None:
    assert "holds no run: give the output directory of a training" in refused(plot.main, str(tmp_path))
