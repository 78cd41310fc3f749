"""Further cases, for `levels.py`: the default network, and what an emulated processor can do.

`python tests/golden/more_cases.py OUT.npz DRAWN.npz CASE [CASE ...]` writes arrays as `cases.py`
does and knows its cases too. DRAWN.npz holds the case "drawn face", which takes minutes in an
emulator; `-` draws it. TensorFlow fixes its number of threads once a process, so the cases of one
call must all train with the same number.
"""

import os
import sys
from collections.abc import Callable
from functools import cache

import cases
import head_truth
import numpy as np
from cases import CASES, CLASSES, TrainingData, make_method

from merflow.clip import ClipKey
from merflow.config.settings import Experiment, Training

DEFAULT = (10, 64, 64, 1)
"""What the default network sees of one clip: config/config.yaml."""


def default_data(clips: int) -> TrainingData:
    """Return clips of noise in the default shape."""
    rng = np.random.default_rng(11)
    keys = tuple(ClipKey("golden", f"{i // 3:02d}", f"c{i}") for i in range(clips))
    return TrainingData(
        rng.integers(0, 256, (clips, *DEFAULT)).astype(np.uint8), np.arange(clips) % 3, keys
    )


def fitted(data: TrainingData, epochs: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, probabilities of eight clips) of the default network, batches of 8."""
    training = Training(epochs=epochs, batch_size=8, threads=threads, device="cpu")
    experiment = Experiment(
        method="keras", network="cnn3d", preparation="any", collection="any", training=training
    )
    made = make_method(experiment, CLASSES, 0).fit(data)
    weights = [np.asarray(w).ravel() for w in made.model.get_weights()]
    return np.concatenate(weights), made.predict(data.x[:8], data.keys[:8])


@cache
def trained(clips: int, epochs: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, probabilities) of the default network in its default shape."""
    return fitted(default_data(clips), epochs, threads)


@cache
def small_step() -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, probabilities) of one step on the first eight clips of the golden fold."""
    data = cases.training_data().take(np.arange(8))
    return fitted(data, 1, 2)


def two_drawn() -> np.ndarray:
    """Return two frames of the demo's face, drawn here, (2, H, W, 3) uint8."""
    clip = head_truth.demo_clip(head_truth.HAPPY, frames=2)
    return np.stack(list(head_truth.render_clip(clip)))


def threads_used() -> np.ndarray:
    """Return (OpenCV's threads, cores this process may use)."""
    import cv2

    return np.array([cv2.getNumThreads(), len(os.sched_getaffinity(0))])


MORE: dict[str, Callable[[], np.ndarray]] = {
    "two drawn frames": two_drawn,
    "threads": threads_used,
    "small step weights": lambda: small_step()[0],
    "small step predictions": lambda: small_step()[1],
    "default step weights": lambda: trained(8, 1, 2)[0],
    "default step predictions": lambda: trained(8, 1, 2)[1],
}
for _threads in (1, 2, 4):
    MORE[f"training with {_threads}"] = lambda n=_threads: trained(24, 3, n)[0]
MORE |= {name: make for name, (_, make) in CASES.items()}


def main() -> None:
    """Write the arrays of the cases named."""
    out, drawn, *names = sys.argv[1:]
    if drawn != "-":
        with np.load(drawn) as saved:
            frames = saved["drawn face"]
        frames.flags.writeable = False
        draw = head_truth._drawn
        head_truth._drawn = lambda clip: frames if clip == cases.CLIP else draw(clip)
    np.savez(out, **{name: MORE[name]() for name in names})


if __name__ == "__main__":
    main()
