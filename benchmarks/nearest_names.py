"""How often a mistyped name gets its own name back, and how often a foreign word gets any.

python benchmarks/nearest_names.py
"""

from merflow.command_help import commands
from merflow.config.reference import schema_text
from merflow.datasets import labels, registry
from merflow.models import network_registry
from merflow.workflow.targets import RULES

import difflib
import random
import re
import string

WORDS = (
    "dropout patience lr gamma hidden_size verbose workers loader metric scheduler backbone "
    "resnet50 vit transformer lstm mobilenet efficientnet videomae slowfast swin inception "
    "affectnet fer2013 ckplus disfa bp4d mmi oulu aff-wild imagenet kinetics "
    "happiness contempt neutral anger install update build deploy list delete help start config "
    "train_all clean_up plot video webcam folder subject index random python cuda batch "
    "num_workers val_split test_size shuffle seed_everything log_dir checkpoint resume gpu_ids "
    "half fp16 crop_size resize normalise mean std flip_left alpha beta level orientation sigma"
)
"""Names of other programs, networks and datasets, and words of the field."""


def vocabularies() -> dict[str, list[str]]:
    """Return the lists of names that a user types."""
    keys = sorted({*re.findall(r'"([a-z_]+)": \{', schema_text())})
    return {
        "settings": keys,
        "networks": list(network_registry.names()),
        "datasets": list(registry.names()),
        "schemes": list(labels.names()),
        "commands": list(commands()),
        "targets": list(RULES),
    }


def typo(word: str, rng: random.Random) -> str:
    """Return a word with one letter left out, doubled, exchanged or replaced."""
    at = rng.randrange(len(word))
    kind = rng.choice(("out", "twice", "swap", "other"))
    if kind == "swap" and len(word) > 1:
        at = min(at, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    middle = {"out": "", "twice": word[at] * 2}.get(kind, rng.choice(string.ascii_lowercase))
    return word[:at] + middle + word[at + 1 :]


def plain(word: str) -> str:
    """Return a word as it is compared: lower case, letters and digits only."""
    return re.sub(r"[\W_]+", "", word).casefold()


def offered(word: str, known: list[str], cutoff: float, compared: bool) -> str:
    """Return the name that a cutoff offers; compared: case and separators do not count."""
    forms = {plain(name) if compared else name: name for name in known}
    asked = plain(word) if compared else word
    close = difflib.get_close_matches(asked, list(forms), n=1, cutoff=cutoff)
    return forms[close[0]] if close else ""


def main() -> None:
    """Print the shares for several cutoffs."""
    rng = random.Random(1)
    lists = vocabularies()
    once, again, styled = [], [], []
    for known in lists.values():
        for name in (name for name in known if len(name) > 2):
            for _ in range(5):
                first = typo(name, rng)
                once.append((first, name, known))
                again.append((typo(first, rng) if first else first, name, known))
            styled += [
                (name.title(), name, known), (plain(name).upper(), name, known),
                (name.replace("_", "-"), name, known),
            ]  # fmt: skip
    print("compared cutoff | one typo  two typos  other style | foreign word gets a name")
    for compared in (False, True):
        for cutoff in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8):
            right = [
                sum(offered(w, k, cutoff, compared) == n for w, n, k in cases if w not in k)
                / sum(w not in k for w, n, k in cases)
                for cases in (once, again, styled)
            ]
            foreign = [
                bool(offered(w, k, cutoff, compared)) for w in WORDS.split() for k in lists.values()
                if w not in k
            ]  # fmt: skip
            shares = "  ".join(f"{100 * one:7.1f}%" for one in right)
            print(
                f"{compared!s:8} {cutoff:6} | {shares} | {100 * sum(foreign) / len(foreign):5.1f}%"
            )


if __name__ == "__main__":
    main()
