"""Whether two commits compile the same programs: `python tests/compare_programs.py BEFORE AFTER`.

Each commit is checked out beside the others, and the epoch's HLO text, as TensorFlow hands it to XLA, is
written for many settings. Metadata (names of files, lines and operations) is stripped. What differs is named;
the exit status is 1 if anything does. A restructuring must not change a program.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FEW = {"training": {"batches": 4}}


def settings() -> dict[str, dict]:
    """Settings of a training by name, as YAML would give them."""
    chosen: dict[str, dict] = {f"{runs} runs": {"runs": runs} for runs in (1, 64, 1024)}
    chosen["diagnostics"] = {"diagnostics": True}
    chosen["diagnostics, 64 runs"] = {"diagnostics": True, "runs": 64}
    chosen["diagnostics, rloo, r1, perceptron"] = {
        "diagnostics": True, "runs": 2, "generator": {"estimator": "rloo"},
        "discriminator": {"kind": "mlp", "r1": 1.0},
    }  # fmt: skip
    for estimator in (
        "gumbel_softmax", "exact", "reinforce", "rloo", "straight_through", "st_gumbel_softmax", "gumbel_rao",
        "gapped_straight_through", "reinmax", "rebar", "relax",
    ):  # fmt: skip
        for runs in (3, 64):
            chosen[f"{estimator}, {runs} runs"] = {"runs": runs, "generator": {"estimator": estimator}}
    for loss in ("non_saturating", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"):
        for view in ("soft", "hard", "exact"):
            chosen[f"{loss}, {view} view"] = {
                "runs": 2, "discriminator": {"view": view, "kind": "mlp"}, "training": {"loss": loss},
            }  # fmt: skip
    for smoothing in ("label", "noise", "relaxed"):
        chosen[f"smoothing {smoothing}"] = {"data": {"smoothing": smoothing}, "temperature": 1.0}
    for penalty in ({"r1": 1.0}, {"gradient_penalty": 1.0}, {"label_smoothing": 0.1}, {"weight_decay": 0.1}):
        chosen[f"penalty {next(iter(penalty))}"] = {"runs": 2, "discriminator": {"kind": "mlp", **penalty}}
    for kind in ("logistic", "mlp"):
        chosen[f"spectral norm, {kind}"] = {"runs": 2, "discriminator": {"kind": kind, "spectral_norm": True}}
    for schedule in ("linear", "exponential", "cosine", "inverse", "inverse_time", "late"):
        chosen[f"annealing {schedule}"] = {"temperature": 1.0, "annealing": {"schedule": schedule}}
        chosen[f"rate {schedule}"] = {"generator": {"schedule": schedule}}
    chosen["natural gradient, average of weights"] = {"generator": {"optimizer": "natural", "ema": 0.9}}
    chosen["many categories"] = {
        "data": {"law": "zipf", "categories": 100}, "generator": {"estimator": "exact"},
        "discriminator": {"view": "exact"},
    }  # fmt: skip
    chosen["several steps and samples"] = {"training": {"discriminator_steps": 2, "generated_per_real": 3}}
    return chosen


def write(directory: Path, only: str) -> None:
    """Write the programs of the package that can be imported here."""
    import keras
    import tensorflow as tf

    import gumbel_gan as gg

    for name, given in settings().items():
        if only not in name:
            continue
        parts = {"data": gg.Data, "generator": gg.Generator, "discriminator": gg.Discriminator,
                 "training": gg.Training, "annealing": gg.Annealing}  # fmt: skip
        given = {"seed": 0, **given, "training": {**FEW["training"], **given.get("training", {})}}
        config = gg.Config(
            **{key: parts[key](**value) if key in parts else value for key, value in given.items()}
        )
        categories = config.data.categories or 5
        keras.backend.clear_session()
        gan = gg.build(config, categories)
        data = tf.zeros((4, config.runs, config.training.batch_size), tf.int32)
        epoch = tf.function(gan.train_step, jit_compile=True)
        text = epoch.experimental_get_compiler_ir(data)(stage="hlo")
        (directory / f"{name}.txt").write_text(stripped(text))


def stripped(text: str) -> str:
    """The text without metadata, and with numbers instead of names that count the functions of a process."""
    text = re.sub(r", metadata=\{[^}]*\}", "", text)
    text = re.sub(r"(?<=HloModule )\S+", "epoch", text)
    numbers: dict[str, str] = {}
    for name in re.findall(r"%?[A-Za-z_][\w.\-]*_\d+(?:__)?[\w.\-]*", text):
        numbers.setdefault(name, f"name{len(numbers)}")
    return re.sub(r"%?[A-Za-z_][\w.\-]*_\d+(?:__)?[\w.\-]*", lambda match: numbers[match[0]], text)


def main(before: str, after: str, only: str = "") -> int:
    """Write both, compare; the exit status."""
    with tempfile.TemporaryDirectory() as place:
        for commit in (before, after):
            tree, out = Path(place) / f"tree-{commit}", Path(place) / commit
            out.mkdir()
            subprocess.run(
                ["git", "worktree", "add", "--detach", str(tree), commit], check=True, capture_output=True
            )
            try:
                run = [sys.executable, str(Path(__file__).resolve()), "--write", str(out), only]
                subprocess.run(run, check=True, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)})
            finally:
                subprocess.run(["git", "worktree", "remove", "--force", str(tree)], check=True)
        names = sorted(path.name for path in (Path(place) / before).iterdir())
        differ = [
            name for name in names
            if (Path(place) / before / name).read_text() != (Path(place) / after / name).read_text()
        ]  # fmt: skip
        print(f"{len(names)} programs, {len(names) - len(differ)} the same", *differ, sep="\n")
    return bool(differ) or not names


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(Path(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(main(*sys.argv[1:]))
