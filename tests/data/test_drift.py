import numpy as np

from gumbel_gan.config.data import Data
from gumbel_gan.data.drift import Drift
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.stream import Stream


def test_drift() -> None:
    abrupt = Drift([1, 0], [0, 1], first=3, last=3)
    assert [abrupt.at(epoch).target[0] for epoch in range(5)] == [1, 1, 1, 0, 0]
    linear = Drift([1, 0], [0, 1], first=1, last=5)
    np.testing.assert_allclose([linear.at(epoch).target[0] for epoch in range(6)], [1, 0.75, 0.5, 0.25, 0, 0])
    stream = Stream(abrupt, runs=2, batches=3)
    assert (stream.epoch(2) == 0).all()
    assert (stream.epoch(3) == 1).all()


def test_target_and_scores_are_those_of_the_epoch() -> None:
    linear = Drift([1, 0], [0, 1], first=1, last=5)
    counted, forgetting = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    np.testing.assert_allclose(linear.target_at(2, counted), [0.5, 0.5])
    scores = linear.scores(counted, counted, forgetting, 3)
    np.testing.assert_allclose(scores["counted_max_abs_error"], [0.25])
    np.testing.assert_allclose(scores["forgetting_max_abs_error"], [0])


def test_drift_from_settings() -> None:
    """From the post's distribution, probabilities or a law; abrupt unless it says until when."""
    source = open_source(Data(drift=[0.2] * 5, drift_from=2))
    np.testing.assert_allclose([source.at(epoch).target[4] for epoch in range(4)], [0.6, 0.6, 0.2, 0.2])
    source = open_source(Data(probabilities=[0.9, 0.1], drift=[0.2, 0.8], drift_from=0, drift_until=2))
    np.testing.assert_allclose([source.at(epoch).target[0] for epoch in range(3)], [0.55, 0.2, 0.2])
    source = open_source(Data(law="one", categories=2, drift="0,1", drift_from=1, labels="a,b"))
    np.testing.assert_allclose([source.at(epoch).target[0] for epoch in range(2)], [1, 0])
    assert source.labels == source.at(0).labels == ("a", "b")
