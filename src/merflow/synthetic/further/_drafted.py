"""From a draft to a demo clip, for datasets whose clips need nothing special to be drawn."""

from merflow.clip import ClipKey
from merflow.synthetic.clip import DemoClip, Difficulty
from merflow.synthetic.expressions import objective_class
from merflow.synthetic.plan import Draft, Frames


def drawn(
    key: ClipKey,
    name: tuple[str, str],
    emotion: str,
    draft: Draft,
    onset: int,
    film: Frames,
    person: int,
    difficulty: Difficulty,
    extra: tuple[tuple[str, str], ...] = (),
) -> DemoClip:
    """Return the clip of a draft; `name` is subject and clip as the folders write them."""
    return DemoClip(
        dataset=key.dataset,
        subject=name[0],
        clip=name[1],
        key=key,
        emotion=emotion,
        expression=draft.expression,
        units=draft.units,
        action_units=draft.action_units,
        objective=objective_class(draft.emotion),
        onset=onset,
        apex=onset + draft.apex,
        offset=onset + draft.frames - 1,
        fps=film.fps,
        size=film.size,
        unit=film.unit,
        amplitude_px=draft.amplitude_px,
        person=person,
        seed=draft.seed,
        grey=film.grey,
        difficulty=difficulty,
        extra=extra,
    )
