"""Figures of the walkthrough: each shows one idea, from arrays that the reader has just made."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.animation import FuncAnimation

from .style import BLUE, GREY, ORANGE, PALETTE, STYLE, Figure, literal


def gumbel_density(z: np.ndarray) -> np.ndarray:
    """The density of the standard Gumbel distribution, exp(-z - exp(-z))."""
    return np.exp(-z - np.exp(-z))


def histogram_figure(
    samples: Mapping[str, np.ndarray], density: tuple[np.ndarray, np.ndarray] | None = None, xlabel: str = ""
) -> Figure:
    """Histograms, a panel each, over one density.

    Args:
        samples: arrays by title.
        density: x and the density at x.
        xlabel: of all.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(samples), 2.8))
        axes = figure.subplots(1, len(samples), squeeze=False, sharex=True)[0]
        for axis, (title, values) in zip(axes, samples.items(), strict=True):
            # Eighths: zero, where some samples begin, must be an edge.
            bins = np.arange(density[0][0], density[0][-1] + 1 / 8, 1 / 8) if density else 80
            axis.hist(values.ravel(), bins=bins, density=True, color=BLUE, alpha=0.6)
            if density:
                axis.plot(*density, color=ORANGE, label="density")
                axis.legend(fontsize=8)
            axis.set_title(title)
            axis.set_xlabel(xlabel)
        axes[0].set_ylabel("density")
    return figure


def estimates_figure(estimates: Mapping[str, np.ndarray], truth: float) -> Figure:
    """Histograms of several estimators of one number, on one axis, with the number itself.

    Args:
        estimates: independent estimates by the estimator's name.
        truth: what they estimate.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 2.8))
        axis = figure.subplots()
        span = np.quantile(np.concatenate([values.ravel() for values in estimates.values()]), [0.001, 0.999])
        for number, (name, values) in enumerate(estimates.items()):
            label = f"{name}: {values.mean():.2f}, standard deviation {values.std():.2f}"
            colour = PALETTE[number]
            axis.hist(
                values.ravel(), bins=40, range=tuple(span), density=True, color=colour, alpha=0.5, label=label
            )
        axis.axvline(truth, color="black", linewidth=1, label=f"exact: {truth:.2f}")
        axis.set_xlabel("estimate of the gradient")
        axis.set_ylabel("density")
        axis.legend(fontsize=8)
    return figure


def frequencies_figure(frequencies: Mapping[str, np.ndarray], labels: Sequence[str]) -> Figure:
    """Distributions over a few categories beside each other, as bars.

    Args:
        frequencies: [K] by name.
        labels: K.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 2.6))
        axis = figure.subplots()
        width = 0.8 / len(frequencies)
        for number, (name, values) in enumerate(frequencies.items()):
            places = np.arange(len(labels)) + (number - (len(frequencies) - 1) / 2) * width
            hatch = ("", "//", "..")[number % 3]
            axis.bar(places, values, width, color=PALETTE[number], hatch=hatch, edgecolor="white", label=name)
        axis.set_xticks(range(len(labels)), [literal(label) for label in labels])
        axis.set_xlabel("category")
        axis.set_ylabel("probability")
        axis.legend(fontsize=8)
    return figure


CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
"""Of the triangle: where the three one-hot vectors lie."""


def triangle_figure(samples: Mapping[str, np.ndarray]) -> Figure:
    """Points of the simplex of three categories, a triangle each.

    Args:
        samples: [n, 3] by title.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(2.6 * len(samples), 2.6))
        axes = figure.subplots(1, len(samples), squeeze=False)[0]
        for axis, (title, points) in zip(axes, samples.items(), strict=True):
            axis.plot(*CORNERS[[0, 1, 2, 0]].T, color=GREY, linewidth=0.8)
            axis.plot(*(points @ CORNERS).T, ".", color=BLUE, markersize=4, alpha=0.4)
            for corner, name in zip(CORNERS, "012", strict=True):
                place = corner + 0.09 * (corner - CORNERS.mean(0))
                axis.text(*place, name, ha="center", va="center", color=ORANGE)
            axis.set_aspect("equal")
            axis.set_axis_off()
            axis.set_title(title)
    return figure


def curves_figure(
    x: np.ndarray, curves: Mapping[str, np.ndarray], xlabel: str, ylabel: str, log: str = "y"
) -> Figure:
    """Lines against one x; several runs as their median with a band from the 5th to the 95th percentile.

    Args:
        x: [n].
        curves: [n], or [n, R], by name.
        xlabel: with its unit.
        ylabel: with its unit.
        log: the axes that are logarithmic: "", "x", "y" or "xy".
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3))
        axis = figure.subplots()
        for number, (name, values) in enumerate(curves.items()):
            colour, style = PALETTE[number % len(PALETTE)], ("-", "--", ":", "-.")[number % 4]
            middle = values if values.ndim == 1 else np.median(values, axis=1)
            axis.plot(x, middle, style, color=colour, label=name)
            if values.ndim == 2 and values.shape[1] > 1:
                low, high = np.quantile(values, [0.05, 0.95], axis=1)
                axis.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        axis.set_xscale("log" if "x" in log else "linear")
        axis.set_yscale("log" if "y" in log else "linear")
        axis.set_xlabel(xlabel)
        axis.set_ylabel(ylabel)
        axis.grid(alpha=0.25)
        axis.legend(fontsize=8)
    return figure


def game_animation(
    learned: np.ndarray,
    verdicts: np.ndarray,
    target: np.ndarray,
    labels: Sequence[str],
    epochs: Sequence[int] | np.ndarray | None = None,
) -> FuncAnimation:
    """The game: what the generator gives, and the discriminator's verdict on each category.

    Args:
        learned: [E, K], probabilities.
        verdicts: [E, K], the discriminator's probability that the category is real.
        target: [K].
        labels: K.
        epochs: which of the epochs (0, 1, ...) are shown, a frame each; by default all.
    """
    shown = np.arange(len(learned)) if epochs is None else np.asarray(epochs)
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3), dpi=100)
        left, right = figure.subplots(1, 2)
        places = np.arange(len(labels))
        left.bar(places, target, color="#CCCCCC", label="true")
        bars = left.bar(places, learned[shown[0]], 0.5, color=BLUE, label="learned")
        left.set_ylim(0, 1.15 * max(learned.max(), target.max()))
        left.legend(fontsize=8, loc="upper left")
        left.set_ylabel("probability")
        left.set_title("the generator")
        right.axhline(0.5, color=GREY, linewidth=1, linestyle=":", label="cannot tell")
        right.legend(fontsize=8, loc="upper left")
        (points,) = right.plot(places, verdicts[shown[0]], "o", color=ORANGE)
        right.set_ylim(0, 1)
        right.set_ylabel("verdict: probability of real")
        right.set_title("the discriminator")
        for axis in (left, right):
            axis.set_xlim(-0.6, len(labels) - 0.4)
            axis.set_xticks(places, [literal(label) for label in labels])
            axis.set_xlabel("category")
        title = figure.suptitle(" ", x=0.99, ha="right", fontsize=10)

        def frame(number: int) -> list[object]:
            epoch = shown[number]
            for bar, height in zip(bars, learned[epoch], strict=True):
                bar.set_height(height)
            points.set_ydata(verdicts[epoch])
            title.set_text(f"epoch {epoch + 1}")
            return [*bars, points, title]

        return FuncAnimation(figure, frame, frames=len(shown), interval=100)  # type: ignore[arg-type]
