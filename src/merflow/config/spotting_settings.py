"""Settings of spotting: where in long recordings expressions are; a part of `settings`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from merflow.config.stage_settings import Tree
from merflow.config.training_settings import Training
from merflow.config.values import Label, Seed, each_once


class Spotting(Tree):
    """One spotting method on long recordings, leaving one subject out within each dataset."""

    label: Label = ""
    """Name shown in tables, figures and the report. Empty: the name of the entry."""
    method: Literal["keras", "motion_energy"] = "keras"
    """Spotter. `keras` is a network that is trained on windows of the recordings; `motion_energy`
    is the rule of `merflow predict`, which trains nothing: movement in times the rest."""
    network: str = "softnet"
    """Network of `keras`, one that takes optical flow."""
    network_settings: dict[str, Any] = Field({})
    """Settings of the network."""
    preparation: str
    """Name of a preparation. Its `crop` and `windows` are used, nothing else of it."""
    collection: str
    """Name of a collection of datasets of whole recordings, such as variant `spotting` of CAS(ME)2.
    Each dataset has folds of its own."""
    intervals: Literal["micro", "macro"] = "micro"
    """Kind of expression that is spotted; those of the other kind count as rest."""
    threshold: Literal["fixed", "training"] = "fixed"
    """Threshold of a spotted interval. `fixed` is 0.55 of the way from mean to maximum of the
    scores, as published, and 3.5 times the rest for `motion_energy`, as in `merflow predict`;
    `training` takes the value of the best F1 on the recordings of the training subjects: of a
    network as `training.inner_folds` more networks score them, each trained without some of these
    subjects. A fold needs two or more training subjects for that."""
    peaks: Literal["apart", "published"] = "apart"
    """Intervals of a network, each 2 k + 1 frames long, around the peaks of its scores. `published`
    lets peaks stand k frames apart, so that one movement often gives two overlapping intervals, a
    hit and a false alarm; `apart` keeps the higher of two that would overlap."""
    scale: Literal["window", "eye-distance"] = "window"
    """Unit of a window's motion. `window` stretches each window to its own range, 0 to 1, as
    published, so that rest and movement differ by their pattern alone; `eye-distance` keeps the
    strength of the motion."""
    keep_rest: float = Field(0.5, gt=0, le=1)
    """Share of the training windows without an expression that is kept, drawn at random."""
    copies: int = Field(0, ge=0, le=3)
    """Altered copies of each training window with an expression: 1 mirrors it, 2 also blurs it, 3
    also adds noise. Published: 3 for micro-expressions, 0 for macro-expressions."""
    seeds: Annotated[tuple[Seed, ...], AfterValidator(each_once)] = Field((0,), min_length=1)
    """Seeds of training. Each seed is one run."""
    training: Training = Training()
    """The fit in every fold."""

    @model_validator(mode="after")
    def _used(self) -> "Spotting":
        """Refuse settings of a network for the rule, which would ignore them."""
        if self.method == "keras":
            return self
        keys = ("network", "network_settings", "peaks", "scale", "keep_rest", "copies")
        keys += ("training", "seeds")
        usual = type(self).model_fields
        wrong = [key for key in keys if getattr(self, key) != usual[key].default]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: no effect on method motion_energy; leave out")
        return self


class SpotThenRecognise(Tree):
    """Spot intervals in recordings, and name the emotion of each, both on subjects left out."""

    spotting: str
    """Name of an entry of `spotting`."""
    recognition: str
    """Name of an experiment that recognises emotions by `loso` or `composite`. An interval of a
    subject is recognised by the fold that left out the same subject."""
    factor: str = ""
    """Factor of the experiment, as x10. Empty: its first."""
