"""The five stops of the page: a sentence or two each, and a state of the controls."""

from typing import Any, NamedTuple

from .controls import Controls

CHEAT: dict[str, Any] = {
    "held": True,
    "temperature": 1.0,
    "discriminator": "mlp",
    "discriminator_rate": 0.003,
}


class Stop(NamedTuple):
    """A stop.

    Attributes:
        title: of its button.
        text: what to see there.
        controls: their state.
        epochs: after which it is to be seen.
    """

    title: str
    text: str
    controls: Controls
    epochs: int


STOPS = (
    Stop(
        "1. The post",
        "A vector of logits learns five probabilities from a logistic regression that judges its samples. "
        "After 200 epochs the largest error is about 0.02: counting the same numbers is better still.",
        Controls(),
        200,
    ),
    Stop(
        "2. Why so cold?",
        "The exact gradient has no noise, and at the post's rates it never settles: the two networks "
        "circle each other, with errors around 0.2. The noise of the cold samples calms the post's game.",
        Controls(estimator="exact"),
        200,
    ),
    Stop(
        "3. The average stands still",
        "The same game, seen otherwise: the generator circles around the target, so the mean of what it "
        "gives is within 0.01 of it. Look at the diamonds, and at the dashed line.",
        Controls(estimator="exact"),
        200,
    ),
    Stop(
        "4. A smart discriminator cheats",
        "The generator is held at the target, so there is nothing left to tell apart. A perceptron does it "
        "all the same: it learns that generated samples are soft and real ones are hard.",
        Controls(**CHEAT),
        60,
    ),
    Stop(
        "5. The cure",
        "Relax the real examples as the generated ones are, and the difference is gone: it is right half of "
        "the time, as a coin is. Showing it hard samples would do, too.",
        Controls(**CHEAT, smoothing="relaxed"),
        60,
    ),
)
