"""Choose and check the file of start weights, before a run and before a fold; imports no Keras."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from merflow.clip import ClipKey
from merflow.config.settings import Training
from merflow.datasets.subject_ids import canonical_subject
from merflow.errors import MerflowError
from merflow.io.files import file_digest
from merflow.models import weights_file

PYTORCH = (".pth", ".pt", ".bin")
CONVERT = "see docs/networks.md, Weights of torchvision"


def start_file(training: Training, pretrained: Path | None) -> Path | None:
    """Return the file a network starts from, its SHA-256 checked; None: random initialisation."""
    if pretrained and training.start_weights:
        raise MerflowError(
            "training.start_weights",
            "is set beside `pretrain`",
            "one start: the weights of a pretraining or a file",
            "remove one of the two",
        )
    if pretrained or not training.start_weights:
        return pretrained
    path = Path(training.start_weights)
    if path.suffix in (*PYTORCH, ".safetensors"):
        raise MerflowError(
            "training.start_weights",
            f"{path} is no weights file of merflow",
            "a .weights.h5 file, converted from torchvision's by "
            "python -m merflow.models.training.torchvision_weights",
            f"convert the file: {CONVERT}",
        )
    if not path.is_file():
        raise MerflowError("training.start_weights", f"no file {path}", "a weights file")
    check_digest(path, training.start_sha256, "training.start_sha256")
    return path


def check_digest(path: Path, sha256: str, where: str) -> None:
    """Refuse a file with another SHA-256 (hex) than the one given in `where`."""
    found = file_digest(path)
    if found != sha256.lower():
        raise MerflowError(
            str(path),
            f"its SHA-256 is {found}",
            f"{where}: {sha256 or '(not set)'}",
            f"set {where} to the digest published for this file; if the file should be another, "
            "download it again",
        )


def check_made_for(network: str, path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a file without weights, or with weights of another network than `network`."""
    if network == "vgg16_transfer" and weights_file.is_of_keras(path):
        if settings.get("weights") != "given":
            raise MerflowError(
                "network vgg16_transfer: weights",
                f"{settings.get('weights', 'none')!r}, but training.start_weights are ImageNet's",
                "weights: given, which scales the input as these weights need it",
            )
        return
    about = weights_file.description(path)
    if about.get("network") != network:
        raise MerflowError(
            str(path),
            f"holds weights of {about.get('network', 'a ' + about['kind'])}",
            f"weights of network {network}",
            "name the network that these weights belong to, or other weights",
        )


def trained_on(path: Path) -> tuple[set[str], set[str]]:
    """Return the subject ids that a file's weights were trained on, and the clips' digests."""
    about = {} if weights_file.is_of_keras(path) else weights_file.description(path)
    return set(about.get("subjects", ())), set(about.get("prints", ()))


def refuse_seen(
    path: Path, seen: set[str], test: Iterable[ClipKey], canonical: Mapping[str, str], where: str
) -> None:
    """Refuse weights that were trained on a test subject.

    seen: subject ids; canonical: as `canonical_names` returns.
    """
    shared = sorted(
        {"/".join(key.subject_key) for key in test if canonical_subject(key, canonical) in seen}
    )
    if shared:
        raise leak(where, f"the weights in {path} were trained on {', '.join(shared)}")


def leak(where: str, found: str) -> MerflowError:
    """Return the error of weights that were trained on what they are tested on."""
    return MerflowError(
        where,
        f"{found}, tested here",
        "weights never trained on a tested subject or clip, under any name",
        "pretrain on other datasets, or use random initialisation",
    )
