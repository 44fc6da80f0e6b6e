from gumbel_gan.laboratory.peers import vectorised_numpy


def test_numpy_learns() -> None:
    """From one half to the target's side, as the benchmark checks against this package."""
    learned, seconds = vectorised_numpy(256)(200)
    assert seconds > 0
    assert learned.mean(0)[4] > 0.2 > learned.mean(0)[0]
