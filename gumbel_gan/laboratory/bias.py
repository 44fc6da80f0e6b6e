"""Bias and noise of every gradient estimator, measured."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config.catalogue import ESTIMATORS
from ..config.data import POST_PROBABILITIES

BATCH = 10
CHUNK = 40_000  # draws at a time: 80 MB for a hundred conditional draws of five categories
COLUMNS = (
    "point",
    "estimator",
    "temperature",
    "bias",
    "cosine",
    "std",
    "rmse",
    "dead_fraction",
    "evaluations",
    "draws",
)
TEMPERATURES = (0.001, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
Discriminate = Callable[[Any], Any]
"""From samples [R, B, K] to log-odds of real [R, B]."""


@dataclass(frozen=True)
class Point:
    """Where gradients are measured: logits, and the loss softplus(-(kernel . x)), or that of a discriminator.

    Attributes:
        name: in the table.
        logits: [K].
        kernel: [K]; or
        discriminate: a discriminator of one run.
    """

    name: str
    logits: np.ndarray
    kernel: np.ndarray | None = None
    discriminate: Discriminate | None = None


def post_point(name: str, generated: Sequence[float], smoothing: float = 0.01) -> Point:
    """The post's stream against a generator of these probabilities, under the discriminator that fits them.

    The kernel is log((p + .01) / (q + .01)) for the real p and the generated q.
    """
    real, fake = np.array(POST_PROBABILITIES), np.array(generated)
    return Point(name, np.log(fake), np.log((real + smoothing) / (fake + smoothing)))


POINTS = (post_point("A", [0.2] * 5), post_point("B", [0.02, 0.02, 0.15, 0.35, 0.46]))
"""The start of a training, and near its end."""


def settings_of(
    temperatures: Sequence[float], names: Sequence[str] | None = None
) -> list[tuple[str, float | None]]:
    """Estimators with every temperature, or with None where they ignore the temperature.

    Args:
        temperatures: to measure at.
        names: of estimators, of your own, too; by default all of the catalogue.
    """
    return [
        (name, temperature)
        for name in (names or ESTIMATORS)
        for temperature in (temperatures if _uses_temperature(name) else [None])
    ]


def _uses_temperature(name: str) -> bool:
    if name in ESTIMATORS.rows:
        return ESTIMATORS[name].uses_temperature
    return bool(ESTIMATORS.load(name).uses_temperature)


def measure(
    point: Point,
    settings: Sequence[tuple[str, float | None]],
    draws: int,
    conditional_draws: int,
    own: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """A row of gradients.csv for each estimator and temperature.

    Args:
        point: where to measure.
        settings: estimators with temperatures, those of one estimator together.
        draws: samples for each number.
        conditional_draws: of gumbel_rao's noise.
        own: options of estimators that are not of the catalogue.
    """
    measures: dict[str, Measure] = {}
    for name, temperature in settings:
        if name not in measures:
            given = {"conditional_draws": conditional_draws}
            options = {key: value for key, value in given.items() if key in ESTIMATORS[name].options}
            if name not in ESTIMATORS.rows:
                options = dict(own or {})
            measures = {name: Measure(ESTIMATORS.make(name, "estimator", options=options), point)}
        yield {"point": point.name, "estimator": name, **measures[name](temperature, draws)}


class Measure:
    """Measures one estimator at one point; compiled once for all temperatures.

    Args:
        estimator: not yet built.
        point: where.
    """

    def __init__(self, estimator: Any, point: Point) -> None:
        import tensorflow as tf

        from ..gan.gumbel import vectors

        self.estimator, self.point = estimator, point
        estimator.build((1, len(point.logits)))
        self._initial = [weight.numpy() for weight in estimator.weights]

        def loss(samples: Any) -> Any:
            samples = vectors(samples, len(point.logits))
            if point.discriminate is None:
                kernel = tf.constant(point.kernel, tf.float32)
                return tf.nn.softplus(-tf.reduce_sum(samples * kernel, axis=-1))
            flat = tf.reshape(samples, (1, -1, samples.shape[-1]))
            return tf.reshape(tf.nn.softplus(-point.discriminate(flat)), samples.shape[:2])

        def gradients(estimate: Any, groups: int, batch: int, temperature: Any, seed: Any) -> Any:
            logits = tf.tile(tf.constant(point.logits, tf.float32)[None], (groups, 1))
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(logits)
                surrogate = estimate(loss, logits, temperature, batch, seed)
            return tape.gradient(surrogate, logits)  # [groups, K]

        @tf.function(jit_compile=True)
        def estimates(groups: int, batch: int, temperature: Any, seed: Any) -> Any:
            return gradients(estimator.estimate, groups, batch, temperature, seed)

        @tf.function(jit_compile=True)
        def learn(temperature: Any) -> None:
            for step in tf.range(2000):
                gradients(estimator.surrogate, 1, 100, temperature, tf.stack([7, step]))

        self._estimates, self._learn = estimates, learn
        losses = loss(tf.eye(len(point.logits))[None]).numpy()[0].astype(np.float64)
        odds = np.exp(point.logits - point.logits.max())
        probabilities = odds / odds.sum()
        self.exact = probabilities * (losses - probabilities @ losses)
        """The exact gradient, [K], by enumeration in NumPy."""

    def __call__(self, temperature: float | None, draws: int = 400_000) -> dict[str, Any]:
        """The columns of a row, all but point and estimator.

        What an estimator learns besides (REBAR, RELAX), it learns first, from scratch, in 2,000 steps.
        """
        import tensorflow as tf

        heat = tf.constant(temperature or 1.0)
        if self._initial:
            for weight, value in zip(self.estimator.weights, self._initial, strict=True):
                weight.assign(value)
            self._learn(heat)
        length = float(np.linalg.norm(self.exact))
        batches = self._draw(heat, draws, BATCH)  # [draws / 10, K]
        single = self._draw(heat, min(draws, CHUNK), self.estimator.smallest_batch, seed=1_000_000)
        mean = batches.mean(0)
        bias = float(np.linalg.norm(mean - self.exact)) / length
        std = float(np.sqrt(batches.var(0).sum())) / length
        return {
            "temperature": temperature,
            "bias": bias,
            "cosine": float(mean @ self.exact / max(np.linalg.norm(mean) * length, 1e-300)),
            "std": std,
            "rmse": float(np.hypot(bias, std)),
            "dead_fraction": float((single == 0).all(-1).mean()),
            "evaluations": self.estimator.evaluations(BATCH, len(self.exact)),
            "draws": draws,
        }

    def _draw(self, temperature: Any, draws: int, batch: int, seed: int = 0) -> np.ndarray:
        """Independent estimates from `batch` samples each, [draws / batch, K]."""
        import tensorflow as tf

        parts = []
        for chunk, start in enumerate(range(0, draws, CHUNK)):
            groups = max(1, min(CHUNK, draws - start) // batch)
            parts.append(self._estimates(groups, batch, temperature, tf.constant([seed + chunk, 0])).numpy())
        return np.concatenate(parts).astype(np.float64)


def cell(value: Any) -> str:
    """A value as gradients.csv has it."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def printed(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The rows as lines for a terminal."""
    names = COLUMNS[2:9]
    yield f"{'point':<6} {'estimator':<24}" + "".join(f"{name:>{_width(name)}}" for name in names)
    for row in rows:
        cells = ("" if row[name] is None else f"{row[name]:.4g}" for name in names)
        numbers = (f"{cell:>{_width(name)}}" for cell, name in zip(cells, names, strict=True))
        yield f"{row['point']:<6} {row['estimator']:<24}" + "".join(numbers)
    if rows:
        if {row["point"] for row in rows} & {"A", "B"}:
            yield "Point A is the start of the toy's training, B near its end."
        yield (
            f"Relative to the length of the exact gradient, for batches of {BATCH}. A bias is uncertain by "
            f"about std / {(rows[0]['draws'] / BATCH) ** 0.5:.0f}. cosine: of the mean estimate with the "
            "exact gradient; 1 where only its length is wrong, which Adam ignores. dead_fraction: of the "
            "smallest batches, how many have no gradient."
        )


def _width(name: str) -> int:
    return 2 + max(10, len(name))
