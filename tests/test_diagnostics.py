"""What is measured from inside the compiled epoch, against the same in NumPy."""

import numpy as np
import pytest
import scipy.special

from gumbel_gan.config import Config, Generator, Training
from gumbel_gan.diagnostics import NAMES
from gumbel_gan.experiment import run


def test_columns() -> None:
    config = Config(epochs=3, diagnostics=True, training=Training(batches=8))
    metrics = run(config)[0].metrics
    assert list(metrics)[:5] == [
        "discriminator_loss", "generator_loss", "max_abs_error", "total_variation", "temperature"
    ]  # fmt: skip
    assert set(metrics) - set(list(metrics)[:5]) == set(NAMES)
    assert all(values.shape == (3, 1) for values in metrics.values())
    # No component of a step of Adam is longer than the rate times (1 - .9) / sqrt(1 - .999).
    assert (metrics["step_ratio"] > 0).all()
    assert (metrics["step_ratio"] < 3.17 * np.sqrt(5)).all()


def test_cold_samples_have_no_gradient() -> None:
    """At temperature 0.001 and uniform logits 92 % of the samples have a gradient of exactly zero."""
    frozen = Generator(learning_rate=1e-12)
    metrics = run(Config(runs=16, epochs=4, diagnostics=True, generator=frozen))[0].metrics
    assert metrics["dead_fraction"].mean() == pytest.approx(0.92, abs=0.02)
    assert metrics["sharpness"].mean() > 0.99


def test_signal_to_noise_of_the_exact_gradient_and_of_a_sampled_one() -> None:
    frozen = {"learning_rate": 1e-12}
    found = {}
    for name in ("exact", "reinforce"):
        generator = Generator(estimator=name, **frozen)  # type: ignore[arg-type]
        metrics = run(Config(runs=4, epochs=3, diagnostics=True, generator=generator))[0].metrics
        found[name] = np.median(metrics["signal_to_noise"])
    assert found["exact"] > 1e4
    assert found["reinforce"] < 1


def test_accuracies_of_a_discriminator_that_is_known() -> None:
    """Frozen networks: how many samples it rejects is a sum of probabilities."""
    config = Config(
        runs=8,
        epochs=10,
        temperature=0.001,
        diagnostics=True,
        generator=Generator(learning_rate=1e-12),
    )
    result, gan = run(config)
    # The last epoch's discriminator has hardly moved within it.
    verdict = gan.discriminator.kernel.numpy() + gan.discriminator.bias.numpy()[:, None]  # [R, K]
    p = scipy.special.softmax(gan.generator.logits.numpy(), -1)
    expected = (p * (verdict < 0)).sum(-1)
    sure = np.abs(verdict).min(-1) > 0.1
    assert sure.any()
    np.testing.assert_allclose(result.metrics["accuracy_hard"][-1][sure], expected[sure], atol=0.15)
    np.testing.assert_allclose(
        result.metrics["accuracy_soft"][-1], result.metrics["accuracy_hard"][-1], atol=0.02
    )
