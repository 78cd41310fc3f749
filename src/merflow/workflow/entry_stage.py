"""Check that clips which enter at a later stage are not asked for earlier stages."""

from collections.abc import Sequence

from merflow.clip import Clip
from merflow.errors import MerflowError


def require_stages(clips: Sequence[Clip], factors: Sequence[str], kind: str, where: str) -> None:
    """Refuse magnification and flow for clips that enter interpolated.

    factors: as in the settings, `x10` or `x1+x10`; kind: of the preparation. Such clips pass
    unchanged, so a row x10 of the table would hold clips that were not magnified.
    """
    prepared = [clip for clip in clips if clip.enters_at == "interpolated"]
    asked = [f"factor {f}" for f in factors if f != "x1"]
    asked += ["kind: flow"] if kind == "flow" else []
    if prepared and asked:
        raise MerflowError(
            where,
            f"{', '.join(asked)} asked for, but {len(prepared)} of its clips enter interpolated "
            f"and stay as they are (such as {prepared[0].key})",
            "clips that enter raw, aligned or cropped",
            "let them enter earlier, or set factors: [1] and kind: frames",
        )
