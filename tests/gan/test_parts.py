"""Estimators of the user's own are tried once, before they are compiled into an epoch."""

from typing import Any

import keras
import pytest
import tensorflow as tf

import gumbel_gan as gg


class Flat(gg.Pathwise):
    """Forgets the axis of the batch."""

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any) -> tf.Tensor:
        return tf.nn.softmax(logits)


class Deaf(gg.Pathwise):
    """Its samples do not depend on the logits."""

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any) -> tf.Tensor:
        return tf.stop_gradient(tf.tile(tf.nn.softmax(logits)[:, None], (1, batch, 1)))


class Summed(gg.Estimator):
    """Its loss is one number for all runs."""

    def sample(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any) -> tf.Tensor:
        return tf.tile(tf.nn.softmax(logits)[:, None], (1, batch, 1))

    def surrogate(
        self, loss: Any, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any
    ) -> tf.Tensor:
        return tf.reduce_mean(loss(self.sample(logits, temperature, batch, seed)))


class Fine(gg.Pathwise):
    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any) -> tf.Tensor:
        return tf.tile(tf.nn.softmax(logits)[:, None], (1, batch, 1))


def game(estimator: gg.Estimator) -> gg.CategoricalGAN:
    networks = gg.CategoricalGenerator(5, runs=3), gg.LogisticDiscriminator(5, runs=3, seed=0)
    return gg.CategoricalGAN(*networks, estimator=estimator, seed=0)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Flat, r"^estimator: Flat made samples of shape \[3, 5\]: make them \[3, 2, 5\], \[R, batch, K\]$"),
        (Deaf, "^estimator: the loss of Deaf has no gradient in the logits: "),
        (Summed, r"^estimator: Summed made a loss of shape \[\]: make it \[3\], \[R\]$"),
    ],
)
def test_mistakes_are_one_line(kind: type[gg.Estimator], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        game(kind())


def test_one_that_is_right() -> None:
    assert isinstance(game(Fine()).estimator, Fine)


def test_it_goes_with_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = gg.ColumnGenerator([2, 3], units=4, seed=0, runs=3)
    discriminator = gg.MlpDiscriminator(3, runs=3, seed=0, units=(4,), length=2)
    assert isinstance(gg.CategoricalGAN(generator, discriminator, estimator=Fine(), seed=0).estimator, Fine)
    with pytest.raises(ValueError, match="Deaf has no gradient"):
        gg.CategoricalGAN(generator, discriminator, estimator=Deaf(), seed=0)


class LeaveOneOut(gg.Estimator):
    """That of `help(gg.Estimator)`: its samples are codes, not vectors."""

    smallest_batch = 2

    def estimate(
        self, loss: Any, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any
    ) -> tf.Tensor:
        samples = gg.gumbel_max(logits, batch, seed)
        losses = loss(samples)
        others = (tf.reduce_sum(losses, 1, keepdims=True) - losses) / (batch - 1)
        log_prob = tf.gather(tf.nn.log_softmax(logits), samples, batch_dims=1)
        score = tf.reduce_mean(tf.stop_gradient(losses - others) * log_prob, 1)
        return tf.stop_gradient(tf.reduce_mean(losses, 1)) + score - tf.stop_gradient(score)


def test_one_whose_samples_are_codes() -> None:
    gan = game(LeaveOneOut())
    gan.compile(*(keras.optimizers.Adam(0.01) for _ in range(2)))
    gan.fit([0, 1, 1, 2, 4] * 10, batch_size=10, verbose=0)
    assert abs(gan.learned() - 0.2).max() > 1e-4
