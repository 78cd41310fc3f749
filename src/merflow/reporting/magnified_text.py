"""What a magnification did to a clip, as one sentence."""

from typing import Any

from merflow.stages.magnification.credibility import COMPRESSED, MEANINGS

FALLS_SHORT = 0.85
"""Expected gain below which the sentence warns."""


def magnified_text(facts: dict[str, Any]) -> str:
    """Return the sentence for the facts of `magnify_frames`; movements in px of the clip.

    >>> magnified_text({"method": "phase", "factor": 25.0, "peak_px": 0.51, "delivered": 23.71,
    ...                 "credible": True, "expected_gain": 0.93})
    '0.51 px moved; asked x25 = 12.8 px; measured x23.7; credible'
    """
    factor = facts.get("factor", 1.0)
    asked = f"asked x{factor:g}"
    if factor == 1:
        return "x1: the original frames"
    if "peak_px" not in facts:
        long = facts.get("streamed")
        return f"{asked}; not measured" + (", since the clip is long" if long else "")
    moved = f"{facts['peak_px']:.2f} px moved; {asked} = {factor * facts['peak_px']:.1f} px"
    if facts["delivered"] is None:
        doubt = f"; {_trust(facts)}" if facts.get("doubt") else ""
        return f"{moved}; too little movement to measure{doubt}"
    text = f"{moved}; measured x{facts['delivered']:.1f}; {_trust(facts)}"
    if facts.get("expected_gain", 1) < FALLS_SHORT:
        share = round(100 * facts["expected_gain"])
        text += f"; {facts['method']} is expected to deliver about {share}% of this movement"
    return text


def _trust(facts: dict[str, Any]) -> str:
    if facts["credible"]:
        return "credible"
    if facts.get("doubt") == COMPRESSED:
        return f"not credible: {MEANINGS[COMPRESSED]}"
    return f"not credible: {facts['asked_px']:.0f} px at a frame size of 256 px"
