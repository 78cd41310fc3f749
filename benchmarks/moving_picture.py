"""Draw docs/pictures/magnified_face.webp, the moving picture of README.md: `make pictures`.

A generated face goes through merflow's stages: aligned, cropped, magnified. Nothing is retouched.
"""

from merflow.clip import ClipArrays
from merflow.config.settings import Align, Crop, Magnify
from merflow.stages.align import align_clip
from merflow.stages.crop import crop_clip
from merflow.stages.magnify import magnify_together
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.generate import demo_dataset
from merflow.synthetic.render import render_clip
from merflow.workflow.face_finder import load_finder

from pathlib import Path

import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

OUT = Path(__file__).resolve().parents[1] / "docs/pictures/magnified_face.webp"
LABELS = {1: "as recorded", 10: "x10", 25: "x25"}
SIDE, GAP, LABEL = 264, 12, 36
"""Side of a face, space between faces, height of the line of labels (px)."""
SLOWER = 8
"""The clip is shown this many times slower than it was recorded."""
BACK, TEXT = (22, 27, 34), (230, 237, 243)
DIFFICULTY = Difficulty(amplitude_px=(0.5, 0.6), blink_share=0)
"""Movements of half a pixel of a 640x480 frame, and no blink, which would be magnified too."""


def smile() -> DemoClip:
    """Return the first smile of subject 04 of the look-alike of CASME II (200 frames/s)."""
    planned = demo_dataset("casme2").plan(subjects=4, clips=6, difficulty=DIFFICULTY)
    return next(clip for clip in planned if (clip.subject, clip.expression) == ("04", "positive"))


def magnified(clip: DemoClip) -> list[ClipArrays]:
    """Return the clip at every factor, (T, SIDE, SIDE, 3) uint8 each."""
    frames = np.stack(list(render_clip(clip)))
    last, apex = len(frames) - 1, clip.apex - clip.onset
    raw = ClipArrays(clip.key, frames, clip.fps, np.arange(last + 1), 0, apex, last)
    aligned = align_clip(raw, Align(), load_finder())
    cropped = crop_clip(aligned, Crop(colour="rgb", margin=0.25, working_size=SIDE))
    return magnify_together(cropped, Magnify(method="lagrangian"), list(LABELS))


def strip(clips: list[ClipArrays], time: int) -> Image.Image:
    """Return one frame of all clips side by side, with the labels below."""
    width = len(clips) * SIDE + (len(clips) - 1) * GAP
    picture = Image.new("RGB", (width, SIDE + LABEL), BACK)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 19)
    for place, (clip, label) in enumerate(zip(clips, LABELS.values(), strict=True)):
        left = place * (SIDE + GAP)
        picture.paste(Image.fromarray(np.asarray(clip.frames[time])), (left, 0))
        pen.text((left + SIDE / 2, SIDE + LABEL / 2), label, TEXT, font, anchor="mm")
    return picture


def main() -> None:
    """Write the moving picture: the clip, a rest, again from the start."""
    clips = magnified(smile())
    first, *rest = [strip(clips, time) for time in range(len(clips[0].frames))]
    shown = round(1000 * SLOWER / clips[0].fps)
    times = [15 * shown, *[shown] * (len(rest) - 1), 15 * shown]
    first.save(OUT, append_images=rest, save_all=True, duration=times, loop=0, quality=75, method=6)
    print(f"{OUT}: {len(rest) + 1} frames, {OUT.stat().st_size / 1e6:.2f} MB")
    for clip in clips[1:]:
        facts = clip.facts["magnify"]
        print(f"x{facts['factor']:g}: multiplied by {facts['delivered']:.1f}, "
              f"credible: {facts['credible']}")  # fmt: skip


if __name__ == "__main__":
    main()
