"""A result in its directory: written file by file, and read again."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import plot, train
from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.results import storing
from gumbel_gan.results.directory import clear
from gumbel_gan.results.metrics import max_abs_error, total_variation
from gumbel_gan.results.storing import Unwritten, installed_version, load, save

from ..conftest import QUICK, ROOT, Refused, rows
from .made_up import gan_of, made_up, saved

FILES = {
    "config.yaml",
    "discriminator.keras",
    "error_heatmap.png",
    "generator.keras",
    "metrics.csv",
    "probabilities.csv",
    "summary.json",
}
LARGE = ("--data.law", "zipf", "--data.categories", "10001")
"""So many categories that there are arrays, too."""
FULL = os.strerror(errno.ENOSPC)


def test_saved_and_loaded(tmp_path: Path) -> None:
    result = made_up(labels=["a, b", 'say "x"', " ", "é", "$#"])
    loaded = saved(result, tmp_path)
    assert loaded.labels == result.labels
    for name in ("epochs", "probabilities", "targets", "learned", "averaged", "counted", "target"):
        np.testing.assert_allclose(getattr(loaded, name), getattr(result, name), atol=1e-8)
    for name, values in result.metrics.items():
        np.testing.assert_allclose(loaded.metrics[name], values, rtol=1e-7)
    assert loaded.config.seed == 3
    assert loaded.generator.probabilities().shape == (2, 5)
    assert loaded.discriminator.of_run(1).kernel.shape == (1, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.yaml", "discriminator.keras", "generator.keras", "metrics.csv", "probabilities.csv",
        "summary.json",
    ]  # fmt: skip


def test_tables(tmp_path: Path) -> None:
    result = made_up()
    saved(result, tmp_path)
    lines = (tmp_path / "probabilities.csv").read_text().splitlines()
    assert lines[0] == "epoch,run,category,probability,target,error"
    assert len(lines) == 1 + 4 * 2 * 5
    epoch, number, category, probability, target, error = lines[1 + 5 + 2].split(",")
    assert (epoch, number, category) == ("1", "1", "2")
    assert float(probability) == pytest.approx(result.probabilities[0, 1, 2], rel=1e-7)
    assert float(error) == pytest.approx(float(probability) - float(target), abs=1e-7)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["max_abs_error"] == pytest.approx(max_abs_error(result.learned, result.target), abs=1e-8)
    assert summary["averaged_total_variation"] == pytest.approx(
        total_variation(result.averaged, result.target), abs=1e-8
    )
    assert summary["counted_total_variation"] == pytest.approx(
        total_variation(result.counted, result.target), abs=1e-8
    )
    assert summary["seed"] == 3
    assert set(summary["versions"]) >= {"tensorflow", "keras", "tensorflow-probability"}


def test_many_categories_stay_readable(tmp_path: Path) -> None:
    result = made_up(categories=12_000, epochs=2)
    loaded = saved(result, tmp_path)
    for name in ("learned", "averaged", "counted", "target"):
        np.testing.assert_allclose(getattr(loaded, name), getattr(result, name))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert len(summary["labels"]) == 1001
    assert summary["labels"][-1] == "(11,000 others)"
    assert summary["labels"][0] == str(result.target.argmax())
    assert np.sum(summary["learned"][0]) == pytest.approx(1, abs=1e-4)
    assert len((tmp_path / "probabilities.csv").read_text().splitlines()) == 1 + 2 * 2 * 1001
    assert loaded.labels[7] == "7"


@pytest.mark.parametrize("name", ["config.yaml", "summary.json", "probabilities.csv", "metrics.csv"])
def test_broken_files_are_named(tmp_path: Path, name: str) -> None:
    saved(made_up(), tmp_path)
    (tmp_path / name).write_text("[1, {")
    with pytest.raises(ValueError, match=f"{name} cannot be read") as error:
        load(str(tmp_path))
    assert "\n" not in str(error.value)


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        load(str(tmp_path))


def test_settings_that_execute_code_are_refused(tmp_path: Path) -> None:
    saved(made_up(), tmp_path)
    (tmp_path / "config.yaml").write_text("!!python/object/apply:os.system ['touch hacked']")
    with pytest.raises(ValueError, match="config.yaml cannot be read"):
        load(str(tmp_path))


def test_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = made_up()
    result.config = Config(runs=2, data=Data(path="letters.txt"))
    assert saved(result, tmp_path).config.data.path == str(tmp_path / "letters.txt")


def test_a_run_without_results(tmp_path: Path) -> None:
    saved(made_up(), tmp_path)
    (tmp_path / "summary.json").unlink()
    with pytest.raises(ValueError, match="holds a run without results: .*--resume"):
        load(str(tmp_path))


def test_many_categories_are_in_arrays(tmp_path: Path) -> None:
    """Without them, or with broken ones, nothing is read."""
    saved(made_up(categories=12_000, epochs=2), tmp_path)
    (tmp_path / "arrays.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match="arrays.npz cannot be read .*: train again"):
        load(str(tmp_path))
    (tmp_path / "arrays.npz").unlink()
    with pytest.raises(ValueError, match="arrays.npz cannot be read .No such file"):
        load(str(tmp_path))


def test_what_cannot_be_written_is_told_of_all_together(tmp_path: Path) -> None:
    """Whatever an error is, it keeps none of the others from being written."""
    result = made_up()
    result.gan = gan = gan_of(result)

    def fails(*_: Any) -> None:
        raise RuntimeError("no\nink")

    def works(directory: str) -> None:
        Path(directory, "sketch.png").write_text("")

    with pytest.raises(
        Unwritten,
        match=r"cannot write .*/drawing.png \(no ink\); what was learned is kept: python -m gumbel_gan.plot",
    ) as one:
        save(result, str(tmp_path), {"drawing.png": fails, "sketch.png": works})
    assert one.value.errors.keys() == {"drawing.png"}
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"error_heatmap.png"} | {"sketch.png"}
    assert load(str(tmp_path)).runs == 2  # but for a picture, all is there
    for path in tmp_path.iterdir():
        path.unlink()
    gan.generator.save = fails
    gan.discriminator.save = fails
    with pytest.raises(
        Unwritten,
        match=r"cannot write .*/generator.keras and 1 more \(no ink\); .* -m gumbel_gan.train",
    ) as both:
        save(result, str(tmp_path), {"sketch.png": works})
    assert both.value.errors.keys() == {"generator.keras", "discriminator.keras"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.yaml", "metrics.csv", "probabilities.csv", "sketch.png"
    }  # fmt: skip


def failing(name: str, when: Callable[[], bool] = lambda: True) -> Callable[[str, str], None]:
    """`os.replace` on a disk that is full whenever a file of that name is to be put into its place."""
    replaced = os.replace

    def full(source: str, target: str) -> None:
        if os.path.basename(target) == name and os.path.basename(source).startswith(f".{name}") and when():
            raise OSError(errno.ENOSPC, FULL)
        replaced(source, target)

    return full


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a training that nothing befell."""
    directory = tmp_path_factory.mktemp("undisturbed")
    train.main(["--output", str(directory), *QUICK])
    return directory


@pytest.mark.parametrize(
    "name",
    [
        "metrics.csv",
        "discriminator.keras",
        "summary.json",
        "error_heatmap.png",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("probabilities.csv", "generator.keras")),
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("config.yaml", "arrays.npz")),
    ],
)
def test_whatever_file_fails(
    name: str, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    """All others are there, but for the summary, which says that all are; then resuming writes the rest."""
    options = LARGE if name == "arrays.npz" else ()
    files = FILES | {"arrays.npz", "scatter.png"} if options else FILES
    trained = tmp_path / "checkpoint" / "state.npz"  # the settings are written before, too
    monkeypatch.setattr("os.replace", failing(name, trained.exists))
    error = refused(train.main, "--output", str(tmp_path), *options, *QUICK, status=1)
    reason = f"output: cannot write {tmp_path / name} ({FULL})"
    again = "plot" if name.endswith(".png") else "train --resume --output"
    rest = f"python -m gumbel_gan.{again} {tmp_path} writes the rest"
    assert error == f"gumbel_gan: error: {reason}; what was learned is kept: {rest}\n"
    missing = {name} if name.endswith(".png") else {name, "summary.json"}
    missing -= {"config.yaml"}  # of the beginning
    assert there(tmp_path) == files - missing
    monkeypatch.undo()
    if name.endswith(".png"):
        plot.main([str(tmp_path)])
    else:
        train.main(["--resume", "--output", str(tmp_path), "--quiet"])
    assert there(tmp_path) == files
    result = load(str(tmp_path))
    assert result.trained_epochs == 3
    np.testing.assert_allclose(result.generator.probabilities(), result.learned, atol=1e-6)
    assert result.discriminator.runs == 1
    if not options:
        for same in ("probabilities.csv", "metrics.csv", "config.yaml", "error_heatmap.png"):
            assert (tmp_path / same).read_bytes() == (undisturbed / same).read_bytes()


def there(directory: Path) -> set[str]:
    """The files of results; nothing half written may be beside them."""
    names = {path.name for path in directory.iterdir()}
    assert names >= {".lock", "checkpoint"}
    return names - {".lock", "checkpoint"}


@pytest.mark.parametrize(
    "name",
    [
        "summary.json",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("metrics.csv", "error_heatmap.png")),
    ],
)
def test_full_disk(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    """Wherever the disk is full, what was there before stays whole, and resuming ends as it should."""
    out = str(tmp_path)
    train.main(["--output", out, *QUICK])
    before = (tmp_path / name).read_bytes()
    monkeypatch.setattr("os.replace", failing(name))
    error = refused(train.main, "--resume", "--output", out, "--epochs", "4", "--quiet", status=1)
    reason = f"output: cannot write {tmp_path / name} ({FULL})"
    again = "plot" if name.endswith(".png") else "train --resume --output"
    rest = f"python -m gumbel_gan.{again} {tmp_path} writes the rest"
    assert error == f"gumbel_gan: error: {reason}; what was learned is kept: {rest}\n"
    assert (tmp_path / name).read_bytes() == before
    assert not list(tmp_path.rglob("*.partial"))
    monkeypatch.undo()
    train.main(["--resume", "--output", out, "--epochs", "4", "--quiet"])
    assert load(out).trained_epochs == 4


@pytest.mark.slow
def test_disk_that_is_full_for_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said at once and in the end; the training goes on, and its results are written."""
    out = str(tmp_path)
    train.main(["--output", out, *QUICK])
    monkeypatch.setattr("os.replace", failing("state.npz"))
    with pytest.raises(SystemExit) as stopped:
        train.main(["--resume", "--output", out, "--epochs", "4", "--quiet"])
    assert stopped.value.code == 1
    reason = f"cannot write a checkpoint to {tmp_path / 'checkpoint'} ({FULL})"
    warning, error = capsys.readouterr().err.splitlines()
    assert warning == f"gumbel_gan: {reason}: the training goes on without"
    assert error.startswith("gumbel_gan: error: ")
    assert reason in error
    assert not (tmp_path / "checkpoint" / "state.npz").exists()
    assert not list(tmp_path.rglob("*.partial"))
    assert there(tmp_path) == FILES
    learned = load(out)
    assert learned.trained_epochs == 4
    monkeypatch.undo()
    train.main(["--resume", "--output", out, "--epochs", "5", "--quiet"])  # from the checkpoint before it
    longer = load(out)
    assert longer.trained_epochs == 5
    np.testing.assert_array_equal(longer.probabilities[:4], learned.probabilities)


@pytest.mark.slow
def test_file_size_limit(tmp_path: Path) -> None:
    """The kernel's own refusal, at 20 kB a file: all that is smaller is there."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from gumbel_gan import train; train.main(sys.argv[1:])"
    )
    options = ["--epochs", "2", "--training.batches", "2", "--quiet", "--output", "out"]
    done = subprocess.run(
        [sys.executable, "-c", code, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "output: cannot write out/error_heatmap.png (File too large)" in done.stderr
    assert there(tmp_path / "out") == FILES - {"error_heatmap.png"}


INVISIBLE = """
import importlib.metadata
found = importlib.metadata.distribution
def distribution(name):
    if name == "gumbel_gan":
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)
importlib.metadata.distribution = distribution
"""


@pytest.mark.slow
def test_source_tree_that_was_never_installed(tmp_path: Path) -> None:
    """A training from it writes a summary, with the version that the package itself knows."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "gumbel_gan", tmp_path / "gumbel_gan", ignore=ignored)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(INVISIBLE)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{tmp_path / 'site'}"}
    looked = "import gumbel_gan, importlib.metadata as m; print(gumbel_gan.__file__); m.version('gumbel_gan')"
    look, trained = (
        subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for arguments in (["-c", looked], ["-m", "gumbel_gan.train", "--output", "out", *QUICK])
    )
    assert look.stdout == f"{tmp_path / 'gumbel_gan' / '__init__.py'}\n"
    assert "PackageNotFoundError" in look.stderr
    assert (trained.returncode, trained.stderr) == (0, "")
    versions = json.loads((tmp_path / "out" / "summary.json").read_text())["versions"]
    assert versions["gumbel_gan"] == gumbel_gan.__version__
    assert versions["keras"] == installed_version("keras")


def test_installed_version() -> None:
    assert installed_version("gumbel_gan") == gumbel_gan.__version__
    assert installed_version("no-such-package") == "unknown"


def test_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """metrics.csv holds every n-th epoch and the last; metrics.npz all, and it goes with the run."""
    monkeypatch.setattr(storing, "MAX_ROWS", 6)
    result = made_up(runs=2, epochs=7)
    found = saved(result, tmp_path)
    lines = rows(tmp_path / "metrics.csv")
    assert [(row["epoch"], row["run"]) for row in lines] == [
        (epoch, run) for epoch in ("3", "6", "7") for run in ("0", "1")
    ]
    assert float(lines[2]["max_abs_error"]) == pytest.approx(result.metrics["max_abs_error"][5, 0])
    assert set(found.metrics) == set(result.metrics)
    for name, values in result.metrics.items():
        np.testing.assert_array_equal(found.metrics[name], values)
    clear(str(tmp_path))
    assert not (tmp_path / "metrics.npz").exists()
