"""`python -m gumbel_gan.gradients`: bias and noise of every gradient estimator, measured."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cli import Parser, fail, progress
from .config import POST_PROBABILITIES
from .quiet import quiet_import
from .results import load, write

BATCH = 10
CHUNK = 40_000  # draws at a time: 80 MB for a hundred conditional draws of five categories
COLUMNS = (
    "point",
    "estimator",
    "temperature",
    "bias",
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
    """Where gradients are measured: logits, and a loss softplus(-(kernel . x)) or another discriminator's.

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


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.gradients",
        description="Measure bias, standard deviation and more of every gradient estimator, relative to the "
        "length of the exact gradient, for batches of ten, over temperatures.",
    )
    options.add_argument("--output", default="runs/gradients", help="directory for gradients.csv and .png")
    options.add_argument("--logits", type=list[float], help="a point of your own: logits, as [0,1,2]")
    options.add_argument("--kernel", type=list[float], help="and the kernel of its loss softplus(-kernel.x)")
    options.add_argument("--run", help="or the learned logits and discriminator of a finished run")
    options.add_argument("--temperatures", type=list[float], default=list(TEMPERATURES), help="to measure at")
    options.add_argument("--draws", type=int, default=400_000, help="samples for each number")
    options.add_argument("--conditional_draws", type=int, default=100, help="of gumbel_rao's noise")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, draw."""
    given = parser().parse_args(arguments)
    try:
        _check(given)
        run = load(given.run) if given.run else None
        os.makedirs(given.output, exist_ok=True)
    except ValueError as error:
        fail(str(error), 2)
    except OSError as error:
        fail(f"output: cannot write to {given.output} ({error.strerror}): give another directory", 2)
    with quiet_import():
        from .estimators import ESTIMATORS, TEMPERATURE_FREE
        from .plotting import gradient_figure, save_figure

        points: Sequence[Point] = POINTS
        if run is not None:
            logits = run.generator.logits.numpy()[0]
            points = [Point("run", logits, discriminate=run.discriminator.of_run(0))]
    if given.logits:
        points = [Point("given", np.array(given.logits), np.array(given.kernel))]
    settings = [
        (name, temperature)
        for name in ESTIMATORS
        for temperature in ([None] if name in TEMPERATURE_FREE else given.temperatures)
    ]
    rows: list[dict[str, Any]] = []
    for point in points:
        measured = _measure_all(point, settings, given.draws, given.conditional_draws)
        rows += progress(measured, len(settings), f"point {point.name}")
    table = [",".join(COLUMNS), *(",".join(_cell(row[column]) for column in COLUMNS) for row in rows)]
    path = write(given.output, "gradients.csv", lambda file: file.write("\n".join(table) + "\n"))
    picture = save_figure(gradient_figure(rows), given.output, "gradients.png")
    print("\n".join(_printed(rows)))
    print(f"{path}, {picture}")


def _check(given: Any) -> None:
    if (given.logits is None) != (given.kernel is None):
        raise ValueError("logits, kernel: received one without the other: give both")
    if given.logits is not None and (len(given.logits) != len(given.kernel) or len(given.logits) < 2):
        raise ValueError(
            f"logits, kernel: received {len(given.logits)} and {len(given.kernel)} numbers: "
            "give as many of each, at least two"
        )
    if given.logits is not None and given.run:
        raise ValueError("run: received with logits: give one of the two")
    for name in ("draws", "conditional_draws"):
        if getattr(given, name) < 1:
            raise ValueError(f"{name}: received {getattr(given, name)}: give a number above zero")
    if bad := [t for t in given.temperatures if not 0 < t < np.inf]:
        raise ValueError(f"temperatures: received {bad[0]}: give numbers above zero")
    if not np.isfinite([*(given.logits or []), *(given.kernel or [])]).all():
        raise ValueError("logits, kernel: received a number that is not finite: give finite ones")


def _measure_all(
    point: Point, settings: Sequence[tuple[str, float | None]], draws: int, conditional_draws: int
) -> Iterator[dict[str, Any]]:
    from .estimators import ESTIMATORS

    measures: dict[str, Measure] = {}
    for name, temperature in settings:
        if name not in measures:
            options = {"draws": conditional_draws} if name == "gumbel_rao" else {}
            measures = {name: Measure(ESTIMATORS[name](**options), point)}
        yield {"point": point.name, "estimator": name, **measures[name](temperature, draws)}


class Measure:
    """Measures one estimator at one point; compiled once for all temperatures.

    Args:
        estimator: not yet built.
        point: where.
    """

    def __init__(self, estimator: Any, point: Point) -> None:
        import tensorflow as tf

        from .gumbel import vectors

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
        bias = float(np.linalg.norm(batches.mean(0) - self.exact)) / length
        std = float(np.sqrt(batches.var(0).sum())) / length
        return {
            "temperature": temperature,
            "bias": bias,
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


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _printed(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield f"{'point':<6} {'estimator':<24}" + "".join(f"{name:>14}" for name in COLUMNS[2:8])
    for row in rows:
        cells = (f"{row[name]:.4g}" if row[name] is not None else "" for name in COLUMNS[2:8])
        yield f"{row['point']:<6} {row['estimator']:<24}" + "".join(f"{cell:>14}" for cell in cells)


if __name__ == "__main__":
    main()
