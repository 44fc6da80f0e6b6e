"""`python -m gumbel_gan.benchmark`: what an optimizer step costs, here and in the post's program shape."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .cli import Parser, fail
from .config import POST_PROBABILITIES, Config
from .quiet import quiet_import

Timing = Callable[[], float]
"""Trains a little further; microseconds a run and optimizer step."""


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.benchmark",
        description="Time an optimizer step at the post's sizes: this package, one TensorFlow 1 "
        "`session.run` a step as in the post, and Keras `fit` with a batch a `train_step`; interleaved, "
        "warm, medians.",
    )
    options.add_argument("--runs", default="1,64", help="numbers of runs side by side, as 1,64")
    options.add_argument("--repeats", type=int, default=7, help="timings of each, of which the median counts")
    options.add_argument("--output", default="runs/benchmark", help="directory for benchmark.csv")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Time, print a table, write benchmark.csv."""
    given = parser().parse_args(arguments)
    try:
        runs = [int(number) for number in given.runs.split(",")]
        if min(runs) < 1 or given.repeats < 1:
            raise ValueError
    except ValueError:
        fail(f"runs, repeats: received {given.runs!r}, {given.repeats}: give whole numbers above zero", 2)
    try:
        os.makedirs(given.output, exist_ok=True)
    except OSError as error:
        fail(f"output: cannot write to {given.output} ({error.strerror}): give another directory", 2)
    with quiet_import():
        from .results import write

        timings: dict[tuple[str, int], Timing] = {("gumbel_gan", n): compiled_epochs(n) for n in runs}
        timings["tf1_session_run", 1] = session_run()
        timings["keras_fit_per_batch", 1] = fit_per_batch()
    measured: dict[tuple[str, int], list[float]] = {key: [] for key in timings}
    for repeat in range(given.repeats):
        for key, timing in timings.items():
            if sys.stdout.isatty():
                print(f"\rrepeat {repeat + 1}/{given.repeats}: {key[0]:<20}", end="", flush=True)
            measured[key].append(timing())
    medians = {key: float(np.median(values)) for key, values in measured.items()}
    print(f"\r{'implementation':<20}{'runs':>6}{'µs a run and step':>20}{'min to max':>20}")
    for (name, n), values in measured.items():
        band = f"{min(values):.2f} to {max(values):.2f}"
        print(f"{name:<20}{n:>6}{medians[name, n]:>20.2f}{band:>20}")
    rows = [f"{name},{n},{median:.4f}\n" for (name, n), median in medians.items()]
    header = "implementation,runs,microseconds_per_run_step\n"
    print(write(given.output, "benchmark.csv", lambda file: file.writelines([header, *rows])))


def compiled_epochs(runs: int, epochs: int = 40) -> Timing:
    """This package: `fit` with all that a training does, an epoch a compiled program."""
    from . import experiment
    from .callbacks import Recorder
    from .data import Stream, dataset
    from .sources import Distribution

    gan = experiment.build(Config(runs=runs), len(POST_PROBABILITIES))
    stream = Stream(Distribution(POST_PROBABILITIES), runs=runs)
    steps = epochs * stream.batches * (1 + gan.generator_steps) * runs

    def timing(epochs: int = epochs) -> float:
        recorder = Recorder(stream, epochs + 1)  # the first epoch starts the stream, and is not counted
        gan.fit(
            dataset(stream),
            epochs=epochs + 1,
            steps_per_epoch=1,
            shuffle=False,
            verbose=0,
            callbacks=[recorder],
        )
        return recorder.train_seconds / steps * 1e6

    timing(1)  # compile
    return timing


def session_run(batches: int = 60) -> Timing:
    """The post's program: TensorFlow 1, a graph, one `session.run` an optimizer step."""
    import tensorflow.compat.v1 as tf
    import tensorflow_probability as tfp

    categories, batch_size, temperature, rate = len(POST_PROBABILITIES), 10, 0.001, 0.0007

    def integers() -> Any:
        while True:
            yield np.random.choice(categories, p=POST_PROBABILITIES, size=1)  # noqa: NPY002  (as in the post)

    graph = tf.Graph()
    with graph.as_default():
        data = tf.data.Dataset.from_generator(integers, tf.int32, [1]).batch(batch_size)
        real = tf.one_hot(tf.squeeze(tf.data.make_one_shot_iterator(data).get_next(), 1), categories)
        logits = tf.get_variable("logits", initializer=tf.ones([categories]))
        kernel = tf.get_variable("kernel", [categories, 1], initializer=tf.glorot_uniform_initializer())
        bias = tf.get_variable("bias", initializer=tf.zeros([1]))
        generated = tfp.distributions.RelaxedOneHotCategorical(temperature, logits=logits).sample(batch_size)

        def discriminate(x: Any) -> Any:
            return tf.matmul(x, kernel) + bias

        loss = tf.losses.sigmoid_cross_entropy
        discriminator_loss = loss(tf.ones([batch_size, 1]), discriminate(real)) + loss(
            tf.zeros([batch_size, 1]), discriminate(generated)
        )
        generator_loss = loss(tf.ones([batch_size, 1]), discriminate(generated))
        train_discriminator = tf.train.AdamOptimizer(rate).minimize(
            discriminator_loss, var_list=[kernel, bias]
        )
        train_generator = tf.train.AdamOptimizer(rate).minimize(generator_loss, var_list=[logits])
        session = tf.Session(graph=graph)
        session.run(tf.global_variables_initializer())

    def timing(batches: int = batches) -> float:
        start = time.perf_counter()
        for _ in range(batches):
            session.run(train_discriminator)
            for _ in range(10):
                session.run(train_generator)
        return (time.perf_counter() - start) / (batches * 11) * 1e6

    timing(5)  # warm up
    return timing


def fit_per_batch(batches: int = 200) -> Timing:
    """Keras as it is mostly used: the same GAN, but `fit` with one batch a `train_step`."""
    from . import experiment
    from .data import Stream, dataset
    from .sources import Distribution

    gan = experiment.build(Config(), len(POST_PROBABILITIES))
    stream = Stream(Distribution(POST_PROBABILITIES))
    data = dataset(stream).unbatch().batch(1)  # [1, R, B]: an epoch of one batch

    def timing(batches: int = batches) -> float:
        start = time.perf_counter()
        gan.fit(data, epochs=1, steps_per_epoch=batches, shuffle=False, verbose=0)
        return (time.perf_counter() - start) / (batches * (1 + gan.generator_steps)) * 1e6

    timing(5)  # compile
    return timing


if __name__ == "__main__":
    main()
