"""The post's GAN as others would write it, for the benchmark: the same sizes, losses, optimizer and numbers.

Each function makes a trainer for some runs: called with a number of batches it trains so much further, and
returns what was learned, [R, K], with the seconds it took. What is not installed raises ImportError.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..config.config import Config
from ..config.data import POST_PROBABILITIES
from ..data.source import Distribution
from ..data.stream import Stream

Trainer = Callable[[int], tuple[np.ndarray, float]]
K, B, GENERATOR_STEPS = len(POST_PROBABILITIES), 10, 10
RATE, TEMPERATURE, EPSILON = 0.0007, 0.001, 1e-8
CUMULATIVE = np.cumsum(POST_PROBABILITIES)


def compiled_epochs(runs: int, programs: int = 1, device: str = "CPU") -> Trainer:
    """This package: the compiled epoch by itself, in so many programs that share the runs."""
    import tensorflow as tf

    from ..training.build import build

    _check_device(device)
    parts = np.array_split(np.arange(runs), programs)
    with tf.device(device):
        gans = [build(Config(runs=len(part), seed=seed), K) for seed, part in enumerate(parts)]
    epochs = [tf.function(gan.train_step, jit_compile=True) for gan in gans]
    stream = Stream(Distribution(POST_PROBABILITIES), runs=runs)
    threads = ThreadPoolExecutor(programs)
    done = 0

    def train(batches: int) -> tuple[np.ndarray, float]:
        nonlocal done
        first, done = done, done + batches // stream.batches
        drawn = [np.array_split(stream.epoch(epoch), programs, axis=1) for epoch in range(first, done)]
        with tf.device(device):
            data = [[tf.constant(parts[number]) for parts in drawn] for number in range(programs)]

        def run(number: int) -> None:
            with tf.device(device):
                for integers in data[number]:
                    epochs[number](integers)

        start = time.perf_counter()
        list(threads.map(run, range(programs)))
        learned = np.concatenate([gan.generator.probabilities() for gan in gans])
        return learned, time.perf_counter() - start

    return train


def fit(runs: int, device: str = "CPU") -> Trainer:
    """This package as it is used: `fit`, with the stream and the recording of every epoch."""
    import tensorflow as tf

    from ..training.build import build
    from ..training.recorder import Recorder

    _check_device(device)
    with tf.device(device):
        gan = build(Config(runs=runs), K)
    stream = Stream(Distribution(POST_PROBABILITIES), runs=runs)
    done = 0

    def train(batches: int) -> tuple[np.ndarray, float]:
        nonlocal done
        epochs = max(batches // stream.batches, 3)
        recorder = Recorder(stream, epochs)
        first, done = done, done + epochs
        with tf.device(device):
            gan.fit(stream, initial_epoch=first, epochs=done, callbacks=[recorder], verbose=0)
        # The first epoch starts the stream, once a training; the others are what is timed.
        return recorder.learned, recorder.train_seconds / (epochs - 1) * batches / stream.batches

    return train


def _check_device(device: str) -> None:
    import tensorflow as tf

    if not tf.config.list_logical_devices(device):
        raise ImportError(f"TensorFlow finds no {device}")


def fit_per_batch(runs: int) -> Trainer:
    """Keras as it is mostly used: the same GAN, but a compiled batch a `train_step`."""
    from ..gan.epochs import dataset
    from ..training.build import build

    gan = build(Config(runs=runs), K)
    data = dataset(Stream(Distribution(POST_PROBABILITIES), runs=runs)).unbatch().batch(1)  # [1, R, B]
    gan.fit(data, epochs=1, steps_per_epoch=1, shuffle=False, verbose=0)  # compiles; one batch hardly matters

    def train(batches: int) -> tuple[np.ndarray, float]:
        start = time.perf_counter()
        gan.fit(data, epochs=1, steps_per_epoch=batches, shuffle=False, verbose=0)
        return gan.generator.probabilities(), time.perf_counter() - start

    return train


def session_run(runs: int) -> Trainer:
    """The post's program: TensorFlow 1, a graph, one `session.run` an optimizer step."""
    import tensorflow.compat.v1 as tf
    import tensorflow_probability as tfp

    def integers() -> Any:
        while True:
            yield np.random.choice(K, p=POST_PROBABILITIES, size=1)  # noqa: NPY002  (as in the post)

    graph = tf.Graph()
    with graph.as_default():
        data = tf.data.Dataset.from_generator(integers, tf.int32, [1]).batch(B)
        real = tf.one_hot(tf.squeeze(tf.data.make_one_shot_iterator(data).get_next(), 1), K)
        logits = tf.get_variable("logits", initializer=tf.ones([K]))
        kernel = tf.get_variable("kernel", [K, 1], initializer=tf.glorot_uniform_initializer())
        bias = tf.get_variable("bias", initializer=tf.zeros([1]))
        generated = tfp.distributions.RelaxedOneHotCategorical(TEMPERATURE, logits=logits).sample(B)

        def discriminate(x: Any) -> Any:
            return tf.matmul(x, kernel) + bias

        loss = tf.losses.sigmoid_cross_entropy
        discriminator_loss = loss(tf.ones([B, 1]), discriminate(real)) + loss(
            tf.zeros([B, 1]), discriminate(generated)
        )
        generator_loss = loss(tf.ones([B, 1]), discriminate(generated))
        adam = tf.train.AdamOptimizer
        train_discriminator = adam(RATE).minimize(discriminator_loss, var_list=[kernel, bias])
        train_generator = adam(RATE).minimize(generator_loss, var_list=[logits])
        learned = tf.nn.softmax(logits)[None]
        session = tf.Session(graph=graph)
        session.run(tf.global_variables_initializer())

    def train(batches: int) -> tuple[np.ndarray, float]:
        start = time.perf_counter()
        for _ in range(batches):
            session.run(train_discriminator)
            for _ in range(GENERATOR_STEPS):
                session.run(train_generator)
        return session.run(learned), time.perf_counter() - start

    return train


def vectorised_numpy(runs: int) -> Trainer:
    """NumPy, with gradients by hand and all runs at once."""
    random = np.random.default_rng(0)
    logits = np.ones((runs, K), np.float32)
    weights = np.zeros((runs, K + 1), np.float32)  # the kernel, and the bias
    weights[:, :K] = random.uniform(-1, 1, (runs, K))
    moments: dict[int, list[Any]] = {
        id(x): [0, np.zeros_like(x), np.zeros_like(x)] for x in (logits, weights)
    }

    def adam(values: np.ndarray, gradient: np.ndarray) -> None:
        moment = moments[id(values)]
        moment[0] += 1
        moment[1] += 0.1 * (gradient - moment[1])
        moment[2] += 0.001 * (gradient**2 - moment[2])
        rate = RATE * np.sqrt(1 - 0.999 ** moment[0]) / (1 - 0.9 ** moment[0])
        values -= (rate * moment[1] / (np.sqrt(moment[2]) + EPSILON)).astype(np.float32)

    def softmax(x: np.ndarray) -> np.ndarray:
        odds = np.exp(x - x.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)

    def sample() -> np.ndarray:
        uniform = np.maximum(random.random((runs, B, K), np.float32), np.float32(1e-30))
        return softmax((logits[:, None] - np.log(-np.log(uniform))) / TEMPERATURE)

    def slope(x: np.ndarray, real: bool) -> np.ndarray:
        """Of the loss in the log-odds, [R, B]."""
        odds = (weights[:, None, :K] * x).sum(-1) + weights[:, K:]
        return (1 / (1 + np.exp(-odds)) - real) / B

    def discriminator_step() -> None:
        real = np.eye(K, dtype=np.float32)[np.searchsorted(CUMULATIVE, random.random((runs, B)), "right")]
        gradient = np.zeros_like(weights)
        for x, label in ((real, True), (sample(), False)):
            slopes = slope(x, label)
            gradient[:, :K] += (slopes[..., None] * x).sum(1)
            gradient[:, K] += slopes.sum(1)
        adam(weights, gradient)

    def generator_step() -> None:
        x = sample()
        kernel = weights[:, None, :K]
        slopes = slope(x, True)[..., None] / TEMPERATURE
        adam(logits, (slopes * x * (kernel - (x * kernel).sum(-1, keepdims=True))).sum(1))

    def train(batches: int) -> tuple[np.ndarray, float]:
        start = time.perf_counter()
        for _ in range(batches):
            discriminator_step()
            for _ in range(GENERATOR_STEPS):
                generator_step()
        return softmax(logits), time.perf_counter() - start

    return train


def in_c(runs: int, name: str, threads: int = 1) -> Trainer:
    """A program of this room in C, with `cc -O3 -march=native -ffast-math`: scalar, or vectorised."""
    directory = tempfile.mkdtemp()
    program = os.path.join(directory, name)
    source = os.path.join(os.path.dirname(__file__), f"{name}.c")
    options = ["-O3", "-march=native", "-ffast-math", "-fopenmp"]
    try:
        subprocess.run(["cc", *options, source, "-o", program, "-lm"], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImportError(f"no C compiler ({error})") from None
    seed = 0

    def train(batches: int) -> tuple[np.ndarray, float]:
        nonlocal seed
        seed += 1  # every call begins anew
        options = [program, str(runs), str(batches), str(seed), str(threads)]
        printed = subprocess.run(options, check=True, capture_output=True, text=True).stdout.split()
        steps = runs * batches * (1 + GENERATOR_STEPS)
        return np.array(printed[:-1], float).reshape(runs, K), float(printed[-1]) * steps / 1e6

    return train


def jax_scan(runs: int, generator: str = "unsafe_rbg") -> Trainer:
    """JAX: `lax.scan` over a hundred batches, `vmap` over the runs; `generator` of random numbers."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    jax.config.update("jax_platforms", "cpu")

    def adam(values: Any, gradient: Any, moments: Any) -> Any:
        step, mean, square = moments
        step = step + 1
        mean = mean + 0.1 * (gradient - mean)
        square = square + 0.001 * (gradient**2 - square)
        rate = RATE * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        return values - rate * mean / (jnp.sqrt(square) + EPSILON), (step, mean, square)

    def sample(logits: Any, key: Any) -> Any:
        return jax.nn.softmax((logits + jax.random.gumbel(key, (B, K))) / TEMPERATURE)

    def discriminator_loss(weights: Any, real: Any, generated: Any) -> Any:
        of_real, of_generated = weights[real] + weights[K], generated @ weights[:K] + weights[K]
        return jnp.mean(jax.nn.softplus(-of_real) + jax.nn.softplus(of_generated))

    def generator_loss(logits: Any, weights: Any, key: Any) -> Any:
        return jnp.mean(jax.nn.softplus(-(sample(logits, key) @ weights[:K] + weights[K])))

    def generator_step(carry: Any, key: Any) -> Any:
        weights, logits, moments = carry
        logits, moments = adam(logits, jax.grad(generator_loss)(logits, weights, key), moments)
        return (weights, logits, moments), None

    def batch(carry: Any, key: Any) -> Any:
        weights, discriminator_moments, logits, generator_moments = carry
        keys = jax.random.split(key, 2 + GENERATOR_STEPS)
        real = jnp.searchsorted(jnp.asarray(CUMULATIVE), jax.random.uniform(keys[0], (B,)), side="right")
        gradient = jax.grad(discriminator_loss)(weights, real, sample(logits, keys[1]))
        weights, discriminator_moments = adam(weights, gradient, discriminator_moments)
        (_, logits, generator_moments), _ = lax.scan(
            generator_step, (weights, logits, generator_moments), keys[2:]
        )
        return (weights, discriminator_moments, logits, generator_moments), None

    def hundred(carry: Any, key: Any) -> Any:
        return lax.scan(batch, carry, jax.random.split(key, 100))[0]

    def fresh(key: Any) -> Any:
        kernel = jax.random.uniform(key, (K,), minval=-1.0)
        zeros = jnp.zeros(K + 1)
        return jnp.append(kernel, 0.0), (0.0, zeros, zeros), jnp.ones(K), (0.0, zeros[:K], zeros[:K])

    key = jax.random.key(0, impl=generator)
    epoch = jax.jit(jax.vmap(hundred) if runs > 1 else hundred)
    carry = jax.vmap(fresh)(jax.random.split(key, runs)) if runs > 1 else fresh(key)
    carry = jax.tree.map(jnp.asarray, carry)

    def train(batches: int) -> tuple[np.ndarray, float]:
        nonlocal carry, key
        start = time.perf_counter()
        for _ in range(batches // 100):
            key, one = jax.random.split(key)
            carry = epoch(carry, jax.random.split(one, runs) if runs > 1 else one)
        learned = np.asarray(jax.nn.softmax(carry[2]))
        return learned.reshape(runs, K), time.perf_counter() - start

    return train


def torch_steps(runs: int, compiled: bool = False) -> Trainer:
    """PyTorch: a Python loop over optimizer steps, eager or with the two losses under `torch.compile`."""
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # others would import TensorFlow, loudly
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    logits = torch.ones(runs, K, requires_grad=True)
    kernel = (2 * torch.rand(runs, K) - 1).requires_grad_()
    bias = torch.zeros(runs, requires_grad=True)
    discriminator_adam = torch.optim.Adam([kernel, bias], RATE, eps=EPSILON)
    generator_adam = torch.optim.Adam([logits], RATE, eps=EPSILON)
    cumulative = torch.tensor(CUMULATIVE, dtype=torch.float32)

    def sample() -> Any:
        uniform = torch.rand(runs, B, K).clamp(1e-30)
        return torch.softmax((logits[:, None] - torch.log(-torch.log(uniform))) / TEMPERATURE, -1)

    def judge(x: Any) -> Any:
        return (kernel[:, None] * x).sum(-1) + bias[:, None]

    def discriminator_loss() -> Any:
        integers = torch.searchsorted(cumulative, torch.rand(runs, B), right=True)
        real = functional.one_hot(integers, K).float()
        losses = functional.softplus(-judge(real)) + functional.softplus(judge(sample().detach()))
        return losses.mean(1).sum()

    def generator_loss() -> Any:
        return functional.softplus(-judge(sample())).mean(1).sum()

    if compiled:
        discriminator_loss, generator_loss = torch.compile(discriminator_loss), torch.compile(generator_loss)

    def step(loss: Any, adam: Any) -> None:
        adam.zero_grad()
        loss().backward()
        adam.step()

    def train(batches: int) -> tuple[np.ndarray, float]:
        start = time.perf_counter()
        for _ in range(batches):
            step(discriminator_loss, discriminator_adam)
            for _ in range(GENERATOR_STEPS):
                step(generator_loss, generator_adam)
        return torch.softmax(logits, -1).detach().numpy(), time.perf_counter() - start

    return train


CORES = os.cpu_count() or 1


class Peer(NamedTuple):
    """An implementation.

    Attributes:
        make: its trainer.
        label: what it is.
        runs: the numbers of runs it takes.
        batches: of one timing of one run.
        programs: of this package, which share the runs.
        device: on which it runs.
    """

    make: Callable[[int], Trainer]
    label: str
    runs: range
    batches: int
    programs: int = 1
    device: str = "CPU"


MOST_RUNS = 20_000
_ALL = range(1, MOST_RUNS + 1)
_MANY = range(16, MOST_RUNS + 1)
"""As many as a vector has numbers."""
_FOR_ALL_CORES = range(32 * CORES, MOST_RUNS + 1) if CORES > 1 else range(0)
PEERS = {
    "gumbel_gan": Peer(compiled_epochs, "this package, the compiled epoch", _ALL, 100_000),
    "gumbel_gan_cores": Peer(
        partial(compiled_epochs, programs=CORES),
        "this package, a compiled epoch per core",
        _FOR_ALL_CORES,
        100_000,
        CORES,
    ),
    "gumbel_gan_fit": Peer(fit, "this package, fit and its recording", _ALL, 100_000),
    "gumbel_gan_gpu": Peer(
        partial(compiled_epochs, device="GPU"),
        "this package, the compiled epoch",
        _ALL,
        100_000,
        device="GPU",
    ),
    "gumbel_gan_fit_gpu": Peer(
        partial(fit, device="GPU"), "this package, fit and its recording", _ALL, 100_000, device="GPU"
    ),
    "scalar_c": Peer(partial(in_c, name="scalar"), "C, scalar", _ALL, 10_000),
    "vectorised_c": Peer(
        partial(in_c, name="vectorised"), "C, vectorised by the compiler, one core", _MANY, 20_000
    ),
    "vectorised_c_cores": Peer(
        partial(in_c, name="vectorised", threads=CORES),
        "C, vectorised, a thread per core",
        _FOR_ALL_CORES,
        20_000,
    ),
    "numpy": Peer(vectorised_numpy, "NumPy, vectorised by hand", _ALL, 100),
    "jax_unsafe_rbg": Peer(jax_scan, "JAX, scan and vmap, unsafe_rbg", _ALL, 10_000),
    "jax_threefry": Peer(
        partial(jax_scan, generator="threefry2x32"), "JAX, scan and vmap, threefry", _ALL, 10_000
    ),
    "keras_per_batch": Peer(fit_per_batch, "Keras, fit with a batch per train_step", range(1, 2), 200),
    "torch_eager": Peer(torch_steps, "PyTorch, eager", range(1, 65), 20),
    "torch_compile": Peer(partial(torch_steps, compiled=True), "PyTorch, torch.compile", range(1, 65), 20),
    "tf1_session_run": Peer(session_run, "the post: TensorFlow 1, a session.run per step", range(1, 2), 60),
}
"""By name."""
