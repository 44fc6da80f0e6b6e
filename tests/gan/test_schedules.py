import keras
import numpy as np
import pytest

from gumbel_gan.config.catalogue import SCHEDULES
from gumbel_gan.config.config import Annealing, Config, Training
from gumbel_gan.config.networks import Generator
from gumbel_gan.gan.schedules import Schedule, schedule
from gumbel_gan.training.run import run


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("linear", 0.505),
        ("exponential", 0.1),
        ("cosine", 0.505),
        ("inverse", 0.1),
        ("inverse_time", 1 / 50.5),
        ("late", 1.0),
    ],
)
def test_from_start_to_end(name: str, half: float) -> None:
    """From 1 to 0.01 in 100 steps, and no further; half-way by hand."""
    values = schedule(name, 1.0, 0.01, 100)
    assert callable(values)
    at = [float(values(step)) for step in (0, 50, 100, 1000)]
    np.testing.assert_allclose(at, [1, half, 0.01, 0.01], rtol=1e-5)


def test_constant_and_unknown() -> None:
    assert schedule("constant", 0.3, 0.1, 10) == 0.3
    with pytest.raises(ValueError, match="^schedule: received 'quadratic': give one of constant, linear, "):
        schedule("quadratic", 1, 0.1, 10)


def test_late_is_linear_in_its_second_half() -> None:
    values = schedule("late", 1.0, 0.2, 100)
    at = [float(values(step)) for step in (25, 50, 75, 100)]
    np.testing.assert_allclose(at, [1, 1, 0.6, 0.2], rtol=1e-5)


@pytest.mark.parametrize("name", SCHEDULES)
def test_serialized(name: str) -> None:
    values = schedule(name, 1.0, 0.01, 100)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(values))
    assert type(again) is type(values)
    if isinstance(values, Schedule):
        assert again.get_config() == values.get_config()


def test_temperature_falls_in_the_compiled_program() -> None:
    """It is recorded, the samples become sharper, and nothing is traced again."""
    config = Config(
        epochs=10,
        temperature=10.0,
        diagnostics=True,
        annealing=Annealing(schedule="exponential", end=0.01, until=0.5),
        training=Training(batches=10),
    )
    result, gan = run(config)
    temperature = result.metrics["temperature"][:, 0]
    # The last batch of an epoch of ten, of fifty that the fall takes.
    np.testing.assert_allclose(temperature[:5], 10 * 0.001 ** ((10 * np.arange(1, 6) - 1) / 50), rtol=1e-4)
    np.testing.assert_allclose(temperature[5:], 0.01, rtol=1e-5)
    sharpness = result.metrics["sharpness"][:, 0]
    assert sharpness[0] < 0.45
    assert sharpness[-1] > 0.95
    assert gan.traces == 1


def test_learning_rates_fall_too() -> None:
    generator = Generator(learning_rate=0.1, schedule="linear", final_learning_rate=0.001)
    config = Config(epochs=4, generator=generator, training=Training(batches=5))
    _, gan = run(config)
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(0.001)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(0.0007)
