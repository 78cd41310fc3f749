"""Sentences on models and training, each from the settings of an experiment or its records."""

import numpy as np

from merflow.config.settings import SVMS, Experiment
from merflow.config.training_settings import Augment, Training
from merflow.evaluation.negative_controls import MEANINGS
from merflow.models import network_registry
from merflow.reporting.html.environment import listing
from merflow.reporting.html.run_data import Results
from merflow.reporting.paper.references import NETWORKS, OPTIMISERS, cite
from merflow.reporting.render.markdown import escape
from merflow.text import plural

FEATURES = {
    "lbptop_svm": "LBP-TOP histograms{cite} ({blocks} x {blocks} blocks, radii {radii})",
    "flow_svm": "histograms of optical flow ({blocks} x {blocks} blocks, {bins} directions)",
    "flow_pixels_svm": "the pixels of the flow pictures",
}
OPTIMISED = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}
SCALED = {
    "fold": "Inputs were standardised by mean and deviation of the training fold.",
    "unit": "Inputs were scaled from 0..255 to 0..1.",
    "none": "",
}
AUGMENTED = {
    "flip": "mirrored",
    "shift": "shifted by up to {:.0%}",
    "rotate": "rotated by up to {:g} degrees",
    "brightness": "made brighter or darker by up to {:.0%}",
    "noise": "given noise with a standard deviation of {:g} grey levels",
    "jitter": "shifted in time by up to {:g} frames",
    "half_face": "given two mirrored halves",
}


def training_sentences(results: Results, name: str) -> list[str]:
    """Return what was trained in an experiment, and how."""
    entry = results.plan.experiment(name)
    if entry.method == "command":
        found = [_program(results, name)]
    elif entry.method in SVMS:
        found = [_svm(entry)]
    elif entry.method == "video_features":
        found = [_probe(entry)]
    else:
        found = [_network(results, name, entry), *_fit(entry)]
    if entry.control != "none":
        found.append(
            f"This is a negative control: training and test saw {MEANINGS[entry.control][0]}."
        )
    if entry.permute_labels is not None:
        found.append("This is a negative control: labels were permuted across subjects.")
    if entry.nested:
        between = ["magnification factors"] * (len(entry.factors) > 1)
        between += ["values of the grid"] * bool(entry.from_grid)
        found.append(
            "The row x* was chosen in each fold on inner folds of the training subjects, between "
            f"{listing(between)}."
        )
    pooled = [factor for factor in entry.factors if "+" in factor]
    if pooled:
        found.append(f"{listing(pooled)}: trained on the clips of these factors together.")
    return [*found, _seeds(entry)]


def _program(results: Results, name: str) -> str:
    """Return what is known of an external program, by the records of its folds."""
    runs = [run.training for run in results.runs if run.run.experiment == name]
    kinds = {kind for one in runs for kind in one.words("sandbox")}
    if kinds == {"bwrap"}:
        return (
            "An external program was trained in every fold, in a sandbox. It had the labels of the "
            "training clips only."
        )
    return (
        "An external program was trained in every fold, without a sandbox: merflow cannot tell "
        "what it read besides the clips and labels that it was given."
    )


def _network(results: Results, name: str, entry: Experiment) -> str:
    facts = [run.training for run in results.runs if run.run.experiment == name]
    counts = np.concatenate([one.numbers("parameters") for one in facts] or [np.array([])])
    size = f", {int(np.median(counts)):,} parameters" if len(counts) else ""
    given = ", ".join(f"{key} {value}" for key, value in entry.network_settings.items())
    changed = f"; {escape(given)}" if given else ""
    start = "weights started at random"
    if entry.pretrain:
        pretraining = results.plan.settings.pretrainings[entry.pretrain]
        members = listing(sorted(results.plan.settings.collections[pretraining.collection]))
        start = f"weights started from a pretraining on {escape(members)}"
    elif entry.training.start_weights:
        start = "weights started from a given file; merflow does not know what it was trained on"
    elif network_registry.from_imagenet(entry.network_settings):
        start = "weights started from a training on ImageNet"
    network = f"{escape(entry.network)}{cite(NETWORKS.get(entry.network))}"
    return f"The network {network} ({start}{size}{changed}) was trained separately in every fold."


def _fit(entry: Experiment) -> list[str]:
    training = entry.training
    epochs = (
        f"The number of epochs, at most {training.epochs}, was chosen on {training.inner_folds} "
        "inner folds of the training subjects"
        if training.stopping == "inner"
        else f"Training took {plural(training.epochs, 'epoch')}, fixed before testing"
    )
    rate = f"learning rate {training.learning_rate:g}{_schedule(training)}"
    decay = f", weight decay {training.weight_decay:g}" if training.weight_decay else ""
    size = training.batch_size * training.accumulate
    found = [
        f"{epochs}, with {_optimiser(training)}{cite(OPTIMISERS.get(training.optimiser))}, {rate}"
        f"{decay} and batches of {plural(size, 'clip')}.",
        _loss(training),
        _augmented(training.augment),
    ]
    if network_registry.made_for_weights(entry.network):
        found.append("Inputs were scaled as the published weights of the network expect.")
    else:
        found.append(SCALED[training.scaling])
    if training.mixed_precision:
        found.append("Training computed in 16-bit floats.")
    return [text for text in found if text]


def _optimiser(training: Training) -> str:
    momentum = f" (momentum {training.momentum:g})" if training.optimiser == "sgd" else ""
    return OPTIMISED[training.optimiser] + momentum


def _schedule(training: Training) -> str:
    if training.schedule == "step":
        return f" (times {training.step_factor:g} every {training.step_epochs} epochs)"
    return "" if training.schedule == "constant" else f" ({training.schedule} schedule)"


def _loss(training: Training) -> str:
    loss = "cross-entropy"
    if training.loss == "focal":
        loss = f"focal loss{cite('lin2017focal')} (gamma {training.focal_gamma:g})"
    smoothed = f", labels smoothed by {training.label_smoothing:g}" * bool(training.label_smoothing)
    return f"The loss was {loss}{smoothed}{_weighted(training)}."


def _weighted(training: Training) -> str:
    drawn = ", classes drawn equally often" * training.balanced_sampling
    if training.class_weights == "none":
        return drawn
    if training.class_weights != "balanced":
        return f"{drawn}, classes weighted by {', '.join(map(str, training.class_weights))}"
    return drawn or ", classes weighted by the inverse of their frequency in the training fold"


def _augmented(augment: Augment) -> str:
    used = [form.format(getattr(augment, key)) for key, form in AUGMENTED.items()
            if getattr(augment, key)]  # fmt: skip
    return f"Training clips were randomly {listing(used)}." if used else ""


def _svm(entry: Experiment) -> str:
    svm = entry.training.svm
    features = FEATURES[entry.method].format(
        cite=cite("zhao2007lbptop"),
        blocks=svm.blocks,
        radii=", ".join(map(str, svm.radii)),
        bins=svm.bins,
    )
    return (
        f"In every fold, an SVM ({svm.kernel} kernel, C = {svm.c:g}) was trained on {features}"
        f"{_weighted(entry.training)}."
    )


def _probe(entry: Experiment) -> str:
    chosen = entry.training.features
    named = escape(chosen.pretraining) or "data that the config does not name"
    return (
        f"In every fold, a logistic regression (C = {chosen.c:g}) was trained on features of a "
        f"frozen network (pretrained on {named}; {plural(chosen.frames, 'frame')} of "
        f"{chosen.size} x {chosen.size} pixels, the mean over its outputs), standardised on the "
        f"training clips{_weighted(entry.training)}."
    )


def _seeds(entry: Experiment) -> str:
    seeds = ", ".join(map(str, entry.seeds))
    if len(entry.seeds) == 1:
        return f"The seed of all random numbers was {seeds}."
    return f"Every training was repeated with the seeds {seeds}; tables show means over them."
