from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from gumbel_gan.config.catalogue import SOURCES
from gumbel_gan.data.grammar import grammar
from gumbel_gan.data.strings import CLASS_OF_OTHERS
from gumbel_gan.figures.tables import likelihood
from gumbel_gan.figures.training import (
    categories_scatter,
    error_heatmap,
    pictures,
    sequence_lengths,
    sequence_training,
)
from gumbel_gan.results.metrics import max_abs_error, total_variation
from gumbel_gan.results.result import Result

from ..results.made_up import made_up, of_rows


def of_strings(kind: str = "grammar", runs: int = 2, epochs: int = 4) -> Result:
    """A result of the 21 strings of at most five symbols, in three classes."""
    source = grammar(length=5, strings=None)
    result = made_up(21, runs, epochs, list(source.labels), kind=kind, classes=source.classes)
    random = np.random.default_rng(1)
    scores = SOURCES[kind].scores
    result.metrics |= {name: random.uniform(0.1, 0.9, (epochs, runs)) for name in scores}
    return result


def test_heatmap_of_one_run() -> None:
    result = made_up(runs=1, labels=["a", "b", "c", " ", "$x$"])
    axes, bar = error_heatmap(result).axes
    image = axes.images[0]
    errors = (result.probabilities[:, 0] - result.targets).T
    np.testing.assert_allclose(np.asarray(image.get_array()), errors)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c", "' '", r"\$x\$"]
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == (
        "epoch",
        "category",
        "learned minus true",
    )


def test_colours() -> None:
    """Red is too big, blue too small, white converged; the scale is symmetric and holds all the data."""
    result = made_up(runs=1)
    image = error_heatmap(result).axes[0].images[0]
    low, high = image.get_clim()
    assert low == -high
    assert high == pytest.approx(np.abs(result.errors).max())
    (red, _, blue, _), white, (red_small, _, blue_small, _) = (
        image.to_rgba(np.array([error]))[0] for error in (high, 0.0, low)
    )
    assert red > blue
    assert blue_small > red_small
    assert min(white) > 0.96


def test_heatmap_of_several_runs() -> None:
    result = made_up(runs=20)
    figure = error_heatmap(result)
    heatmap, lower = figure.axes[:2]
    np.testing.assert_allclose(np.asarray(heatmap.images[0].get_array()), result.errors.mean(1).T)
    assert "mean of 20 runs" in heatmap.get_title(loc="left")
    median, counting = lower.get_lines()
    np.testing.assert_allclose(
        np.asarray(median.get_ydata()), np.median(result.metrics["max_abs_error"], axis=1)
    )
    counted = np.median(max_abs_error(result.counted, result.target))
    np.testing.assert_allclose(np.asarray(counting.get_ydata()), counted)
    assert lower.get_yscale() == "log"


def test_heatmap_of_many_categories_says_so() -> None:
    result = made_up(categories=200)
    axes = error_heatmap(result).axes[0]
    share = np.sort(result.target)[-30:].sum()
    assert f"the 30 most probable of 200 categories, {share:.0%} of the pro" in axes.get_title(loc="left")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [str(k) for k in np.argsort(-result.target)[:30]]
    shown = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(shown[0], result.errors.mean(1)[:, result.target.argmax()])


def test_heatmap_of_strings_shows_their_classes() -> None:
    result = of_strings()
    axes = error_heatmap(result).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["1 symbol", "3 symbols", "5 symbols", CLASS_OF_OTHERS]
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array()), result.errors.mean(1).T)


def test_heatmap_of_a_drift_has_the_curves_of_counting() -> None:
    """Those that the catalogue lists, in place of plain counting at the end; of one run, too."""
    result = made_up(runs=1, kind="drift")
    random = np.random.default_rng(1)
    result.metrics |= {name: random.uniform(0.1, 0.9, (4, 1)) for name in SOURCES["drift"].scores}
    lower = error_heatmap(result).axes[1]
    curves = dict(zip(lower.get_legend_handles_labels()[1][1:], lower.get_lines(), strict=True))
    assert list(curves) == ["learned, median", "plain counting", "counting with forgetting"]
    for name, label in SOURCES["drift"].curves:
        np.testing.assert_allclose(curves[label].get_ydata(), result.metrics[name][:, 0])


def test_scatter() -> None:
    """What is below the axes stands on their edge."""
    result = made_up(categories=200, runs=2)
    result.learned[0, 3] = 0
    axis = categories_scatter(result).axes[0]
    order = np.argsort(-result.target, kind="stable")
    lowest = result.target.min() / 30
    arrays = (result.counted, result.learned, result.averaged)
    for line, array in zip(axis.get_lines(), arrays, strict=False):
        expected = np.stack([result.target[order], np.maximum(array[0, order], lowest)], 1)
        np.testing.assert_allclose(line.get_xydata(), expected)  # type: ignore[arg-type]
    assert axis.get_title() == axis.get_title("right") == ""
    assert axis.get_title("left") == "200 categories"


def test_curves_of_strings() -> None:
    result = of_strings()
    invalid, distance, counted = sequence_training(result).axes[0].get_lines()
    validity = result.metrics["validity"].mean(1)
    np.testing.assert_allclose(invalid.get_ydata(), 1 - validity)  # type: ignore[arg-type]
    expected = result.metrics["total_variation"].mean(1)
    np.testing.assert_allclose(distance.get_ydata(), expected)  # type: ignore[arg-type]
    expected = total_variation(result.counted, result.target).mean()
    np.testing.assert_allclose(counted.get_ydata(), expected)  # type: ignore[arg-type]


def test_lengths_of_strings() -> None:
    result = of_strings()
    axis = sequence_lengths(result).axes[0]
    true, learned = axis.get_lines()
    np.testing.assert_allclose(true.get_ydata(), result.targets[-1])  # type: ignore[arg-type]
    expected = result.probabilities[-1].mean(0)
    np.testing.assert_allclose(learned.get_ydata(), expected)  # type: ignore[arg-type]
    names = [label.get_text() for label in axis.get_xticklabels()]
    assert names == ["1", "3", "5", CLASS_OF_OTHERS]


@pytest.mark.parametrize("kind", SOURCES)
def test_every_figure_of_every_source_can_be_drawn(kind: str, tmp_path: Path) -> None:
    row = SOURCES[kind]
    makers: dict[str, Callable[..., Result]]
    makers = {"categories": made_up, "sequences": of_strings, "rows": of_rows}
    result = makers[row.stream](kind=kind)
    result.metrics |= {name: np.full((4, 2), 0.5) for name in row.scores}
    drawn = pictures(result)
    assert set(drawn) == {"error_heatmap.png", *(f"{name}.png" for name, _ in row.figures)}
    for name, draw in drawn.items():
        assert draw(str(tmp_path)) == str(tmp_path / name)
        assert imread(tmp_path / name).std() > 0.05


def test_many_categories_have_a_scatter(tmp_path: Path) -> None:
    assert set(pictures(made_up(categories=30))) == {"error_heatmap.png"}
    drawn = pictures(made_up(categories=31))
    assert set(drawn) == {"error_heatmap.png", "scatter.png"}
    drawn["scatter.png"](str(tmp_path))
    assert imread(tmp_path / "scatter.png").std() > 0.02


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [("distribution", "maximum error"), ("drift", "maximum error"), ("grammar", "total variation")],
)
def test_quantity_beneath_the_heatmap(kind: str, quantity: str) -> None:
    result = of_strings(kind) if SOURCES[kind].stream == "sequences" else made_up(kind=kind)
    result.metrics |= {name: np.full((4, 2), 0.5) for name in SOURCES[kind].scores}
    result.metrics["total_variation"] = np.full((4, 2), 0.25)
    axis = error_heatmap(result).axes[1]
    assert axis.get_ylabel() == quantity
    (median,) = (line for line in axis.get_lines() if line.get_label() == "learned, median")
    drawn = {"maximum error": "max_abs_error", "total variation": "total_variation"}[quantity]
    np.testing.assert_allclose(median.get_ydata(), np.median(result.metrics[drawn], axis=1))  # type: ignore[arg-type]


@pytest.mark.parametrize("epochs", [1, 3])
def test_likelihood_is_seen_after_one_epoch(epochs: int) -> None:
    """A line of one point would be nothing: it has a marker; and every point lies within the axes."""
    result = of_rows()
    for name in ("log_likelihood", "held_out_log_likelihood"):
        result.metrics[name] = np.linspace(-3.0, -2.0, 2 * epochs).reshape(epochs, 2)
    axis = likelihood(result).axes[0]
    curves = [line for line in axis.get_lines() if str(line.get_label()).endswith("rows")]
    assert len(curves) == 2
    low, high = axis.get_ylim()
    for curve in curves:
        assert (curve.get_marker() == "o") == (epochs == 1)
        assert (np.asarray(curve.get_ydata()) > low).all()
        assert (np.asarray(curve.get_ydata()) < high).all()
