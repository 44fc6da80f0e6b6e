"""The commands on strings."""

import json
from pathlib import Path

import numpy as np
import pytest

from gumbel_gan import plot, sample, train
from gumbel_gan.data.grammar import grammar
from gumbel_gan.data.strings import CLASS_OF_OTHERS
from gumbel_gan.results.storing import load

from .conftest import ROOT, Refused

GRAMMAR = (
    "--config", str(ROOT / "configs" / "grammar.yaml"), "--epochs", "2",
    "--training.batches", "4", "--training.batch_size", "8", "--generator.units", "8",
    "--discriminator.units", "[8]", "--data.length", "5",
)  # fmt: skip


@pytest.mark.slow
def test_command_of_two_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    train.main(["--output", str(out), *GRAMMAR, "--runs", "2"])
    printed = capsys.readouterr().out
    assert "validity 0." in printed
    assert "samples: '" in printed
    assert {path.name for path in out.iterdir()} >= {"training.png", "lengths.png", "error_heatmap.png"}
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["labels"]) == 21
    for name in ("learned", "validity", "total_variation", "samples", "distinct_share", "training_overlap"):
        assert len(summary[name]) == 2, name
    lengths = summary["class_probabilities"]
    assert set(lengths) == {"1 symbol", "3 symbols", "5 symbols", CLASS_OF_OTHERS}
    assert sum(lengths.values()) == pytest.approx(1, abs=1e-6)
    for run in range(2):
        assert len(summary["learned"][run]) == 21
        assert sum(summary["learned"][run]) == pytest.approx(summary["validity"][run], abs=1e-6)
        learned, target = np.array(summary["learned"][run]), np.array(summary["target"])
        expected = (np.abs(learned - target).sum() + 1 - learned.sum()) / 2
        assert summary["total_variation"][run] == pytest.approx(expected, abs=1e-6)
        assert len(summary["samples"][run]) == 1000
        assert summary["distinct_share"][run] == len(set(summary["samples"][run])) / 1000
    assert summary["learned"][0] != summary["learned"][1]
    assert summary["samples"][0] != summary["samples"][1]
    assert (out / "metrics.csv").read_text().split("\n")[0].endswith("validity,coverage,kl")
    # What was saved is what was scored: the average of the weights.
    result = load(str(out))
    codes = grammar(length=5).codes
    np.testing.assert_allclose(result.generator.probabilities(codes), result.learned, atol=1e-8)
    assert result.probabilities.shape == (2, 2, 4)
    plot.main([str(out)])
    drawn = []
    for run in range(2):
        capsys.readouterr()
        sample.main([str(out), "-n", "7", "--run", str(run)])
        drawn.append(capsys.readouterr().out.splitlines())
        assert len(drawn[-1]) == 7
    assert drawn[0] != drawn[1]


@pytest.mark.slow
def test_own_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "names.txt"
    path.write_text("".join(f"{a}{b}\n" for a in "abcdefgh" for b in "xyz"))
    out = tmp_path / "run"
    train.main(["--output", str(out), *GRAMMAR, "--data.path", str(path), "--data.unit", "characters"])
    summary = json.loads((out / "summary.json").read_text())
    assert summary["perplexity"][0] > 1
    assert 0 <= summary["training_overlap"][0] <= 1
    assert 0 < summary["distinct_share"][0] <= 1
    assert "perplexity" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--data.length", "12"],
            "generator.kind: received logits for sequences (data.length 12): give lstm",
        ),
        (
            ["--generator.kind", "lstm"],
            "generator.kind: received lstm for categories (data.length None): give logits",
        ),
        (["--data.strings", "50"], "data.length: required with the source grammar: give 12"),
        (["--data.law", "derivation"], "data.length: required with the source grammar: give 12"),
        (
            ["--data.law", "derivation", "--data.categories", "5"],
            "data.categories: received 5 with the source grammar, which takes length, law",
        ),
        ([*GRAMMAR, "--data.law", "zipf"], "data.law: received zipf for strings: give one of uniform, deriv"),
        (
            [*GRAMMAR, "--generator.estimator", "rloo"],
            "generator.estimator: received rloo with the generator",
        ),
        (
            [*GRAMMAR, "--generator.optimizer", "natural"],
            "generator.optimizer: received natural with the generator lstm",
        ),
        (
            ["--data.length", "5", "--generator.kind", "lstm"],
            "discriminator.kind: received logistic for sequences (data.length 5): give mlp, convolution,",
        ),
        (
            ["--discriminator.kind", "lstm"],
            "discriminator.kind: received lstm for categories (data.length None): give logistic, mlp",
        ),
        (
            ["--discriminator.kind", "convolution"],
            "discriminator.kind: received convolution for categories (data.length None): give logistic, mlp",
        ),
        (
            [*GRAMMAR, "--data.smoothing", "relaxed"],
            "data.smoothing: received relaxed for sequences (data.length 5): give none, label, noise",
        ),
        (
            [*GRAMMAR, "--discriminator.view", "exact"],
            "discriminator.view: received exact for sequences (data.length 5): give soft, hard",
        ),
        ([*GRAMMAR, "--diagnostics"], "diagnostics: received for sequences"),
        (
            [*GRAMMAR, "--discriminator.spectral_norm", "true"],
            "discriminator.spectral_norm: received for sequences",
        ),
        (
            [*GRAMMAR, "--data.path", "x", "--data.unit", "words"],
            "data.unit: received words with data.length: give characters",
        ),
        ([*GRAMMAR, "--data.length", "2"], "data.length: received 2 for the source grammar: give 3 to 18"),
        ([*GRAMMAR, "--data.length", "40"], "data.length: received 40 for the source grammar: give 3 to 18"),
        ([*GRAMMAR, "--data.strings", "-1"], "data.strings: received -1: give a number above zero"),
    ],
)
def test_usage(arguments: list[str], message: str, tmp_path: Path, refused: Refused) -> None:
    assert message in refused(train.main, *arguments, "--output", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
