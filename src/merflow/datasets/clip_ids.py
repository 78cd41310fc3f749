"""Ids of the clips of MEGC2019 in their official form, whichever form a list or log writes.

Lists write `6` for SAMM's `006`, `s3_ne_03` for SMIC's `s03_ne_03`, and `1` for CASME II's `sub01`.
"""

import re

from merflow.clip import ClipKey

NAMES = {
    **dict.fromkeys(("smic", "smichs", "smice", "smichse"), "smic"),
    **dict.fromkeys(("casme2", "casmeii"), "casme2"),
    "samm": "samm",
}
"""Letters and digits of a dataset's name, lower case -> the official name."""

_SMIC_CLIP = re.compile(r"(?:s0*(\d+)_)?(ne|po|sur)_?0*(\d+)", re.IGNORECASE)
_SAMM_CLIP = re.compile(r"0*(\d+)_(\d+)_(\d+)")
_CASME2_CLIP = re.compile(r"EP(\d+(?:_\d+)*)(f?)", re.IGNORECASE)
_STEMS = {
    "casme2": re.compile(r"(sub\d+)_(EP\d+(?:_\d+)*f?)(?=$|_)", re.IGNORECASE),
    "smic": re.compile(r"(s\d+)_(s\d+_(?:ne|po|sur)_\d+)(?=$|_)", re.IGNORECASE),
    "samm": re.compile(r"(\d+)_(\d+_\d+_\d+)(?=$|_)"),
}
"""`<subject>_<clip>` at the start of a file's stem; what follows is not part of the id."""


def dataset_named(text: str) -> str:
    """Return the official name of a dataset, or the text itself for any other one."""
    return NAMES.get(re.sub(r"[\W_]+", "", text).casefold(), text.strip())


def dataset_by_subject(subject: str) -> str:
    """Return the dataset in which subjects have ids of this form, or nothing."""
    for dataset, form in (("casme2", r"sub\d+"), ("smic", r"s\d+"), ("samm", r"\d+")):
        if re.fullmatch(form, subject.strip(), re.IGNORECASE):
            return dataset
    return ""


def canonical(key: ClipKey) -> ClipKey:
    """Return a key with ids as the official list writes them, subjects of SAMM as `006`.

    Keys of other datasets, and ids of another form, come back unchanged.
    """
    dataset, subject, clip = key
    if dataset == "smic":
        subject = _numbered(r"s?0*(\d+)", subject, "s{:02d}")
        if found := _SMIC_CLIP.fullmatch(clip):
            owner = f"s{int(found[1]):02d}" if found[1] else subject
            clip = f"{owner}_{found[2].lower()}_{int(found[3]):02d}"
    elif dataset == "casme2":
        subject = _numbered(r"(?:sub)?0*(\d+)", subject, "sub{:02d}")
        if found := _CASME2_CLIP.fullmatch(clip):
            clip = f"EP{found[1]}{found[2].lower()}"
    elif dataset == "samm":
        subject = _numbered(r"0*(\d+)", subject, "{:03d}")
        if found := _SAMM_CLIP.fullmatch(clip):
            clip = f"{int(found[1]):03d}_{found[2]}_{found[3]}"
    return ClipKey(dataset, subject, clip)


def of_another_subject(key: ClipKey) -> bool:
    """Return whether the clip of a canonical key names another subject than the key."""
    forms = {"smic": r"(s\d+)_.*", "samm": r"(\d+)_.*"}
    found = re.fullmatch(forms.get(key.dataset, r"(?!)"), key.clip)
    return found is not None and found[1] != key.subject


def key_of_stem(stem: str) -> ClipKey | None:
    """Return the clip of a file named `<subject>_<clip>`, or None.

    A dataset's name may stand before it, and frame numbers after it.
    """
    head, _, rest = stem.partition("_")
    text = rest if dataset_named(head) in _STEMS else stem
    for dataset, form in _STEMS.items():
        if found := form.match(text):
            return canonical(ClipKey(dataset, found[1], found[2]))
    return None


def smic_class(clip: str) -> str:
    """Return the class in the name of a clip of SMIC, or nothing."""
    found = _SMIC_CLIP.fullmatch(clip)
    words = {"ne": "negative", "po": "positive", "sur": "surprise"}
    return words[found[2].lower()] if found else ""


def _numbered(form: str, text: str, shown: str) -> str:
    found = re.fullmatch(form + r"(?:\.0+)?", text.strip(), re.IGNORECASE)
    return shown.format(int(found[1])) if found and len(found[1]) < 9 else text
