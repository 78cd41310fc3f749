"""One forward pass of every network on two backends, compared.

    python benchmarks/backends.py write answers.npz                     (with TensorFlow)
    KERAS_BACKEND=jax python benchmarks/backends.py check answers.npz   (in another environment)

Weights and clips come from numpy, so nothing but the backend differs. `check` prints the largest
difference of a probability for each network and fails above the tolerance.
"""

import sys
from pathlib import Path

import numpy as np

from merflow.networks import build_network, module, names

TOLERANCE = 1e-4
CLASSES = 4
SMALL = {
    "dual_branch_gru": {"units": 64},
    "dual_branch_region": {"units": 64},
    "r3d18": {"filters": 16, "spatial_attention": True, "channel_attention": "map"},
    "r2plus1d18": {"filters": 16, "outline_mask": True, "channel_attention": "pooled"},
    "vgg16_transfer": {"units": 64, "frames": "mean"},
    "se_densenet3d": {"attention": "combined"},
}


def answer(name: str, softer: float) -> np.ndarray:
    """Return (3, 4) probabilities of three clips; `softer` multiplies the last layer's weights."""
    rng = np.random.default_rng(7)
    flow = len(module(name).SMALLEST) == 3
    shape = (29, 28, 3) if flow else (7, 33, 32, 3)
    model = build_network(name, shape, CLASSES, SMALL.get(name))
    values = [drawn(rng, w.path, w.shape) for w in model.weights]
    values = [v * softer if v.shape[-1:] == (CLASSES,) else v for v in values]
    model.set_weights(values)
    x = rng.normal(0, 1, (3, *shape)) if flow else rng.integers(0, 256, (3, *shape)) / 64
    return model.predict(x.astype(np.float32), verbose=0)


def telling(name: str) -> tuple[np.ndarray, float]:
    """Return an answer that is not all 0 and 1, which would agree whatever came before it."""
    softer = 1.0
    for _ in range(40):
        p = answer(name, softer)
        if p.max() < 0.9 or name == "joshi_2dcnn_vote":  # Votes are shares of frames.
            break
        softer /= 4
    return p, softer


def drawn(rng: np.random.Generator, path: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return one weight: spread by its fan-in, variances above zero, seeds as they must be."""
    if "seed" in path:
        return np.zeros(shape, np.uint32)
    if "variance" in path or "gamma" in path:
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    fan_in = max(1, int(np.prod(shape[:-1])))
    return (rng.normal(0, 1, shape) * np.sqrt(2 / fan_in)).astype(np.float32)


def main(what: str, path: Path) -> int:
    """Write the answers of this backend, or compare them with those written before."""
    import keras

    if what == "write":
        found = {name: telling(name) for name in names()}
        np.savez(path, **{name: p for name, (p, _) in found.items()})
        np.savez(path.with_suffix(".softer.npz"), **{name: s for name, (_, s) in found.items()})
        return 0
    known, softer, worst = np.load(path), np.load(path.with_suffix(".softer.npz")), 0.0
    print(f"{keras.backend.backend()}, keras {keras.version()}")
    for name in names():
        apart = float(np.abs(answer(name, float(softer[name])) - known[name]).max())
        worst = max(worst, apart)
        print(f"{name:20} {apart:.1e}", flush=True)
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
