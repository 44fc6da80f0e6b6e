"""What of an epoch of strings or rows is matrix products: counted in its program, and timed by themselves."""

import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Callable
from threading import Event
from typing import Any, NamedTuple

import numpy as np

from ..config.config import Config
from ..data.opening import open_source
from ..data.source import Source
from ..data.stream import Stream
from ..data.tabular import from_table
from ..quiet import loading
from ..results.written import recipe
from ..training.progress import CutShort

HEAD = re.compile(r"(ENTRY )?(%[\w.-]+) \(.*\{$")
DOT = re.compile(r" dot\((.*?)\), (.*)")
DIMENSIONS = re.compile(r"(lhs|rhs)_(batch|contracting)_dims=\{([\d,]*)\}")
CALLS = re.compile(r"(?:calls|to_apply|body)=(%[\w.-]+)")
TRIPS = re.compile(r"known_trip_count\D*(\d+)")
SECONDS = 0.3
"""For which a product is repeated."""


class Product(NamedTuple):
    """A matrix product, or a batch of them.

    Attributes:
        left: shape of the first factor.
        right: shape of the second.
        equation: how they are multiplied, as `einsum` has it.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    equation: str

    @property
    def operations(self) -> int:
        """Multiplications and additions."""
        of_left, of_right = self.equation.split("->")[0].split(",")
        sizes = dict(zip(of_left + of_right, self.left + self.right, strict=True))
        return 2 * int(np.prod(list(sizes.values())))


def measure(said: Callable[[str], Any] = print, stopping: Event | None = None) -> list[dict[str, Any]]:
    """Time an epoch of strings and one of rows, and their products alone.

    Args:
        said: is told every recipe's line.
        stopping: a flag that ends it early.

    Returns:
        Rows of products.csv.

    Raises:
        CutShort: the flag was set before it was done.
    """
    rows = []
    for name in ("grammar", "table"):
        if stopping is not None and stopping.is_set():
            raise CutShort
        with multiprocessing.get_context("spawn").Pool(1) as process:  # where XLA has its own defaults
            row = process.apply(_of_recipe, (name,))
        said(
            f"{name}: an epoch takes {row['epoch_seconds']:.2f} s, its {row['products']:,} matrix products "
            f"alone {row['products_seconds']:.2f} s ({row['gflop']:.0f} GFLOP): {row['ratio']:.2f} times; "
            f"compiled in {row['compile_seconds']:.0f} s"
        )
        rows.append(row)
    return rows


def _of_recipe(name: str) -> dict[str, Any]:
    """A row of products.csv; of the table with as many columns as `asia` has, drawn at random."""
    with loading():
        import tensorflow as tf

        from ..training.build import build_for

    config = recipe(name)
    source, training = _source(name, config), config.training
    stream = Stream(source, batches=training.batches, batch_size=training.batch_size, seed=0)
    gan = build_for(config, source)
    examples = tf.constant(stream.examples(0))
    found: Counter[Product] = Counter()
    for step, times in (
        (gan.discriminator_step, training.discriminator_steps),
        (gan.generator_step, training.generator_steps),
    ):
        text = tf.function(step, jit_compile=True).experimental_get_compiler_ir(examples[0])
        for product, count in products(text(stage="optimized_hlo"), stream.example_shape[0]).items():
            found[product] += count * times * training.batches
    epoch = tf.function(gan.train_step, jit_compile=True)
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        epoch(examples)["generator_loss"].numpy()
        taken.append(time.perf_counter() - start)
    whole = float(np.median(taken[1:]))
    alone = sum(count * seconds(product) for product, count in found.items())
    return {
        "recipe": name,
        "epoch_seconds": round(whole, 4),
        "products": sum(found.values()),
        "gflop": round(sum(count * product.operations for product, count in found.items()) / 1e9, 2),
        "products_seconds": round(alone, 4),
        "ratio": round(whole / alone, 3),
        "compile_seconds": round(taken[0] - whole, 1),
    }


def _source(name: str, config: Config) -> Source:
    if name != "table":
        return open_source(config.data)
    random = np.random.default_rng(0)
    return from_table({f"column {place}": random.integers(2, size=10_000) for place in range(8)})


def products(hlo: str, steps: int = 1) -> Counter[Product]:
    """The matrix products in the text of an XLA program, and how often each is carried out.

    A computation is carried out whenever another calls it; a loop's body, as often as the loop goes round.

    Args:
        hlo: the text.
        steps: of a loop that does not tell how often it goes round.
    """
    blocks: dict[str, list[str]] = {}
    entry = name = ""
    for line in hlo.splitlines():
        if (head := HEAD.match(line)) is not None:
            name = head[2]
            entry = name if head[1] else entry
        blocks.setdefault(name, []).append(line)

    def within(name: str) -> Counter[Product]:
        lines = blocks[name]
        shapes = {
            match[1]: tuple(int(size) for size in match[2].split(",") if size)
            for match in re.finditer(r"(%[\w.-]+) = f32\[([\d,]*)\]", "\n".join(lines))
        }
        found: Counter[Product] = Counter()
        for line in lines:
            if (match := DOT.search(line)) is not None:
                left, right = (shapes[factor] for factor in re.findall(r"%[\w.-]+", match[1]))
                given = {
                    key[:2]: [int(d) for d in key[2].split(",") if d] for key in DIMENSIONS.findall(match[2])
                }
                found[Product(left, right, _equation(left, right, given))] += 1
            for called in CALLS.findall(line):
                for product, count in within(called).items():
                    found[product] += count * trips(line)
        return found

    def trips(line: str) -> int:
        if " while(" not in line:
            return 1
        known = TRIPS.search(line)
        return int(known[1]) if known else steps

    return within(entry)


def _equation(left: tuple[int, ...], right: tuple[int, ...], given: dict[tuple[str, str], list[int]]) -> str:
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    of_left = [next(letters) for _ in left]
    of_right = [next(letters) for _ in right]
    shared: list[str] = []
    for kind in ("batch", "contracting"):
        for mine, other in zip(given.get(("lhs", kind), []), given.get(("rhs", kind), []), strict=True):
            of_right[other] = of_left[mine]
            shared += [of_left[mine]] if kind == "contracting" else []
    batch = [of_left[place] for place in given.get(("lhs", "batch"), [])]
    free = [one for one in (*of_left, *of_right) if one not in shared and one not in batch]
    return f"{''.join(of_left)},{''.join(of_right)}->{''.join([*batch, *free])}"


def seconds(product: Product) -> float:
    """What a product takes, repeated in a compiled loop by the same library."""
    import tensorflow as tf

    left, right = tf.ones(product.left), tf.ones(product.right)

    def timed(times: int) -> float:
        @tf.function(jit_compile=True)
        def repeated() -> tf.Tensor:
            total = tf.constant(0.0)
            for _ in tf.range(times):
                # Of the one before: what does not change is taken out of the loop.
                total = tf.reshape(tf.einsum(product.equation, left, right + total), (-1,))[0] * 1e-9
            return total

        repeated().numpy()
        start = time.perf_counter()
        repeated().numpy()
        return (time.perf_counter() - start) / times

    return timed(max(20, int(SECONDS / timed(20))))
