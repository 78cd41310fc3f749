"""Open a frozen network that a user gives as a file: Keras' `.keras`, or ONNX.

Neither format runs code of its author: Keras refuses Python code in a file (`safe_mode`), and ONNX
holds none.
"""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from merflow.config.feature_settings import VideoFeatures
from merflow.config.settings import Training
from merflow.errors import FAILED, MerflowError
from merflow.io.files import file_digest
from merflow.models.training import backend
from merflow.versions import version_of

WHERE = "training.features.file"
SUFFIXES = (".keras", ".onnx")
INSTALL = "pip install onnxruntime"

Backbone = Callable[[np.ndarray], np.ndarray]
"""From one clip or picture, (1, ...) float32, to its output, (1, ...) float32."""


def check_file(settings: VideoFeatures) -> Path:
    """Return the file of a frozen network; refuse one that is not there, or of another format."""
    path = Path(settings.file)
    if path.suffix not in SUFFIXES:
        raise MerflowError(
            WHERE,
            f"{path} is no file that merflow reads",
            f"a frozen network as {' or '.join(SUFFIXES)}",
            "export the network to ONNX: torch.onnx.export(model, example, 'model.onnx')",
        )
    if not path.is_file():
        raise MerflowError(WHERE, f"no file {path}", "a frozen network", "correct the path")
    if path.suffix == ".onnx":
        _runtime()
    return path


def digest_of(settings: VideoFeatures) -> str:
    """Return the SHA-256 of the file of a frozen network."""
    return file_digest(check_file(settings))


def runtime(settings: VideoFeatures) -> dict[str, str]:
    """Return the version of what runs an ONNX file, for run.json, which has that of Keras."""
    onnx = Path(settings.file).suffix == ".onnx"
    return {"runtime": f"onnxruntime {version_of('onnxruntime')}"} if onnx else {}


def start(training: Training) -> str:
    """Start what runs the frozen network, for a fit; return the device's name."""
    if check_file(training.features).suffix == ".onnx":
        return "cpu"
    return backend.prepare(training.threads, training.device, deterministic=True)


def open_backbone(settings: VideoFeatures, threads: int) -> Backbone:
    """Return the frozen network of the file that the settings name."""
    path = check_file(settings)
    return _opened(path, file_digest(path), settings.output, threads)


@functools.lru_cache(maxsize=2)
def _opened(path: Path, _digest: str, output: str, threads: int) -> Backbone:
    if path.suffix == ".onnx":
        return _of_onnx(path, output, threads)
    return _of_keras(path, output)


def _of_keras(path: Path, output: str) -> Backbone:
    backend.prepare_once()
    # Imports Keras, which must start after its backend is prepared.
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise _unreadable(path, error) from error
    names = tuple(getattr(model, "output_names", ())) or ("",)
    place = _place(path, output, names)

    def run(x: np.ndarray) -> np.ndarray:
        try:
            found = model(x, training=False)
        except ValueError as error:
            raise _other_input(path, x, str(model.input_shape), error) from error
        found = list(found.values()) if isinstance(found, dict) else found
        found = found[place] if isinstance(found, list | tuple) else found
        return np.asarray(keras.ops.convert_to_numpy(found), np.float32)

    return run


def _of_onnx(path: Path, output: str, threads: int) -> Backbone:
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # The runtime raises many types, all its own.
        raise _unreadable(path, error) from error
    names = tuple(one.name for one in session.get_outputs())
    wanted, given = names[_place(path, output, names)], session.get_inputs()[0]

    def run(x: np.ndarray) -> np.ndarray:
        try:
            (found,) = session.run([wanted], {given.name: x})
        except Exception as error:
            raise _other_input(path, x, str(given.shape), error) from error
        return np.asarray(found, np.float32)

    return run


def _runtime():  # noqa: ANN202 - a module
    try:
        import onnxruntime
    except ImportError as error:
        raise MerflowError(
            WHERE,
            "an .onnx file needs the package onnxruntime, which is not installed",
            "onnxruntime, or a .keras file",
            INSTALL,
            code=FAILED,
        ) from error
    return onnxruntime


def _place(path: Path, output: str, names: tuple[str, ...]) -> int:
    if output and output not in names:
        raise MerflowError(
            "training.features.output",
            f"{path} has no output '{output}'",
            f"one of {', '.join(names)}",
        )
    return names.index(output) if output else 0


def _unreadable(path: Path, error: Exception) -> MerflowError:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return MerflowError(
        str(path),
        f"cannot be loaded as a frozen network ({first[:200]})",
        "a whole file without Python code (no Lambda layer, no layer of an own class)",
        "export it again, or convert it to ONNX",
    )


def _other_input(path: Path, x: np.ndarray, wanted: str, error: Exception) -> MerflowError:
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return MerflowError(
        str(path),
        f"cannot take input of shape {x.shape}, it takes {wanted} ({first[:200]})",
        "layout, frames, size and channels of training.features as the network has them",
    )
