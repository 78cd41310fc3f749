"""What every stage and one fold make of fixed input: the arrays that the golden digests stand for.

Every case has an input of its own that no other stage made, the drawn face apart, so a difference
shows in the stage that makes it. `python tests/golden/cases.py OUT.npz [CASE ...]` writes them.
"""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import merflow  # noqa: F401 - first: it fixes the arithmetic level

# isort: split
import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "benchmarks")]

from head_truth import HAPPY, Truth, arrays_of, demo_clip  # noqa: E402

from merflow.clip import Clip, ClipArrays, ClipKey  # noqa: E402
from merflow.config.settings import (  # noqa: E402
    Align,
    Crop,
    Experiment,
    Flow,
    Magnify,
    Preparation,
    Select,
    Training,
)
from merflow.io.images import read_frames  # noqa: E402
from merflow.models.factory import TrainingData, make_method  # noqa: E402
from merflow.models.svm_features import bi_woof as flow_features  # noqa: E402
from merflow.models.svm_features import lbp_top as lbp_features  # noqa: E402
from merflow.stages.align import align_clip  # noqa: E402
from merflow.stages.crop import crop_clip  # noqa: E402
from merflow.stages.flow import flow_image  # noqa: E402
from merflow.stages.interpolate import interpolate_clip  # noqa: E402
from merflow.stages.magnify import magnify_clip  # noqa: E402
from merflow.stages.network_input import prepare_clip  # noqa: E402
from merflow.stages.select import select_clip  # noqa: E402
from merflow.workflow.face_finder import load_finder  # noqa: E402

CLIP = demo_clip(HAPPY, frames=14)
FACE = np.array([(1.3, 0), (0.7, 0), (-1.3, 0), (-0.7, 0), (0, 1.1)])
"""dlib's five landmarks of a drawn face, in half eye distances from the eyes' middle."""
CLASSES = ("negative", "positive", "surprise")


def drawn() -> np.ndarray:
    """Return the frames of the demo's face, (T, H, W, 3) uint8."""
    return arrays_of(CLIP).frames


def video(name: str) -> np.ndarray:
    """Return the decoded frames of a committed video of moving textures, (T, H, W, 3) uint8."""
    key = ClipKey("golden", "01", name)
    return np.asarray(read_frames(Clip(key, str(HERE), (name,), (), 25.0, "")))


def aligned() -> np.ndarray:
    """Return the aligned frames: detection, landmarks and drift included."""
    return align_clip(arrays_of(CLIP), Align(), load_finder(5)).frames


@cache
def cropped() -> ClipArrays:
    """Return the clip cropped by its true landmarks, without alignment."""
    landmarks = Truth(CLIP).at(FACE, 0).astype(np.float32)
    return crop_clip(arrays_of(CLIP, landmarks=landmarks), Crop(working_size=96))


def magnified(method: str) -> np.ndarray:
    """Return the cropped frames magnified x10."""
    return magnify_clip(cropped(), Magnify(method=method), 10.0).frames


def selected() -> np.ndarray:
    """Return the nine frames round an apex that is found, not annotated."""
    clip = ClipArrays(
        **{name: getattr(cropped(), name) for name in cropped().__slots__} | {"apex": None}
    )
    return select_clip(clip, Select(frames="apex-nine")).frames


def interpolated() -> np.ndarray:
    """Return what a network sees of the clip."""
    return prepare_clip(cropped(), Preparation(), interpolate_clip).frames


def flow() -> np.ndarray:
    """Return the flow picture, (H, W, 3) float16."""
    return flow_image(cropped(), Flow())


def features() -> np.ndarray:
    """Return the hand-made features of noise, (n,) float: frames and flow that no stage made."""
    rng = np.random.default_rng(5)
    frames = rng.integers(0, 256, (1, 10, 64, 64, 1)).astype(np.uint8)
    motion = (rng.integers(-99, 100, (1, 28, 28, 3)) / 64).astype(np.float16)
    found = lbp_features(frames, 5, (1, 1, 4)), flow_features(motion, 5, 8)
    return np.concatenate([values.ravel() for values in found])


def training_data() -> TrainingData:
    """Return 24 clips of noise whose brightness tells their class."""
    rng = np.random.default_rng(7)
    y = np.arange(24) % 3
    x = rng.integers(0, 200, (24, 6, 32, 32, 1)) + 20 * y[:, None, None, None, None]
    keys = tuple(ClipKey("golden", f"{i // 3:02d}", f"c{i}") for i in range(24))
    return TrainingData(x.astype(np.uint8), y, keys)


@cache
def fold(method: str, network: str = "cnn3d") -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, probabilities) of one fold: two threads, two passes."""
    training = Training(epochs=2, batch_size=8, threads=2, device="cpu")
    experiment = Experiment(
        method=method,
        network=network,
        preparation="any",
        collection="any",
        training=training,
    )
    data = training_data()
    fitted = make_method(experiment, CLASSES, 1).fit(data)
    if method == "keras":
        weights = [np.asarray(w).ravel() for w in fitted.model.get_weights()]
    else:
        weights = [fitted.arrays[name].ravel() for name in sorted(fitted.arrays)]
    return np.concatenate(weights), fitted.predict(data.x, data.keys)


CASES: dict[str, tuple[str, Callable[[], np.ndarray]]] = {
    "drawn face": ("", drawn),
    "video mjpg": ("", lambda: video("moving.avi")),
    "video mpeg4": ("", lambda: video("moving.mp4")),
    "align": ("align", aligned),
    "crop": ("crop", lambda: cropped().frames),
    "magnify phase": ("magnify", lambda: magnified("phase")),
    "magnify linear": ("magnify", lambda: magnified("linear")),
    "magnify lagrangian": ("magnify", lambda: magnified("lagrangian")),
    "select": ("select", selected),
    "interpolate": ("interpolate", interpolated),
    "flow": ("flow", flow),
    "features": ("train", features),
    "svm weights": ("train", lambda: fold("lbptop_svm")[0]),
    "fold weights": ("train", lambda: fold("keras")[0]),
    "fold predictions": ("train", lambda: fold("keras")[1]),
}
"""In the order of the workflow: the stage whose version covers a case, and what makes it."""
STAGE_CASES = [name for name, (stage, _) in CASES.items() if stage not in ("", "train")]


def main() -> None:
    """Write the arrays of some cases, of all when none is named."""
    names = sys.argv[2:] or list(CASES)
    np.savez(sys.argv[1], **{name: CASES[name][1]() for name in names})


if __name__ == "__main__":
    main()
