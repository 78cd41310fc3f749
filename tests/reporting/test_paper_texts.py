"""Methods and cards: every sentence follows from a setting; what was not done is not mentioned."""

import re
from typing import Literal, get_args, get_origin

import pytest
from report_tree import Tree, few, write_tree

from merflow.config.display_names import display_names
from merflow.config.loading import validate
from merflow.config.stage_settings import Align, Preparation
from merflow.config.training_settings import Training
from merflow.reporting.html.run_data import Results
from merflow.reporting.html_report import read_content
from merflow.reporting.paper import references
from merflow.reporting.paper.cards import data_card, model_card
from merflow.reporting.paper.methods import methods_text
from merflow.workflow.plan import Plan


def text_of(align=(), preparation=(), clips=1, **entry):
    """Return the methods of one experiment with these settings, without results."""
    settings = validate({
        "datasets": {"smic": {"root": "data", "fps": 100}},
        "collections": {"all": ["smic"]},
        "align": dict(align),
        "preparations": {"grey": dict(preparation)},
        "experiments": {
            "e": {"preparation": "grey", "collection": "all", "factors": [1, 10], **entry}
        },
    })  # fmt: skip
    plan = Plan(settings, {"smic": []})
    one = {"key": ["smic", "s01", "c"], "fps": 100, "numbers": [1], "enters_at": "raw"}
    sheets = {"smic": [one] * clips}
    return methods_text(
        Results(plan, None, [], {}, [], [], sheets, {}, names=display_names(settings))
    )


PLAIN = text_of()
SVM = {"method": "lbptop_svm"}
FLOW = {"kind": "flow"}


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
]  # fmt: skip
NOT_METHOD = {"device", "threads", "tensorboard", "deterministic", "inner_support", "start_sha256"}
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
OF_EXPERIMENT = {
    "network": "ststnet", "factors": [1], "scheme": "binary", "protocol": "loso", "seeds": [0, 1],
    "control": "frozen", "nested": True, "permute_labels": 1, "method": "flow_svm",
    "network_settings": {"filters": 4}, "folds": 3, "holdout": 0.5, "label": "Small CNN",
}  # fmt: skip


@pytest.mark.parametrize(("setting", "changed", "base"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_setting_changes_its_sentence(setting, changed, base):
    before, after = text_of(**base), text_of(**changed)
    assert before != after, setting


@pytest.mark.parametrize("key", ["network", "factors", "protocol", "seeds", "control", "nested",
                                 "permute_labels", "network_settings"])  # fmt: skip
def test_a_key_of_the_experiment_changes_its_sentence(key):
    assert text_of(**{key: OF_EXPERIMENT[key]}) != PLAIN


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


def test_a_dataset_without_a_catalogue_leaves_no_gap():
    assert "SMIC [@li2013smic]: its clips could not be counted." in text_of(clips=0)


def test_every_citation_is_in_the_bibliography_and_no_other():
    cited = {*references.CITED.findall(PLAIN)}
    assert {"li2013smic", "wadhwa2013phase", "kingma2015adam", "merflow"} <= cited
    made = references.bibtex(PLAIN)
    assert {*re.findall(r"^@\w+{(\w+),$", made, re.M)} == cited
    assert made.count("{") == made.count("}")


def test_every_key_that_a_setting_cites_is_known():
    tables = (references.DATASETS, references.MAGNIFICATION, references.NETWORKS)
    keys = {key for table in (*tables, references.FLOWS, references.OPTIMISERS)
            for key in table.values()}  # fmt: skip
    assert keys <= {*references.entries()}
    for entry in references.entries().values():
        assert re.search(r"\bauthor = {", entry) and re.search(r"\btitle = {", entry)


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
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("texts"))
        plan = write_tree(Tree(experiments, keys, labels, skill))
        found = read_content(plan)
        texts = {
            "methods": methods_text(found.results),
            "model": model_card(found.results, found.tables),
            "data": data_card(found.results),
        }
    return texts


def test_the_methods_of_a_run_have_its_counts_and_versions(content):
    text = content["methods"]
    assert "54 clips of 9 subjects" in text and "This gave 9 folds." in text
    assert "46,323 parameters" in text and "merflow 0.1.0" in text
    assert "*Small CNN.* The network cnn3d" in text and "demo" not in text
    assert "Negative controls, which should score as guesses: frozen." in text


def test_the_model_card_has_scores_limits_and_intended_use(content):
    text = content["model"]
    for word in ("lie detection", "| Small CNN | x10 |", "F1 of each class", "46,323"):
        assert word in text
    assert "Negative control above the guesses: frozen x10" in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# Model card"]


def test_no_negative_control_is_marked_as_best_in_the_model_card(content):
    rows = [line for line in content["model"].splitlines() if "±" in line or "[" in line]
    bold = {line.split(" | ")[0].strip("| ") for line in rows if "**" in line}
    assert bold == {"svm", "poor"} or bold == {"svm"}


def test_the_data_card_counts_clips_by_class_and_subject(content):
    text = content["data"]
    assert "| CASME II | 18 | 3 | 6 | 6 | 6 | 6 – 6 – 6 | 0 |" in text
    assert "| all | 54 | 9 | 18 | 18 | 18 |" in text
    assert "no redistribution" in text and "consent" in text
