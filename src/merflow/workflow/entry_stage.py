"""What can still be asked of clips that enter the workflow further down."""

from collections.abc import Sequence

from merflow.clip import Clip
from merflow.errors import MerflowError


def require_stages(clips: Sequence[Clip], factors: Sequence[str], kind: str, where: str) -> None:
    """Refuse to magnify, or to take the flow of, clips that come as a network sees them.

    factors: as in the settings, `x10` or `x1+x10`; kind: of the preparation. They would go
    through unchanged, and a row of the table would say x10 of what nobody magnified.
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
