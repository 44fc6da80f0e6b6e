from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from gumbel_gan.metrics import max_abs_error
from gumbel_gan.plotting import error_heatmap, gradient_figure, save_figure

from .test_results import made_up


def test_heatmap_of_one_run() -> None:
    run = made_up(runs=1, labels=["a", "b", "c", " ", "$x$"])
    axes, bar = error_heatmap(run).axes
    image = axes.images[0]
    np.testing.assert_allclose(np.asarray(image.get_array()), (run.probabilities[:, 0] - run.targets).T)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c", "' '", r"\$x\$"]
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == (
        "epoch",
        "category",
        "learned minus true",
    )


def test_colours() -> None:
    """Red is too big, blue too small, white converged; the scale is symmetric and holds all the data."""
    run = made_up(runs=1)
    image = error_heatmap(run).axes[0].images[0]
    low, high = image.get_clim()
    assert low == -high
    assert high == pytest.approx(np.abs(run.errors).max())
    (red, _, blue, _), white, (red_small, _, blue_small, _) = (
        image.to_rgba(np.array([error]))[0] for error in (high, 0.0, low)
    )
    assert red > blue
    assert blue_small > red_small
    assert min(white) > 0.96


def test_heatmap_of_several_runs() -> None:
    run = made_up(runs=20)
    figure = error_heatmap(run)
    heatmap, lower = figure.axes[:2]
    np.testing.assert_allclose(np.asarray(heatmap.images[0].get_array()), run.errors.mean(1).T)
    assert "mean of 20 runs" in heatmap.get_title(loc="left")
    median, counting = lower.get_lines()
    np.testing.assert_allclose(
        np.asarray(median.get_ydata()), np.median(run.metrics["max_abs_error"], axis=1)
    )
    counted = np.median(max_abs_error(run.counted, run.target))
    np.testing.assert_allclose(np.asarray(counting.get_ydata()), counted)
    assert lower.get_yscale() == "log"


def test_heatmap_of_many_categories_says_so() -> None:
    run = made_up(categories=200)
    axes = error_heatmap(run).axes[0]
    assert "the 30 most probable of 200 categories" in axes.get_title(loc="left")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [str(k) for k in np.argsort(-run.target)[:30]]
    shown = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(shown[0], run.errors.mean(1)[:, run.target.argmax()])


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_saved_figures_are_the_same_file_every_time(tmp_path: Path, suffix: str) -> None:
    files = []
    for _ in range(2):
        path = save_figure(error_heatmap(made_up(runs=3)), str(tmp_path), f"figure.{suffix}")
        files.append(Path(path).read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) > 10_000


def test_png_is_not_blank(tmp_path: Path) -> None:
    path = save_figure(error_heatmap(made_up(runs=1)), str(tmp_path), "figure.png")
    assert imread(path).std() > 0.05


def test_gradients_show_only_biases_that_can_be_told_from_none() -> None:
    """Twice the standard error of the mean over 1,000 batches with a deviation of 1 is 0.063."""
    row = {"point": "A", "estimator": "one", "std": 1.0, "draws": 10_000}
    rows = [{**row, "temperature": t, "bias": bias} for t, bias in ((0.1, 0.06), (0.5, 0.07), (1.0, 0.3))]
    biases, deviations = gradient_figure(rows).axes
    np.testing.assert_array_equal(biases.get_lines()[0].get_ydata(), [np.nan, 0.07, 0.3])
    np.testing.assert_array_equal(deviations.get_lines()[0].get_ydata(), [1, 1, 1])
