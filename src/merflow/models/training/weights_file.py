"""The file of weights that a network starts from, looked at; imports no Keras."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from merflow.clip import ClipKey
from merflow.config.settings import Training
from merflow.datasets.subject_ids import canonical_subject
from merflow.errors import MerflowError
from merflow.io.files import file_digest


def start_file(training: Training, given: Path | None) -> Path | None:
    """Return the file a network starts from, its SHA-256 checked; None: it starts at random."""
    if given and training.start_weights:
        raise MerflowError(
            "training.start_weights",
            "is set beside `pretrain`",
            "one start: the pretraining's weights or a file",
            "remove one of the two",
        )
    if given or not training.start_weights:
        return given
    path = Path(training.start_weights)
    if not path.is_file():
        raise MerflowError("training.start_weights", f"no file {path}", "a weights file")
    found = file_digest(path)
    if found != training.start_sha256.lower():
        raise MerflowError(
            str(path),
            f"its SHA-256 is {found}",
            f"training.start_sha256: {training.start_sha256 or '(not set)'}",
            "write the digest that belongs to the file into the config; if it should be another, "
            "fetch the file again",
        )
    return path


def check_made_for(network: str, path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a file that holds no weights, or those of another network than `network`."""
    from merflow.models import saved_model

    if network == "vgg16_transfer" and saved_model.is_of_keras(path):
        if settings.get("weights") != "given":
            raise MerflowError(
                "network vgg16_transfer: weights",
                f"{settings.get('weights', 'none')!r}, but training.start_weights are ImageNet's",
                "weights: given, which scales the input as these weights need it",
            )
        return
    about = saved_model.description(path)
    if about.get("network") != network:
        raise MerflowError(
            str(path),
            f"holds weights of {about.get('network', 'a ' + about['kind'])}",
            f"weights of network {network}",
            "name the network these weights were made with, or other weights",
        )


def seen_by(path: Path) -> tuple[set[str], set[str]]:
    """Return whom the weights in a file were trained on, and the prints of those clips."""
    from merflow.models import saved_model

    about = {} if saved_model.is_of_keras(path) else saved_model.description(path)
    return set(about.get("subjects", ())), set(about.get("prints", ()))


def refuse_seen(
    path: Path, seen: set[str], test: Iterable[ClipKey], whose: Mapping[str, str], where: str
) -> None:
    """Refuse weights that saw a test subject; whose: as from `canonical_names`."""
    shared = sorted(
        {"/".join(key.subject_key) for key in test if canonical_subject(key, whose) in seen}
    )
    if shared:
        raise has_seen(where, f"the weights in {path} were trained on {', '.join(shared)}")


def has_seen(where: str, found: str) -> MerflowError:
    """Return the error of weights that know what they are tested on."""
    return MerflowError(
        where,
        f"{found}, tested here",
        "weights that never saw a tested subject or clip, under any name",
        "pretrain on other datasets, or start at random",
    )
