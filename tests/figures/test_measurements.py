import numpy as np

from gumbel_gan.figures.measurements import benchmark_figure, gradient_figure, scale_figure
from gumbel_gan.laboratory.peers import PEERS


def test_gradients_show_only_biases_that_can_be_told_from_none() -> None:
    """Twice the standard error of the mean over 1,000 batches with a deviation of 1 is 0.063."""
    row = {"point": "A", "estimator": "one", "std": 1.0, "draws": 10_000}
    rows = [{**row, "temperature": t, "bias": bias} for t, bias in ((0.1, 0.06), (0.5, 0.07), (1.0, 0.3))]
    biases, deviations = gradient_figure(rows).axes
    np.testing.assert_array_equal(biases.get_lines()[0].get_ydata(), [np.nan, 0.07, 0.3])
    np.testing.assert_array_equal(deviations.get_lines()[0].get_ydata(), [1, 1, 1])


def test_estimator_without_a_temperature_is_a_level() -> None:
    row = {"point": "A", "std": 0.5, "draws": 10_000, "bias": 0.3}
    rows = [{**row, "estimator": "cold", "temperature": t} for t in (0.1, 1.0)]
    rows.append({**row, "estimator": "level", "temperature": None})
    level = gradient_figure(rows).axes[1].get_lines()[1]
    np.testing.assert_array_equal(level.get_xydata(), [(0.1, 0.5), (1.0, 0.5)])


def test_benchmark() -> None:
    rows = [
        {
            "implementation": name,
            "runs": 1,
            "microseconds_per_run_step": time,
            "min": time / 2,
            "max": 2 * time,
        }
        for name, time in (("gumbel_gan", 2.0), ("numpy", 40.0))
    ]
    labels = {name: peer.label for name, peer in PEERS.items()}
    axis = benchmark_figure(rows, labels, own="gumbel_gan").axes[0]
    points = axis.collections[-1].get_offsets()
    np.testing.assert_allclose(points, [(2, 0), (40, 1)])  # type: ignore[arg-type]
    names = ["this package, the compiled epoch", "NumPy, vectorised by hand"]
    assert [label.get_text() for label in axis.get_yticklabels()] == names


def test_scale() -> None:
    sizes = [
        {"axis": "runs", "value": value, "milliseconds_per_batch": value / 2, "megabytes": 3.0}
        for value in (1, 4)
    ]
    line = scale_figure(sizes).axes[0].get_lines()[0]
    np.testing.assert_allclose(line.get_xydata(), [(1, 0.5), (4, 2)])  # type: ignore[arg-type]
