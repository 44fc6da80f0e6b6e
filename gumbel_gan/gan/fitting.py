"""How Keras trains a GAN: an epoch is one call of one program, and data are what a Keras user has."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count, check_part
from .epochs import Wanted, comes_in_pieces, evaluated_batches, is_stream, one_batch, training_epochs
from .optimizers import BothOptimizers
from .packed import Packed
from .serialization import in_float32

LOGGED = ("discriminator_loss", "generator_loss")


class EpochModel(keras.Model):
    """A Keras model whose `train_step` is a whole epoch of a generator against a discriminator.

    Attributes:
        generator: of categories, or of sequences of them.
        discriminator: which tells real from generated.
        estimator: of the generator's gradient.
        generated_per_real: samples for each real example.
        seed: of all that is random.
        run_metrics: what `train_step` returned for the last epoch, arrays [R]; `fit` logs the losses' means.
        recorded: what the variables that `to_record` names held after the last epoch, arrays.
        begins_next: whether the next epoch begins before callbacks are told of this one. They find this
            one's `run_metrics` and `recorded`, and networks that have gone on.
        evaluated: elements that were evaluated before this one, by which its noise differs from theirs.
    """

    generator: Any
    discriminator: Any
    estimator: Any
    generated_per_real: int
    seed: int
    run_metrics: Mapping[str, np.ndarray] = {}
    recorded: Sequence[np.ndarray] = ()
    begins_next: bool = False
    _names: tuple[str, ...] = ()
    _epoch: Any = None
    _evaluation: Any = None
    _begun: "Future[tf.Tensor] | None" = None
    _tested: tuple[tuple[int, dict[str, float]], ...] = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**in_float32(kwargs))

    @property
    def metrics(self) -> list[Any]:
        """No metrics of Keras' own: `train_step` returns an epoch's means."""
        return []

    def compile(
        self,
        generator_optimizer: str | keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: str | keras.optimizers.Optimizer | None = None,
        **kwargs: Any,
    ) -> None:
        """Give each network an optimizer of its own; the epoch is compiled by XLA unless told otherwise.

        `optimizer` is both of them as callbacks see one: its learning rate is the generator's, and setting
        it moves the discriminator's by the same factor.
        """
        if generator_optimizer is None or discriminator_optimizer is None or "optimizer" in kwargs:
            raise ValueError(
                "optimizer: received none for one of the networks: give generator_optimizer and "
                "discriminator_optimizer"
            )
        # Keras' "auto" would leave XLA off on a CPU.
        super().compile(**{"jit_compile": not kwargs.get("run_eagerly"), "optimizer": None, **kwargs})
        self._packed = Packed()
        self._epoch, self._evaluation = self._recorded_epoch, self.test_step
        if not self.run_eagerly:
            self._epoch = tf.function(self._recorded_epoch, jit_compile=self.jit_compile)
            self._evaluation = tf.function(self.test_step, jit_compile=self.jit_compile)
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.evaluated = tf.Variable(0, trainable=False)
        self.optimizer = BothOptimizers(self.generator_optimizer, self.discriminator_optimizer)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        *,
        shuffle: bool = True,
        validation_split: float = 0.0,
        validation_data: Any = None,
        validation_batch_size: int | None = None,
        validation_steps: int | None = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        **options: Any,
    ) -> Any:
        """As Keras' `fit`, of integers 0 to K - 1. Batches become epochs inside, and an epoch one program.

        Examples are integers, or sequences of T of them for a generator of sequences. Every run gets the same
        ones, unless a `Stream` draws others for each. Batches have one size: a batch goes on into the next
        pass over finite data, so that nothing is left out.

        Args:
            x: examples in an array or a list; a `tf.data.Dataset`, a generator or a `PyDataset` of examples,
                of batches [B] or of whole epochs [N, R, B]; or a `Stream`.
            y: nothing; there are no labels.
            batch_size: of examples that come one by one, by default 32.
            epochs: after which it ends.
            shuffle: whether to shuffle an array, anew in every pass.
            validation_split: the part of an array, its last, to evaluate after every epoch.
            validation_data: data to evaluate, as `x`.
            validation_batch_size: of examples to evaluate.
            validation_steps: elements to evaluate, which data without end need.
            initial_epoch: with which it begins.
            steps_per_epoch: batches in an epoch, by default as many as a pass has; data without end need it.
                Of whole epochs: how many of them are one of Keras' own, by default all; of a `Stream` one.
            options: `verbose`, `callbacks`, `validation_freq`, as in Keras.

        Returns:
            Keras' history: `discriminator_loss`, `generator_loss` and their sum `loss`, the last
            epoch's means over the runs; with validation also `val_log_likelihood`.

        Raises:
            ValueError: one line, on data that will not do.

        Example:
            >>> import keras
            >>> import gumbel_gan as gg
            >>> networks = gg.CategoricalGenerator(2), gg.LogisticDiscriminator(2, seed=0)
            >>> gan = gg.CategoricalGAN(*networks, seed=0)
            >>> gan.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
            >>> history = gan.fit([0, 1, 1, 1, 1] * 40, epochs=3, verbose=0)
            >>> {name: len(losses) for name, losses in history.history.items()}
            {'discriminator_loss': 3, 'generator_loss': 3, 'loss': 3}
        """
        weights = {name: options.pop(name, None) for name in ("sample_weight", "class_weight")}
        _check_no_labels(y=y, **weights)
        if validation_split and validation_data is None:
            check_part("validation_split", validation_split)
            if comes_in_pieces(x) or is_stream(x):
                raise ValueError(
                    "validation_split: received for data that are no array: give validation_data"
                )
            split = int(len(x) * (1 - validation_split))
            x, validation_data = x[:split], x[split:]
        wanted = self._wanted
        check_count("initial_epoch", initial_epoch, least=0)
        trained = training_epochs(
            x, wanted, batch_size, steps_per_epoch, shuffle,
            lambda: self._initial_epoch or initial_epoch,  # a callback may go on from a later one
        )  # fmt: skip
        evaluated = trained
        if hasattr(validation_data, "__next__") and validation_steps is None:
            raise ValueError("validation_steps: missing for a generator: give how many elements to evaluate")
        if validation_data is not None:
            evaluated = evaluated_batches(validation_data, wanted, validation_batch_size, validation_steps)
            options["validation_data"] = evaluated.dataset
        with trained.explained(), evaluated.explained(), warnings.catch_warnings():
            if trained.endless:  # so it is what is evaluated that ends, and that may
                warnings.filterwarnings("ignore", message=".*input ran out of data")
            try:
                return super().fit(
                    trained.dataset,
                    epochs=epochs,
                    shuffle=False,  # or Keras warns that it cannot
                    initial_epoch=initial_epoch,
                    steps_per_epoch=trained.steps,
                    **options,
                )
            finally:
                self.wait()

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        **options: Any,
    ) -> Any:
        """As Keras' `evaluate`: the means over all examples and runs, nothing trained.

        Args:
            x: as in `fit`.
            y: nothing; there are no labels.
            batch_size: of examples that come one by one.
            verbose: as in Keras.
            steps: elements to evaluate, which data without end need; of a `Stream` epochs, by default one.
            options: `callbacks`, `return_dict`, as in Keras.

        Returns:
            The losses of both networks, their sum, and the log-likelihood of an example under the generator,
            in nats; by name with `return_dict=True`, or else in the order discriminator_loss, generator_loss,
            log_likelihood, loss.

        Raises:
            ValueError: one line, on data that will not do.
        """
        _check_no_labels(y=y, sample_weight=options.pop("sample_weight", None))
        if options.get("_use_cached_eval_dataset"):  # as `fit` calls it
            return super().evaluate(x, verbose=verbose, **options)
        elements = evaluated_batches(x, self._wanted, batch_size, steps)
        with elements.explained(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*input ran out of data")  # it may: it was not counted
            return super().evaluate(elements.dataset, verbose=verbose, **options)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Train on a batch of integers [B], the same for every run, or on an epoch of them, [N, R, B].

        Returns:
            As Keras: the losses by name with `return_dict=True`, or else in their order.
        """
        _check_no_labels(y=y, sample_weight=sample_weight, class_weight=class_weight)
        self._assert_compile_called("train_on_batch")
        self.make_train_function()
        logs = self.train_function(iter([one_batch(x, self._wanted)]))
        return logs if return_dict else list(logs.values())

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Evaluate a batch of integers [B] or an epoch of them, [N, R, B], as `evaluate`."""
        _check_no_labels(y=y, sample_weight=sample_weight)
        return self.evaluate(
            tf.data.Dataset.from_tensors(one_batch(x, self._wanted)), verbose=0, return_dict=return_dict
        )

    def predict(self, *arguments: Any, **options: Any) -> Any:
        """Nothing: a GAN predicts no labels.

        Raises:
            NotImplementedError: always; the message says what to call.
        """
        raise NotImplementedError(
            "predict: a GAN has no labels to predict: call gan(x) for the discriminator's log-odds of real, "
            "gan.generator.sample(n, seed) for samples, gan.generator.probabilities() for what was learned"
        )

    predict_on_batch = predict

    @property
    def _wanted(self) -> Wanted:
        generator = self.generator
        return Wanted(generator.runs, generator.categories, generator.example_shape, self.seed)

    def to_record(self) -> Sequence[tf.Tensor]:
        """What else is to be known after every epoch, to come back with its metrics."""
        return ()

    def _recorded_epoch(self, data: tf.Tensor) -> tf.Tensor:
        """`train_step`, with its metrics and what else is recorded of the epoch in one vector."""
        metrics = self.train_step(data)
        self._names = tuple(metrics)
        return self._packed.pack([*metrics.values(), *self.to_record()])

    def make_train_function(self, force: bool = False) -> None:
        """Make what `fit` calls for an epoch, whatever `steps_per_execution` says.

        It calls the compiled epoch itself, where Keras' own would put two more functions around it, and
        `tf.function` would look for the program anew.
        """
        programs: dict[Any, Any] = {}  # by the shape of the examples
        thread = ThreadPoolExecutor(1)  # begins when it is first needed

        def begin(epochs: Iterator[tf.Tensor]) -> tf.Tensor:
            examples = next(epochs)
            self._check_examples(examples)
            shape = examples.shape
            if shape not in programs:
                programs[shape] = self._program(examples)
            return programs[shape](examples)

        def begin_there(epochs: Iterator[tf.Tensor]) -> tf.Tensor:
            with tf.device(self.generator.weights[0].value.device):  # which is a thread's own
                return begin(epochs)

        def train(epochs: Iterator[tf.Tensor]) -> dict[str, float]:
            begun = begin(epochs) if self._begun is None else self._begun.result()
            # A thread of its own: to begin an epoch takes as long as to run it, but for its end.
            self.__dict__["_begun"] = thread.submit(begin_there, epochs) if self.begins_next else None
            arrays = self._packed.unpack(begun.numpy())
            metrics = dict(zip(self._names, arrays, strict=False))
            # Past Keras, which would look through what is set for something to save.
            self.__dict__.update(run_metrics=metrics, recorded=arrays[len(metrics) :])
            losses = {name: metrics[name].mean() for name in LOGGED}
            return {**losses, "loss": sum(losses.values())}  # a name that callbacks look for

        self.train_function = train

    def wait(self) -> None:
        """Wait for an epoch that has begun, and begin no other one before its time."""
        if self._begun is not None:
            wait([self._begun])
        self.__dict__.update(_begun=None, begins_next=False)

    def _program(self, examples: tf.Tensor) -> Any:
        """The epoch's program for examples of a shape."""
        find = getattr(self._epoch, "get_concrete_function", None)  # none where it runs eagerly
        return self._epoch if find is None else find(examples)

    def make_test_function(self, force: bool = False) -> None:
        """Make what `evaluate` calls for an element: the means over all elements until now."""

        def test(batches: Iterator[tf.Tensor]) -> dict[str, float]:
            examples = next(batches)
            self._check_examples(examples, enough=1)
            self.evaluated.assign(len(self._tested))
            found = {name: values.numpy().mean() for name, values in self._evaluation(examples).items()}
            self._tested += ((examples.shape[0] * examples.shape[2], found),)
            sizes, of_elements = zip(*self._tested, strict=True)
            means = {name: np.average([one[name] for one in of_elements], weights=sizes) for name in found}
            return {**means, "loss": sum(means[name] for name in LOGGED)}

        self.test_function = test

    def reset_metrics(self) -> None:
        """Begin to evaluate anew."""
        self.__dict__["_tested"] = ()  # past Keras, as above

    def get_metrics_result(self) -> dict[str, Any]:
        """None: what `train_step` returns is what there is."""
        return {}

    def _check_examples(self, examples: Any, enough: int | None = None) -> None:
        """Check the shape of an epoch of examples; that none is out of range was seen as it was made.

        Args:
            examples: int32 [N, R, B, ...].
            enough: samples that will do; by default those that the estimator needs.

        Raises:
            ValueError: it is of another shape or type.
        """
        shape = tuple(getattr(examples, "shape", ()))
        whole = getattr(getattr(examples, "dtype", None), "is_integer", False)
        wanted = self._wanted
        if (
            not whole
            or len(shape) < 3
            or 0 in shape
            or (shape[1], *shape[3:]) != (wanted.runs, *wanted.example)
        ):
            raise wanted.no_epoch(examples)
        samples = self.generated_per_real * shape[2]
        needed = self.estimator.smallest_batch if enough is None else enough
        if samples < needed:
            raise ValueError(
                f"data: received batches of {shape[2]}, and {type(self.estimator).__name__} needs "
                f"{needed} samples: give larger ones"
            )

    @property
    def traces(self) -> int:
        """How often the epoch was traced; more than once means that something in it was baked in."""
        count = getattr(self._epoch, "experimental_get_tracing_count", None)  # none where it runs eagerly
        return 0 if count is None else int(count())


def _check_no_labels(**given: Any) -> None:
    """Check that there are no labels and no weights.

    Raises:
        ValueError: there are.
    """
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name}: received one for a GAN, which has no labels or weights: leave it out")
