"""Features of clips from a frozen network: one vector for each clip, and of that clip alone.

The network never sees two clips at once and has no memory, so no clip changes the features of
another. That is why they are stored and serve every fold.
"""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np

from merflow import arithmetic
from merflow.config.feature_settings import IMAGE, VIDEO, VideoFeatures
from merflow.config.settings import Training
from merflow.errors import FAILED, MerflowError
from merflow.io.files import atomic, digest
from merflow.models import backbone_file
from merflow.models.backbone_file import Backbone
from merflow.models.svm_features import LUMA
from merflow.stages.flow_picture import flow_picture
from merflow.versions import version_of

LIBRARIES = ("numpy", "opencv-python", "keras", "tensorflow", "onnxruntime")
VERSION = 1
"""Higher when the same clip and settings give other features."""


def features(training: Training, x: np.ndarray, device: str) -> np.ndarray:
    """Return (N, F) float32 features of clips x: frames (N, T, H, W, C) uint8, or (N, H, W, 3).

    Flow is taken as one 8-bit picture; device: what the network runs on. Features of clips seen
    before come from a folder of this user in the temporary folder.
    """
    settings = training.features
    stored = _stored(settings, training.threads, device)
    names = [stored / f"{hashlib.sha256(np.ascontiguousarray(clip)).hexdigest()}.npy" for clip in x]
    found = [_read(name) for name in names]
    if any(one is None for one in found):
        run = backbone_file.open_backbone(settings, training.threads)
        for row, (clip, name) in enumerate(zip(x, names, strict=True)):
            if found[row] is None:
                found[row] = clip_features(run, settings, clip)
                _write(name, found[row])
    return np.stack(found)


def clip_features(run: Backbone, settings: VideoFeatures, clip: np.ndarray) -> np.ndarray:
    """Return the (F,) float32 features of one clip: the mean over its tokens, or its pictures."""
    rows = [_vector(run(one[None]), settings) for one in inputs(clip, settings)]
    found = np.mean(rows, axis=0, dtype=np.float64).astype(np.float32)
    if not np.isfinite(found).all():
        raise MerflowError(
            settings.file,
            "its features are not finite for a clip",
            "mean and deviation of training.features as the network needs them",
            code=FAILED,
        )
    return found


def inputs(clip: np.ndarray, settings: VideoFeatures) -> list[np.ndarray]:
    """Return the inputs of one clip, float32: one video, or pictures, in the network's layout."""
    frames = flow_picture(clip)[None] if clip.ndim == 3 else clip
    video = settings.layout in VIDEO
    count = settings.frames if video else min(settings.frames, len(frames))
    at = np.rint(np.linspace(0, len(frames) - 1, count)).astype(int)
    x = np.stack([_picture(frame, settings) for frame in frames[at]])
    if video:
        return [np.ascontiguousarray(x.transpose(VIDEO[settings.layout]))]
    return [np.ascontiguousarray(frame.transpose(IMAGE[settings.layout])) for frame in x]


def _picture(frame: np.ndarray, settings: VideoFeatures) -> np.ndarray:
    """Return a frame, (H, W, 1 or 3) uint8, as (size, size, C) float32."""
    side, grey = settings.size, settings.channels == "grey"
    resized = cv2.resize(frame.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    resized = resized.reshape(side, side, -1)
    if grey and resized.shape[-1] == 3:
        resized = (resized @ LUMA)[..., None]
    mean = np.array(settings.mean[:1] if grey else settings.mean, np.float32)
    deviation = np.array(settings.deviation[:1] if grey else settings.deviation, np.float32)
    scaled = (resized / np.float32(255) - mean) / deviation
    return scaled[..., ::-1] if settings.channels == "bgr" else scaled


def _vector(output: np.ndarray, settings: VideoFeatures) -> np.ndarray:
    """Return the features of an output (1, ...): the mean over all axes but theirs."""
    if output.ndim < 2 or len(output) != 1:
        raise MerflowError(
            settings.file,
            f"gives an output of shape {output.shape} for one clip",
            "(1, features), or (1, ..., features)",
            "name another output in training.features.output",
        )
    one = output[0].astype(np.float64)
    axis = 0 if settings.feature_axis == "first" else one.ndim - 1
    return one.mean(tuple(i for i in range(one.ndim) if i != axis))


# Stored features


def _stored(settings: VideoFeatures, threads: int, device: str) -> Path:
    """Return the folder of the features of one network file, by all that their bytes depend on."""
    made = settings.model_dump(mode="json", exclude={"file", "pretraining", "c"})
    libraries = [version_of(name) for name in LIBRARIES]
    code = [VERSION, backbone_file.digest_of(settings), Path(settings.file).suffix]
    return _own_folder() / digest([code, made, threads, device, arithmetic.level(), libraries])


def _own_folder() -> Path:
    """Return a folder of this user alone; without one, of this process alone."""
    folder = Path(tempfile.gettempdir()) / f"merflow-{os.getuid()}-features"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
        if folder.is_dir() and not folder.is_symlink() and about.st_uid == os.getuid():
            return folder
    return folder.with_name(f"{folder.name}-{os.getpid()}")


def _read(path: Path) -> np.ndarray | None:
    """Return stored features; None where there are none, or where the file is not whole."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    sound = found.dtype == np.float32 and found.ndim == 1 and len(found)
    return found if sound and np.isfinite(found).all() else None


def _write(path: Path, found: np.ndarray) -> None:
    """Store features; a full or read-only disk costs time, not the training."""
    with contextlib.suppress(MerflowError, OSError), atomic(path) as part, open(part, "wb") as file:
        np.save(file, found, allow_pickle=False)
