import numpy as np

from gumbel_gan.figures import teaching


def test_density_integrates_to_one() -> None:
    z = np.linspace(-5, 40, 100_000)
    assert abs(np.trapezoid(teaching.gumbel_density(z), z) - 1) < 1e-6


def test_histograms() -> None:
    x = np.linspace(0, 1, 3)
    figure = teaching.histogram_figure({"a": np.full(10, 0.5), "b": np.zeros(4)}, (x, x), "z")
    assert [axis.get_title("left") for axis in figure.axes] == ["a", "b"]
    np.testing.assert_allclose(figure.axes[0].get_lines()[0].get_xydata(), np.stack([x, x], 1))  # type: ignore[arg-type]
    figure = teaching.estimates_figure({"one": np.tile([1.0, 3.0], 50)}, truth=2.0)
    _, texts = figure.axes[0].get_legend_handles_labels()
    assert set(texts) == {"one: 2.00, standard deviation 1.00", "exact: 2.00"}


def test_bars() -> None:
    values = {"true": np.array([0.2, 0.8]), "drawn": np.array([0.3, 0.7])}
    axis = teaching.frequencies_figure(values, ["a", "b"]).axes[0]
    assert [bar.get_height() for bar in axis.patches] == [0.2, 0.8, 0.3, 0.7]  # type: ignore[attr-defined]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["a", "b"]


def test_triangle() -> None:
    """One-hot vectors lie in the corners, the uniform distribution in the middle."""
    axis = teaching.triangle_figure({"t": np.array([[1, 0, 0], [0, 0, 1], [1 / 3] * 3])}).axes[0]
    points = np.asarray(axis.get_lines()[1].get_xydata())
    np.testing.assert_allclose(points, [teaching.CORNERS[0], teaching.CORNERS[2], teaching.CORNERS.mean(0)])


def test_curves() -> None:
    x, runs = np.array([1.0, 2.0]), np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 2.0]])
    axis = teaching.curves_figure(x, {"runs": runs, "line": x}, "epoch", "error", "xy").axes[0]
    np.testing.assert_allclose(axis.get_lines()[0].get_ydata(), [3, 2])  # type: ignore[arg-type]
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_animation() -> None:
    learned, verdicts = np.array([[0.5, 0.5], [0.1, 0.9]]), np.array([[0.4, 0.6], [0.5, 0.5]])
    animation = teaching.game_animation(learned, verdicts, np.array([0.0, 1.0]), ["a", "b"])
    drawn = animation._func(1)  # type: ignore[attr-defined]
    assert [bar.get_height() for bar in drawn[:2]] == [0.1, 0.9]
    np.testing.assert_allclose(drawn[2].get_ydata(), verdicts[1])
    animation._draw_was_started = True  # type: ignore[attr-defined]


def test_animation_of_some_epochs() -> None:
    learned, verdicts = np.eye(4)[:, :3] / 2, np.eye(4)[:, :3]
    animation = teaching.game_animation(learned, verdicts, np.ones(3) / 3, ["a", "b", "c"], epochs=[0, 2])
    assert len(list(animation.new_frame_seq())) == 2
    *bars, points, title = animation._func(1)  # type: ignore[attr-defined]
    assert [bar.get_height() for bar in bars] == [0, 0, 0.5]
    np.testing.assert_allclose(points.get_ydata(), verdicts[2])
    assert title.get_text() == "epoch 3"
    animation._draw_was_started = True  # type: ignore[attr-defined]
