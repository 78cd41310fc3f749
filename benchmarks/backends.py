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
SMALL = {
    "dual_branch_gru": {"units": 64},
    "dual_branch_region": {"units": 64},
    "r3d18": {"filters": 16, "spatial_attention": True, "channel_attention": "map"},
    "r2plus1d18": {"filters": 16, "outline_mask": True, "channel_attention": "pooled"},
    "vgg16_transfer": {"units": 64, "frames": "mean"},
    "se_densenet3d": {"attention": "combined"},
}


def answer(name: str) -> np.ndarray:
    """Return (3, 4) probabilities of three clips by a network with weights from numpy."""
    rng = np.random.default_rng(7)
    flow = len(module(name).SMALLEST) == 3
    shape = (29, 28, 3) if flow else (7, 33, 32, 3)
    model = build_network(name, shape, 4, SMALL.get(name))
    model.set_weights([drawn(rng, w.path, w.shape) for w in model.weights])
    x = rng.normal(0, 1, (3, *shape)) if flow else rng.integers(0, 256, (3, *shape)) / 64
    return model.predict(x.astype(np.float32), verbose=0)


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

    found = {name: answer(name) for name in names()}
    if what == "write":
        np.savez(path, **found)
        return 0
    known, worst = np.load(path), 0.0
    print(f"{keras.backend.backend()}, keras {keras.version()}")
    for name, p in found.items():
        apart = float(np.abs(p - known[name]).max())
        worst = max(worst, apart)
        print(f"{name:20} {apart:.1e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
