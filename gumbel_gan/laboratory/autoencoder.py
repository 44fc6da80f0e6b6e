"""The post's own example: a variational autoencoder with categorical latent variables.

An encoder gives the logits of V variables of K categories, a decoder draws a digit from their samples; both
learn by the evidence lower bound E log p(x | z) - KL(q(z | x) || uniform), whose gradient has to pass through
the samples (Jang et al. 2016, section 4.2; Liu et al. 2023, section 5.3). R of them train side by side.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..config.checks import check_count, check_positive, seed_of
from ..config.networks import Generator
from ..training.progress import CutShort, Told
from .tasks import MEAN, Columns, Statistic, Task

if TYPE_CHECKING:
    from ..figures.style import Figure


@dataclass(frozen=True)
class Autoencoder:
    """The settings.

    Attributes:
        seed: of everything random.
        runs: autoencoders side by side, each with weights, noise and an order of the digits of its own.
        epochs: passes over the digits that are trained on, at most.
        seconds: of training, after which it ends with the epoch, if not before; of processor time, all cores
            together, so that other work beside it does not count. The first epoch, in which it is
            compiled, and measurements do not count. None is no limit.
        measured_every: epochs between measurements.
        batch_size: digits in a step.
        data: `digits`, those of scikit-learn; or the path of an .npz file with x_train and x_test, as
            Keras' own mnist.npz.
        variables: V, latent variables.
        categories: K, of each.
        units: of the hidden layers, from the digits to the latent variables; the decoder's in reverse.
        temperature: of the relaxed samples.
        generator: learning rate and estimator.
    """

    seed: int = 0
    runs: int = 8
    epochs: int = 100
    seconds: float | None = None
    measured_every: int = 5
    batch_size: int = 100
    data: str = "digits"
    variables: int = 30
    categories: int = 10
    units: list[int] = field(default_factory=lambda: [128])
    temperature: float = 1.0
    generator: Generator = field(
        default_factory=lambda: Generator(learning_rate=0.001, estimator="straight_through")
    )

    def __post_init__(self) -> None:
        seed_of(self.seed)
        for name in ("runs", "epochs", "measured_every", "batch_size", "variables"):
            check_count(name, getattr(self, name))
        check_count("categories", self.categories, least=2)
        for number in self.units:
            check_count("units", number)
        check_positive("temperature", self.temperature)
        if self.seconds is not None:
            check_positive("seconds", self.seconds)
        if self.generator.estimator == "exact" and self.variables > 1:
            raise ValueError(
                f"generator.estimator: received exact for {self.variables} variables, all of whose "
                "combinations it would have to sum over: give another one, or variables: 1"
            )


class Digits(NamedTuple):
    """Binary pictures, float32 [n, D] of zeros and ones.

    Attributes:
        train: to learn from.
        held_out: to stop by, and to choose settings by.
        test: to score.
    """

    train: np.ndarray
    held_out: np.ndarray
    test: np.ndarray


def digits(data: str) -> Digits:
    """The digits, black where they are at least half as dark as can be.

    Those of scikit-learn are 1,797 of 8 x 8 dots, of which 1,257, 270 and 270 are taken, always the same.
    Of a file's x_train the last sixth is held out.

    Raises:
        ValueError: the file or scikit-learn is not there.
    """
    if data == "digits":
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise ValueError(
                "data: received digits, which scikit-learn holds, and it is not installed: "
                "pip install 'gumbel_gan[digits]', or give the path of an .npz file"
            ) from None
        images = load_digits().images
        images = images[np.random.default_rng(0).permutation(len(images))]
        train, held_out, test = np.split(images, [1257, 1527])
    else:
        try:
            with np.load(data) as arrays:
                images, test = arrays["x_train"], arrays["x_test"]
        except (OSError, KeyError, ValueError, TypeError):
            raise ValueError(
                f"data: received {data}: give digits, or the path of an .npz file with x_train and x_test"
            ) from None
        train, held_out = np.split(images, [len(images) * 5 // 6])
    darkest = max(float(train.max()), 1e-9)
    return Digits(
        *((part.reshape(len(part), -1) >= darkest / 2).astype(np.float32) for part in (train, held_out, test))
    )


def autoencode(
    settings: Autoencoder, progress: Told | None = None, stopping: Event | None = None
) -> tuple[np.ndarray, Columns]:
    """Train, and score at the measurement whose bound on the held-out digits was best, each run its own.

    Args:
        settings: of the autoencoders.
        progress: is told of every epoch.
        stopping: a flag that ends it early.

    Returns:
        The bound on held-out digits at every measurement, nats a digit [E, R]; and columns [R]: `elbo` and
        its standard error `elbo_error` on test digits, `kl` there, `held_out_elbo`, `best_epoch`, `epochs`.

    Raises:
        CutShort: the flag was set before it was done.
        ValueError: the data are not there, or are too few.
        ArithmeticError: a bound is not finite.
    """
    from .networks import Networks

    data = digits(settings.data)
    batches = len(data.train) // settings.batch_size
    if not batches:
        raise ValueError(
            f"batch_size: received {settings.batch_size} for {len(data.train)} digits: give a smaller one"
        )
    networks = Networks(settings, data, settings.epochs * batches)
    best: Columns = {}
    curves: list[np.ndarray] = []
    clock, used = 0.0, 0
    random = np.random.default_rng(settings.seed)
    for epoch in range(1, settings.epochs + 1):
        if stopping is not None and stopping.is_set():
            raise CutShort
        orders = np.stack([random.permutation(len(data.train)) for _ in range(settings.runs)])
        orders = orders[:, : batches * settings.batch_size]
        start = time.process_time()
        networks.epoch(orders.reshape(settings.runs, batches, -1).transpose(1, 0, 2))
        clock += time.process_time() - start if epoch > 1 else 0.0
        used = epoch
        done = epoch == settings.epochs or (settings.seconds is not None and clock >= settings.seconds)
        if done or epoch % settings.measured_every == 0:
            held_out = networks.bound(data.held_out, epoch)[0].mean(0)  # [R]
            if not np.isfinite(held_out).all():
                raise ArithmeticError(f"the bound is not finite after epoch {epoch}")
            curves.append(held_out)
            bounds, kl = networks.bound(data.test, epoch)  # [n, R]
            found = {
                "elbo": bounds.mean(0),
                "elbo_error": bounds.std(0, ddof=1) / np.sqrt(len(bounds)),
                "kl": kl.mean(0),
                "held_out_elbo": held_out,
                "best_epoch": np.full(settings.runs, float(epoch)),
            }
            better = held_out > best.get("held_out_elbo", np.full(settings.runs, -np.inf))
            best = {name: np.where(better, found[name], best.get(name, found[name])) for name in found}
        if progress is not None:
            progress(epoch, settings.epochs, f"bound {curves[-1].mean():.2f}" if curves else "")
        if done:
            break
    return np.stack(curves), {**best, "epochs": np.full(settings.runs, float(used))}


class AutoencoderTask(Task):
    """Train variational autoencoders."""

    settings = Autoencoder

    def train(
        self, settings: Autoencoder, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """The bounds on held-out digits, [E, R], and the scores on test digits."""
        return autoencode(settings, progress, stopping)

    def statistic(self, settings: Autoencoder) -> Statistic:
        """The mean and the range of the few runs."""
        return MEAN

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The bound of every estimator at the settings that held-out digits chose, and by temperature."""
        from ..figures.studies import bound_figure

        by_temperature = chosen(cells, lambda cell: (_estimator(cell), cell.settings.temperature))
        return bound_figure(chosen(cells), by_temperature)


def _estimator(cell: Any) -> str:
    return cell.settings.generator.estimator


def chosen(cells: Sequence[Any], alike: Callable[[Any], Any] = _estimator) -> list[Any]:
    """Of all cells that are alike the one whose mean bound on held-out digits is best; the best ones first.

    Args:
        cells: trained.
        alike: what cells have in common that compete; by default the estimator.
    """
    best: dict[Any, Any] = {}
    for cell in sorted(cells, key=lambda cell: -cell.columns["held_out_elbo"].mean()):
        best.setdefault(alike(cell), cell)
    return list(best.values())
