"""Methods and cards: every sentence follows from a setting; what was not done is not mentioned."""

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Literal, get_args, get_origin

import pytest
from report_tree import Tree, few, write_tree

from merflow.config.display_names import display_names
from merflow.config.loading import validate
from merflow.config.stage_settings import Align, Preparation
from merflow.config.training_settings import Training
from merflow.datasets import registry
from merflow.io.clip_store import Skipped
from merflow.reporting.html.run_data import Results
from merflow.reporting.html_report import read_content
from merflow.reporting.paper import references
from merflow.reporting.paper.cards import data_card, model_card
from merflow.reporting.paper.methods import methods_text
from merflow.reporting.paper.training_text import training_sentences
from merflow.workflow.plan import Plan


def plan_of(align=(), preparation=(), members=("smic",), **entry):
    """Return a plan with one experiment with these settings."""
    settings = validate({
        "datasets": {name: {"root": "data", "fps": 100} for name in members},
        "collections": {"all": [*members]},
        "align": dict(align),
        "preparations": {"grey": dict(preparation)},
        "experiments": {
            "e": {"preparation": "grey", "collection": "all", "factors": [1, 10], **entry}
        },
    })  # fmt: skip
    return Plan(settings, {name: [] for name in members})


def text_of(clips=1, **given):
    """Return the methods of one experiment with these settings, without results."""
    plan = plan_of(**given)
    one = {"key": ["smic", "s01", "c"], "fps": 100, "numbers": [1], "enters_at": "raw"}
    sheets = {"smic": [one] * clips}
    return methods_text(
        Results(plan, None, [], {}, [], [], sheets, {}, names=display_names(plan.settings))
    )


PLAIN = text_of()
SVM = {"method": "lbptop_svm"}
FLOW = {"kind": "flow"}
GONE = "without: "
"""Begins words that a change removes."""


def flat(model, **given):
    """Yield (path, value) of every setting of a section, another value for each."""
    values = {
        bool: lambda old: not old,
        int: lambda old: old + 1,
        float: lambda old: old / 2 if old > 0.4 else old + 0.25,
    }
    for name, field in model.model_fields.items():
        old = getattr(model(**given), name)
        if options := [word for word in literals(field.annotation) if word != old]:
            yield name, options[0]
        elif type(old) in values:
            yield name, values[type(old)](old)


def literals(kind):
    """Return the words that a type allows, also inside a union."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [word for part in get_args(kind) for word in literals(part)]


CHANGES = [
    *((f"align.{k}", {"align": {k: v}}, {}) for k, v in flat(Align)),
    *((f"crop.{k}", {"preparation": {"crop": {k: v}}}, {})
      for k, v in flat(Preparation.model_fields["crop"].annotation)),
    *((f"magnify.{k}", {"preparation": {"magnify": {k: v}}}, {})
      for k, v in flat(Preparation.model_fields["magnify"].annotation) if k != "lambda_c"),
    ("magnify.band_hz", {"preparation": {"magnify": {"band_hz": [0, 20]}}}, {}),
    ("magnify.lambda_c", {"preparation": {"magnify": {"method": "linear", "lambda_c": 9}}},
     {"preparation": {"magnify": {"method": "linear"}}}),
    ("select.frames", {"preparation": {"select": {"frames": "windows"}}}, {}),
    ("select.window", {"preparation": {"select": {"frames": "windows", "window": 7}}},
     {"preparation": {"select": {"frames": "windows"}}}),
    ("select.every", {"preparation": {"select": {"frames": "windows", "every": 3}}},
     {"preparation": {"select": {"frames": "windows"}}}),
    *((f"interpolate.{k}", {"preparation": {"interpolate": {k: v}}}, {})
      for k, v in flat(Preparation.model_fields["interpolate"].annotation)),
    *((f"flow.{k}", {"preparation": {"flow": {k: v}, **FLOW}}, {"preparation": FLOW})
      for k, v in flat(Preparation.model_fields["flow"].annotation)),
    ("difference", {"preparation": {"difference": "onset"}}, {}),
    *((f"training.augment.{k}", {"training": {"augment": {k: v}}}, {})
      for k, v in flat(Training.model_fields["augment"].annotation)),
    *((f"training.svm.{k}", {"training": {"svm": {k: v}}, **SVM}, SVM)
      for k, v in flat(Training.model_fields["svm"].annotation) if k != "bins"),
    ("training.svm.bins", {"training": {"svm": {"bins": 9}}, "method": "flow_svm"},
     {"method": "flow_svm"}),
]  # fmt: skip
NOT_METHOD = {
    *("device", "gpu_share", "threads", "tensorboard"),
    *("deterministic", "inner_support", "start_sha256"),
}
"""Settings of training that change where and how fast, or only what is refused."""
ONLY_WITH = {
    "inner_folds": {"stopping": "inner"},
    "momentum": {"optimiser": "sgd"},
    "step_epochs": {"schedule": "step"},
    "step_factor": {"schedule": "step"},
    "focal_gamma": {"loss": "focal"},
}
for key, value in flat(Training):
    if key not in NOT_METHOD:
        base = ONLY_WITH.get(key, {})
        changed = {"training": base | {key: value}}
        CHANGES.append((f"training.{key}", changed, {"training": base}))
WORDS = {
    "align.strategy": "for the whole clip; motion of the head stayed",
    "align.points": "aligned by 68 landmarks",
    "align.reference_frames": "in up to 6 frames at the start",
    "align.min_frames": "fewer than 4 frames were left out",
    "crop.region": "a region of the face (brows)",
    "crop.colour": "cut out in colour",
    "crop.margin": "with a margin of 35%",
    "crop.working_size": "scaled to 257 x 257 px",
    "crop.hull_mask": "outside the outline of the face was painted black",
    "magnify.method": "with linear Eulerian magnification [@wu2012eulerian]",
    "magnify.remove_flicker": GONE + "Changes of brightness of the whole image were removed first",
    "magnify.band_hz": "(band 0 to 20 Hz)",
    "magnify.lambda_c": "cut-off wavelength 9 px",
    "select.frames": "Only 5 frames around each of onset, apex and offset were used.",
    "select.window": "Only 7 frames around each",
    "select.every": "offset were used, and one in 3 of the other frames.",
    "interpolate.method": "by linear interpolation",
    "interpolate.length": "brought to 11 frames",
    "interpolate.size": "frames of 65 x 65 px",
    "interpolate.prefilter": "after a low-pass filter over time",
    "flow.method": "computed by tvl1 [@zach2007tvl1]",
    "flow.size": "reduced to 29 x 29 px",
    "flow.scale": "stretched to the range of each clip",
    "difference": "The onset frame was subtracted from every frame.",
    "training.augment.flip": "randomly mirrored",
    "training.augment.shift": "randomly shifted by up to 25%",
    "training.augment.rotate": "rotated by up to 0.25 degrees",
    "training.augment.brightness": "made brighter or darker by up to 25%",
    "training.augment.noise": "noise with a standard deviation of 0.25 grey levels",
    "training.augment.jitter": "shifted in time by up to 1 frame",
    "training.augment.half_face": "given two mirrored halves",
    "training.svm.kernel": "an SVM (rbf kernel",
    "training.svm.c": "C = 0.5)",
    "training.svm.blocks": "(6 x 6 blocks",
    "training.svm.bins": "9 directions",
    "training.epochs": "took 21 epochs, fixed before testing",
    "training.stopping": "at most 20, was chosen on 3 inner folds of the training subjects",
    "training.inner_folds": "on 4 inner folds",
    "training.batch_size": "batches of 9 clips",
    "training.accumulate": "batches of 16 clips",
    "training.optimiser": "with AdamW [@loshchilov2019adamw]",
    "training.learning_rate": "learning rate 0.251",
    "training.weight_decay": "weight decay 0.25",
    "training.momentum": "SGD (momentum 0.45)",
    "training.schedule": "(cosine schedule)",
    "training.step_epochs": "every 11 epochs",
    "training.step_factor": "times 0.25 every",
    "training.loss": "focal loss [@lin2017focal]",
    "training.focal_gamma": "(gamma 0.5)",
    "training.label_smoothing": "labels smoothed by 0.25",
    "training.class_weights": GONE + "classes weighted",
    "training.balanced_sampling": "classes drawn equally often",
    "training.scaling": "Inputs were scaled from 0..255 to 0..1.",
    "training.mixed_precision": "Training computed in 16-bit floats.",
}
OF_EXPERIMENT = {
    "network": ("ststnet", "The network ststnet [@liong2019ststnet]"),
    "network_settings": ({"filters": 4}, "; filters 4)"),
    "method": ("flow_svm", "trained on histograms of optical flow"),
    "factors": ([1], GONE + "Motion was multiplied by 10"),
    "seeds": ([0, 1], "repeated with the seeds 0, 1; tables show means"),
    "control": ("frozen", "training and test saw the onset frame repeated"),
    "nested": (True, "of the training subjects, between magnification factors."),
    "permute_labels": (1, "labels were permuted across subjects"),
}
PROTOCOLS = [
    ({"protocol": "loso"}, "Within each dataset, every subject was left out once"),
    ({"protocol": "composite"}, "left out once over all datasets pooled"),
    ({"protocol": "kfold", "folds": 3}, "divided into 3 groups"),
    ({"protocol": "holdout", "holdout": 0.5}, "50% of the subjects were tested"),
    ({"protocol": "file", "folds_file": "my_[folds].csv"}, r"read from my\_\[folds\].csv."),
    ({"protocol": "cross"}, "(smic, samm, mmew) was predicted by a model that was trained on the "
     "other datasets."),
    ({"protocol": "cross", "test_on": ["smic", "samm"]}, "(smic, samm) was predicted by a model "
     "that was trained on mmew."),
]  # fmt: skip


def changes_to(words, before, after):
    """Return whether a change adds these words, or with GONE removes them."""
    here, there = (before, after) if words.startswith(GONE) else (after, before)
    words = words.removeprefix(GONE)
    return words in here and words not in there


@pytest.mark.parametrize(("setting", "changed", "base"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_setting_has_its_words(setting, changed, base):
    after = text_of(**changed)
    assert changes_to(WORDS[setting], text_of(**base), after), after


@pytest.mark.parametrize("key", OF_EXPERIMENT)
def test_a_key_of_the_experiment_has_its_words(key):
    value, words = OF_EXPERIMENT[key]
    assert changes_to(words, PLAIN, text_of(**{key: value}))


@pytest.mark.parametrize(("given", "words"), PROTOCOLS)
def test_a_protocol_names_what_each_model_was_trained_on(given, words):
    assert words in text_of(members=("smic", "samm", "mmew"), **given)


def test_no_setting_without_an_effect_is_described():
    unused = {"select": {"frames": "apex-nine"}, "difference": "onset"}
    assert text_of(preparation={**FLOW, **unused}) == text_of(preparation=FLOW)
    drawn = text_of(training={"balanced_sampling": True, "class_weights": [1, 2]})
    assert "classes drawn equally often, classes weighted by 1.0, 2.0." in drawn
    every = {"select": {"frames": "windows", "every": 1}}
    assert "offset were used, and all other frames." in text_of(preparation=every)


def test_a_nested_choice_names_what_it_chose_between():
    grid = {"base": "e", "values": {"training.loss": "focal"}}
    between = "between magnification factors and values of the grid."
    assert between in text_of(nested=True, from_grid=grid)
    one = text_of(nested=True, from_grid=grid, factors=[10])
    assert "training subjects, between values of the grid." in one


@pytest.mark.parametrize(("network", "settings", "start"), [
    ("vgg16_transfer", {"weights": "imagenet"}, "weights started from a training on ImageNet"),
    ("r3d18", {}, "weights started at random"),
    ("r2plus1d18", {}, "weights started at random"),
])  # fmt: skip
def test_a_network_made_for_weights_scales_its_own_inputs(network, settings, start):
    text = text_of(network=network, network_settings=settings)
    assert start in text and "as the published weights of the network expect" in text
    assert "standardised" not in text


def test_an_external_program_had_the_clips_to_be_predicted():
    alone = text_of(method="command", command="mine")
    assert "Training received no label" not in alone and "no clip" not in alone
    assert "received no label of a tested subject; they had the clips to be predicted" in alone
    run = SimpleNamespace(experiment="e")
    training = SimpleNamespace(words=lambda name: ["bwrap"])
    ran = SimpleNamespace(runs=[SimpleNamespace(run=run, training=training)])
    ran.plan = plan_of(method="command", command="mine")
    text = " ".join(training_sentences(ran, "e"))
    assert "in a sandbox. It had the labels of the training clips only." in text


def test_a_name_is_no_markup_and_no_citation():
    label = "CNN [@x] *a_b* @li2013smic"
    text = text_of(label=label, permute_labels=1)
    assert r"guesses: CNN \[\@x\] \*a\_b\* \@li2013smic." in text
    assert references.bibtex(text) == references.bibtex(PLAIN)
    assert "@" not in references.bibtex("[@unknown]")


def test_what_was_not_done_is_not_mentioned():
    still = text_of(factors=[1])
    for word in ("magnification", "multiplied", "Differences are paired", "brightness"):
        assert word in PLAIN and word not in still
    assert not re.search(
        r"focal|randomly|inner folds|sandbox|optical flow|onset frame was|weight decay", PLAIN
    )
    svm = text_of(method="lbptop_svm")
    assert "LBP-TOP" in svm and not re.search(r"epoch|learning rate|network", svm)


def test_frames_that_enter_later_had_no_earlier_stage():
    from merflow.reporting.paper.preparation_text import preparation_sentences

    cropped = " ".join(preparation_sentences(Align(), Preparation(), ["x1"], {"cropped": ["mine"]}))
    assert "mine were already cropped" in cropped and "10 frames" in cropped
    assert "dlib" not in cropped and "margin" not in cropped
    plan = plan_of(preparation=FLOW)
    one = {"key": ["smic", "s01", "c"], "fps": 100, "numbers": [0], "enters_at": "interpolated"}
    sheets = {"smic": [one | {"flow": [["u", "v", "strain"], None, 1]}]}
    text = methods_text(Results(plan, None, [], {}, [], [], sheets, {}, names={"e": "e"}))
    assert "The clips of smic were already optical flow, not frames." in text
    assert "interpolated" not in text


def test_a_dataset_without_a_catalogue_leaves_no_gap():
    assert "SMIC [@li2013smic]: its clips could not be counted." in text_of(clips=0)


def test_every_citation_is_in_the_bibliography_and_no_other():
    cited = {*references.CITED.findall(PLAIN)}
    assert {"li2013smic", "wadhwa2013phase", "kingma2015adam", "merflow"} <= cited
    made = references.bibtex(PLAIN)
    assert {*re.findall(r"^@\w+{(\w+),$", made, re.M)} == cited
    assert made.count("{") == made.count("}")


def test_every_reader_with_a_publication_is_cited():
    published = {name for name in registry.names() if registry.spec_of(name).publication}
    assert published and published == {*references.DATASETS}


def test_every_key_that_a_setting_cites_is_known():
    tables = (references.DATASETS, references.MAGNIFICATION, references.NETWORKS)
    keys = {key for table in (*tables, references.FLOWS, references.OPTIMISERS)
            for key in table.values()}  # fmt: skip
    assert keys <= {*references.entries()}
    for entry in references.entries().values():
        assert re.search(r"\bauthor = {", entry) and re.search(r"\btitle = {", entry)


def with_key_frames(results):
    """Return results whose clips have onset and offset in the catalogue."""
    sheets = {
        name: [clip | {"onset": 0, "offset": 9} for clip in clips]
        for name, clips in results.sheets.items()
    }
    return replace(results, sheets=sheets)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    keys, labels = few()
    experiments = {
        "demo": {"factors": [1, 10], "label": "Small CNN"},
        "frozen": {"factors": [10], "control": "frozen"},
        "svm": {"factors": [1], "method": "lbptop_svm"},
        "poor": {"factors": [1], "method": "lbptop_svm"},
    }
    skill = {"demo": 0.9, "frozen": 0.95, "svm": 0.5}
    lost = (Skipped(*keys[-1], "align", "no face"),)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("texts"))
        plan = write_tree(Tree(experiments, keys, labels, skill, lost))
        found = read_content(plan)
        texts = {
            "methods": methods_text(found.results),
            "model": model_card(found.results, found.tables),
            "annotated": model_card(with_key_frames(found.results), found.tables),
            "data": data_card(found.results),
        }
    return texts


def test_the_methods_of_a_run_have_its_counts_and_versions(content):
    text = content["methods"]
    assert "left 53 clips of 9 subjects to be tested" in text and "This gave 9 folds." in text
    assert "1 clip could not be prepared and was left out." in text
    assert "46,323 parameters" in text and "merflow 0.1.0" in text
    assert "*Small CNN.* The network cnn3d" in text and "demo" not in text
    assert "Negative controls, which should score as guesses: frozen." in text


def test_the_model_card_has_scores_limits_and_intended_use(content):
    text = content["model"]
    for word in ("lie detection", "| Small CNN | x10 |", "F1 of each class", "46,323"):
        assert word in text
    assert "Negative control above the guesses: frozen x10" in text
    assert "53 clips of 9 subjects from" in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# Model card"]


def test_the_model_card_claims_annotated_clips_only_where_key_frames_are_known(content):
    claimed = "onset and offset of every tested clip were known"
    assert claimed not in content["model"] and claimed in content["annotated"]
    assert "No score is claimed for raw recordings" in content["model"]


def test_no_negative_control_is_marked_as_best_in_the_model_card(content):
    rows = [line for line in content["model"].splitlines() if "±" in line or "[" in line]
    bold = {line.split(" | ")[0].strip("| ") for line in rows if "**" in line}
    assert bold == {"svm", "poor"} or bold == {"svm"}


def test_the_data_card_counts_clips_by_class_and_subject(content):
    text = content["data"]
    assert "| CASME II | 18 | 3 | 6 | 6 | 6 | 6 – 6 – 6 | 0 |" in text
    assert "| all | 54 | 9 | 18 | 18 | 18 | 6 – 6 – 6 | 1 |" in text
    assert "no redistribution" in text and "consent" in text
