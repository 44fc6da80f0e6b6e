import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gumbel_gan.config import Config, Data
from gumbel_gan.metrics import max_abs_error, total_variation
from gumbel_gan.models import CategoricalGenerator, LogisticDiscriminator
from gumbel_gan.results import Run, claim_directory, load, save, write


def made_up(categories: int = 5, runs: int = 2, epochs: int = 4, labels: list[str] | None = None) -> Run:
    random = np.random.default_rng(0)
    target = random.dirichlet(np.ones(categories))
    run = Run(
        config=Config(runs=runs, epochs=epochs, seed=3),
        labels=tuple(labels or map(str, range(categories))),
        target_is="given",
        epochs=np.arange(1, epochs + 1),
        probabilities=np.empty(0),
        targets=np.empty(0),
        metrics={
            "max_abs_error": random.random((epochs, runs)),
            "total_variation": random.random((epochs, runs)),
        },
        learned=random.dirichlet(np.ones(categories), runs).astype(np.float32),
        averaged=random.dirichlet(np.ones(categories), runs),
        counted=random.dirichlet(np.ones(categories), runs),
        target=target,
        optimizer_steps=11,
        compile_seconds=1.5,
        train_seconds=0.25,
    )
    full = random.dirichlet(np.ones(categories), (epochs, runs)).astype(np.float32)
    run.probabilities = run.readable(full)
    run.targets = np.tile(run.readable(target), (epochs, 1))
    return run


def saved(run: Run, directory: Path) -> Run:
    size = (len(run.target), run.config.runs)
    gan = SimpleNamespace(generator=CategoricalGenerator(*size), discriminator=LogisticDiscriminator(*size))
    save(run, str(directory), gan)
    return load(str(directory))


def test_distances() -> None:
    """By hand: |.1 - .3|, |.6 - .3|, |.3 - .4|."""
    learned = np.array([[0.1, 0.6, 0.3], [0.3, 0.3, 0.4]])
    target = np.array([0.3, 0.3, 0.4])
    np.testing.assert_allclose(max_abs_error(learned, target), [0.3, 0])
    np.testing.assert_allclose(total_variation(learned, target), [0.3, 0])


def test_saved_and_loaded(tmp_path: Path) -> None:
    run = made_up(labels=["a, b", 'say "x"', " ", "é", "$#"])
    loaded = saved(run, tmp_path)
    assert loaded.labels == run.labels
    for name in ("epochs", "probabilities", "targets", "learned", "averaged", "counted", "target"):
        np.testing.assert_allclose(getattr(loaded, name), getattr(run, name), atol=1e-8)
    for name, values in run.metrics.items():
        np.testing.assert_allclose(loaded.metrics[name], values, rtol=1e-7)
    assert loaded.config.seed == 3
    assert loaded.generator.probabilities().shape == (2, 5)
    assert loaded.discriminator.of_run(1).kernel.shape == (1, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.yaml", "discriminator.keras", "generator.keras", "metrics.csv", "probabilities.csv",
        "summary.json",
    ]  # fmt: skip


def test_tables(tmp_path: Path) -> None:
    run = made_up()
    saved(run, tmp_path)
    lines = (tmp_path / "probabilities.csv").read_text().splitlines()
    assert lines[0] == "epoch,run,category,probability,target,error"
    assert len(lines) == 1 + 4 * 2 * 5
    epoch, number, category, probability, target, error = lines[1 + 5 + 2].split(",")
    assert (epoch, number, category) == ("1", "1", "2")
    assert float(probability) == pytest.approx(run.probabilities[0, 1, 2], rel=1e-7)
    assert float(error) == pytest.approx(float(probability) - float(target), abs=1e-7)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["max_abs_error"] == pytest.approx(max_abs_error(run.learned, run.target), abs=1e-8)
    assert summary["averaged_total_variation"] == pytest.approx(
        total_variation(run.averaged, run.target), abs=1e-8
    )
    assert summary["counted_total_variation"] == pytest.approx(
        total_variation(run.counted, run.target), abs=1e-8
    )
    assert summary["seed"] == 3
    assert set(summary["versions"]) >= {"tensorflow", "keras", "tensorflow-probability"}


def test_many_categories_stay_readable(tmp_path: Path) -> None:
    run = made_up(categories=12_000, epochs=2)
    loaded = saved(run, tmp_path)
    for name in ("learned", "averaged", "counted", "target"):
        np.testing.assert_allclose(getattr(loaded, name), getattr(run, name))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert len(summary["labels"]) == 1001
    assert summary["labels"][-1] == "(11,000 others)"
    assert summary["labels"][0] == str(run.target.argmax())
    assert np.sum(summary["learned"][0]) == pytest.approx(1, abs=1e-4)
    assert len((tmp_path / "probabilities.csv").read_text().splitlines()) == 1 + 2 * 2 * 1001
    assert loaded.labels[7] == "7"


def test_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [claim_directory(None, "toy", False) for _ in range(3)] == ["runs/toy", "runs/toy-2", "runs/toy-3"]
    assert claim_directory("mine", "toy", False) == "mine"
    assert claim_directory("mine", "toy", False) == "mine"  # it is empty
    (tmp_path / "mine" / "summary.json").write_text("{}")
    with pytest.raises(ValueError, match="output: mine holds a run already: .* --overwrite"):
        claim_directory("mine", "toy", False)
    assert claim_directory("mine", "toy", True) == "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="output: cannot write to file/x"):
        claim_directory("file/x", "toy", False)


def test_files_are_whole_or_absent(tmp_path: Path) -> None:
    write(str(tmp_path), "a.txt", lambda file: file.write("old"))

    def fails(file: object) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write(str(tmp_path), "a.txt", fails)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


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
    run = made_up()
    run.config = Config(runs=2, data=Data(path="letters.txt"))
    assert saved(run, tmp_path).config.data.path == str(tmp_path / "letters.txt")
