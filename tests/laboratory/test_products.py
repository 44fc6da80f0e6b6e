"""Matrix products, counted in a program and timed."""

from threading import Event

import pytest
import tensorflow as tf

from gumbel_gan.laboratory import products
from gumbel_gan.laboratory.products import Product
from gumbel_gan.training.progress import CutShort


def test_products_are_counted() -> None:
    """Of a program with three, two of them alike."""

    @tf.function(jit_compile=True)
    def program(x: tf.Tensor, y: tf.Tensor, batched: tf.Tensor) -> tf.Tensor:
        once = tf.tanh(x @ y)
        return tf.reduce_sum(tf.tanh(once @ y)) + tf.reduce_sum(tf.einsum("rbi,roi->rbo", batched, batched))

    shapes = tf.ones((32, 16)), tf.ones((16, 16)), tf.ones((3, 8, 4))
    text = program.experimental_get_compiler_ir(*shapes)(stage="optimized_hlo")
    found = products.products(text)
    assert sum(found.values()) == 3
    operations = sorted(product.operations for product in found.elements())
    assert operations == [2 * 3 * 8 * 4 * 8, 2 * 32 * 16 * 16, 2 * 32 * 16 * 16]
    for product in found:
        of_left, of_right = product.equation.split("->")[0].split(",")
        assert (len(of_left), len(of_right)) == (len(product.left), len(product.right))
        tf.einsum(product.equation, tf.ones(product.left), tf.ones(product.right))


def test_the_body_of_a_loop_is_counted_as_often_as_it_goes_round() -> None:
    @tf.function(jit_compile=True)
    def program(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        for _ in tf.range(7):
            x = tf.tanh(x @ y)
        return x

    text = program.experimental_get_compiler_ir(tf.ones((32, 16)), tf.ones((16, 16)))(stage="optimized_hlo")
    found = products.products(text, steps=7)
    assert list(found.values()) == [7]


def test_a_larger_product_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand times the operations, at least ten times the time."""
    monkeypatch.setattr(products, "SECONDS", 0.02)
    small, large = (products.seconds(Product((size, size), (size, size), "ab,bc->ac")) for size in (32, 320))
    assert 0 < 10 * small < large


def test_stopped() -> None:
    stopping = Event()
    stopping.set()
    with pytest.raises(CutShort):
        products.measure(lambda line: None, stopping)


@pytest.mark.slow
def test_measured() -> None:
    """An epoch takes longer than its products, and at most three times as long."""
    said: list[str] = []
    rows = products.measure(said.append)
    assert [row["recipe"] for row in rows] == ["grammar", "table"]
    for row in rows:
        assert 1 < row["ratio"] < 3
        assert row["gflop"] > 10
    assert "matrix products alone" in said[0]
