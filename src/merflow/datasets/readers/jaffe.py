"""JAFFE: 213 posed stills of 10 women; the file name holds all annotations, `KA.AN1.39.tiff`."""

import re

from merflow.clip import Clip
from merflow.datasets.folders import find_folders
from merflow.datasets.spec import DatasetSpec, Source, Variant
from merflow.io.frame_folder import image_files

SPEC = DatasetSpec(
    name="jaffe",
    title="JAFFE",
    variants=(Variant("stills", 1.0, "raw", "one TIFF for each expression"),),
    layout="KA.AN1.39.tiff and the others, in one folder",
    licence="on request at Zenodo, for non-commercial research; no redistribution",
    source="https://zenodo.org/records/3451524",
    emotions=frozenset({"anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"}),
    stills=True,
    publication="Lyons et al. 1998, Coding facial expressions with Gabor wavelets, FG 1998",
)

MODELS = frozenset({"KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"})
CODES = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
# Some copies have doubled dots or blanks between the parts.
_NAME = re.compile(r"([A-Z]{2})[. ]+([A-Z]{2})([0-9])[. ]+([0-9]{1,3})[. ]*\.", re.IGNORECASE)


def read_clips(source: Source) -> list[Clip]:
    """Read every still below the root."""
    folders = find_folders(source.root, lambda f, _: any(map(_NAME.match, image_files(f))))
    found = ((str(f), file) for f in folders for file in image_files(f, source.root))
    return source.clips_of(found, lambda still: _clip(source, *still))


def _clip(source: Source, folder: str, file: str) -> Clip | None:
    found = _NAME.match(file)
    model, code = (found[1].upper(), found[2].upper()) if found else ("", "")
    if found is None or model not in MODELS or code not in CODES:
        source.fail(
            file,
            "the name is not <model>.<emotion><k>.<number>.tiff",
            f"a model of {', '.join(sorted(MODELS))} and an emotion of {', '.join(CODES)}",
            "restore the original file name, or move the file out of the folder",
        )
        return None
    number = int(found[4])
    variant = SPEC.variants[0]
    return Clip(
        key=source.key(model, f"{model}.{code}{found[3]}.{number}", file),
        folder=folder,
        files=(file,),
        numbers=(number,),
        fps=source.fps(variant),
        emotion=CODES[code],
        enters_at=source.enters_at(variant),
    )
