"""Traps planted one by one: each is caught, and its clean neighbour passes."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from audit_makers import (
    CLASSES,
    EXPERIMENT,
    annotated,
    answered,
    best_per_fold,
    claim,
    curves,
    epochs,
    matrix,
    mean_of_folds,
    printed,
    sides,
    table,
)

from merflow.clip import Clip, ClipKey
from merflow.commands.audit import audit as command
from merflow.datasets.clip_ids import canonical
from merflow.errors import MerflowError
from merflow.evaluation.audit import claim_checks
from merflow.evaluation.audit.checklist import CHECKS
from merflow.evaluation.audit.evidence import Evidence, Recorded, Sides
from merflow.evaluation.audit.run import audit, render_audit
from merflow.evaluation.audit.test_set_selection import Epochs
from merflow.evaluation.confidence import permutation_rank
from merflow.evaluation.metrics import accuracy, confusion, per_class_f1, uar, uf1
from merflow.evaluation.predictions import write_pooled
from merflow.workflow.audit_inputs import add_folds, add_log, add_pretraining, claimed_scores

RUN = epochs()
POOLED_BEST = RUN.predictions[
    int(np.argmax([float(uf1(confusion(RUN.table.truth, a, 3))) for a in RUN.predictions[:-1]]))
]
WEIGHTED = float(per_class_f1(matrix()) @ matrix().sum(1) / 442)
SUBJECTS = frozenset({("casme2", "other"), ("smic", "s00")})
TORN = table().changed(folds=tuple(f"fold{i % 5}" for i in range(442)))
SHARED = [*sides()[:-1], Sides("x", [ClipKey("samm", "s50", "flipped_0")], sides()[-1].test)]
SHARED[-1] = SHARED[-1]._replace(train=[SHARED[-1].test[0]._replace(clip="0_0_flipped")])
FEW = table().take([i for i, k in enumerate(table().keys) if k.subject in ("s00", "s01", "s02")])
ABSENT = table().take(np.flatnonzero(table().truth != 2))

PLANTED = {  # trap, evidence with it, evidence without
    "a changed file": (
        "files changed since they were made",
        Evidence(table(), recorded=Recorded(9, ["predictions.csv: changed"])),
        Evidence(table(), recorded=Recorded(10, [])),
    ),
    "best epoch of each fold, from answers": (
        "epoch chosen on the test subject",
        Evidence(answered(best_per_fold(RUN)), RUN),
        Evidence(answered(RUN.predictions[-1]), RUN),
    ),
    "best common epoch": (
        "epoch chosen on the test subject",
        Evidence(answered(POOLED_BEST), Epochs(RUN.table, RUN.predictions)),
        Evidence(answered(RUN.predictions[-1]), RUN),
    ),
    "best epoch of each fold, from accuracies": (
        "epoch chosen on the test subject",
        curves(RUN, best_per_fold(RUN)),
        curves(RUN, RUN.predictions[-1]),
    ),
    "mean of folds": ("mean of folds", claim(mean_of_folds(table())), claim(uf1(matrix()))),
    "micro F1": ("another F1 called UF1", claim(accuracy(matrix())), claim(uf1(matrix()))),
    "weighted F1": (
        "another F1 called UF1",
        claim(WEIGHTED),
        claim(uf1(matrix()), digits=3),
    ),
    "accuracy as UAR": (
        "another F1 called UF1",
        claim(uf1(matrix()), accuracy(matrix())),
        claim(uf1(matrix()), uar(matrix())),
    ),
    "mean recall of folds": (
        "mean of folds",
        claim(uf1(matrix()), mean_of_folds(table(), uar)),
        claim(uf1(matrix()), uar(matrix())),
    ),
    "absent class": ("absent classes", Evidence(ABSENT), Evidence(table())),
    "split by clip": ("subjects on both sides", Evidence(TORN), Evidence(table(), folds=sides())),
    "augmented copy in training": (
        "subjects on both sides",
        Evidence(table(), folds=SHARED),
        Evidence(table(), folds=sides()),
    ),
    "pretrained on a test subject": (
        "pretrained on tested subjects",
        Evidence(table(), pretrained_on=SUBJECTS),
        Evidence(table(), pretrained_on=SUBJECTS - {("smic", "s00")}),
    ),
    "sets trained apart": (
        "protocols mixed",
        Evidence(table(), folds=sides(within=True)),
        Evidence(table(), folds=sides()),
    ),
    "apex outside": (
        "key frames out of order",
        Evidence(table(), clips=[replace(annotated()[0], apex=25)]),
        Evidence(table(), clips=annotated()),
    ),
    "action units that say nothing": (
        "noisy labels",
        Evidence(
            table(),
            clips=[
                Clip(k, "/x", ("a",), (1,), 100.0, "e", action_units="4")
                for k in (table().keys[0], table().keys[5])
            ],
        ),
        Evidence(table(), clips=annotated(action_units="4")),
    ),
    "few subjects": ("too few subjects", Evidence(FEW), None),
    "a guess": ("no better than a guess", Evidence(table(skill=0.0)), Evidence(table())),
    "permuted labels as good": (
        "no better than permuted labels",
        Evidence(table(), permuted=[0.3, 0.9]),
        Evidence(table(), permuted=[0.3] * 20),
    ),
    "not the official clips": ("another set of clips", Evidence(table()), None),
}


PROPERTIES = {"absent classes", "noisy labels", "too few subjects", "key frames out of order"}
"""Checks of the data: what they find is no fault of a run."""


def verdict(evidence, name):
    (found,) = [f for f in audit(evidence) if f.trap == name]
    return found


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_trap_is_caught_and_its_neighbour_passes(case):
    name, dirty, clean = PLANTED[case]
    assert verdict(dirty, name).verdict == ("note" if name in PROPERTIES else "fail")
    assert verdict(dirty, name).fix
    if clean is not None:
        assert verdict(clean, name).verdict == "pass", verdict(clean, name).because


def test_every_trap_is_planted_or_needs_a_run():
    needs_a_run = {"fitted on all clips", "tuned on the table"}
    assert {name for name, *_ in PLANTED.values()} | needs_a_run == {t.name for t in CHECKS}


def test_the_official_list_is_recognised_with_its_true_names():
    assert "the official 442" not in verdict(Evidence(table()), "another set of clips").because
    other = table().changed(keys=tuple(k._replace(dataset="mine") for k in table().keys))
    assert verdict(Evidence(other), "another set of clips").verdict == "cannot tell"
    ours = verdict(Evidence(table(), experiment=EXPERIMENT), "another set of clips")
    assert ours.verdict == "pass"
    assert "not called MEGC2019" in ours.because
    claimed = EXPERIMENT.model_copy(update={"scheme": "megc2019"})
    assert verdict(Evidence(table(), experiment=claimed), "another set of clips").verdict == "fail"


@pytest.mark.parametrize(("found", "official"), [
    (("samm", "6", "006_1_2"), ("samm", "006", "006_1_2")),
    (("samm", "036", "036_7_5"), ("samm", "036", "036_7_5")),
    (("smic", "s3", "s3_ne_03"), ("smic", "s03", "s03_ne_03")),
    (("smic", "s11", "s11_ne_03"), ("smic", "s11", "s11_ne_03")),
    (("casme2", "sub01", "EP02_01f"), ("casme2", "sub01", "EP02_01f")),
])  # fmt: skip
def test_ids_without_their_zeros_are_the_same_clips(found, official):
    assert canonical(ClipKey(*found)) == official


def test_the_official_list_is_asked_with_its_own_ids(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "merflow.datasets.official_composite.differences", lambda found: asked.append(found) or []
    )
    short = tuple(k._replace(subject="6") if k.dataset == "samm" else k for k in table().keys)
    keys = tuple(k._replace(clip=f"{i}") for i, k in enumerate(short))
    assert verdict(Evidence(table().changed(keys=keys)), "another set of clips").verdict == "pass"
    assert {k.subject for k in asked[0] if k.dataset == "samm"} == {"006"}


def test_predictions_alone_leave_most_untold():
    found = audit(Evidence(table()))
    assert sum(f.verdict == "cannot tell" for f in found) >= 8
    assert all(f.because for f in found)


def test_a_run_of_ours_tells_what_predictions_cannot():
    found = {
        f.trap: f.verdict for f in audit(Evidence(table(), folds=sides(), experiment=EXPERIMENT))
    }
    for name in (
        "epoch chosen on the test subject",
        "mean of folds",
        "another F1 called UF1",
        "fitted on all clips",
        "tuned on the table",
        "pretrained on tested subjects",
        "subjects on both sides",
    ):
        assert found[name] == "pass"
    imagenet = {"network": "vgg16_transfer", "network_settings": {"weights": "imagenet"}}
    start = Evidence(table(), experiment=EXPERIMENT.model_copy(update=imagenet), from_imagenet=True)
    assert "ImageNet" in verdict(start, "pretrained on tested subjects").because
    command = EXPERIMENT.model_copy(update={"method": "command"})
    assert (
        verdict(Evidence(table(), experiment=command), "fitted on all clips").verdict
        == "cannot tell"
    )


def test_an_unknown_claim_is_not_called_right():
    assert verdict(claim(0.123), "mean of folds").verdict == "cannot tell"
    assert verdict(claim(0.123), "another F1 called UF1").verdict == "cannot tell"


def claims(score, names=("UF1",), digits=3):
    """A claim of one score of every part: `score(part's table, metric)`."""
    parts = ("full", "smic", "casme2", "samm")
    metrics = {"UF1": uf1, "UAR": uar}
    return {
        p: {n: printed(score(table().part(p), metrics[n]), digits) for n in names} for p in parts
    }


def test_figures_that_agree_are_proof_and_one_that_does_not_is_none():
    wrong = claims(mean_of_folds, ("UF1", "UAR"))
    found = verdict(Evidence(table(), claimed=wrong), "mean of folds")
    assert found.verdict == "fail" and found.because.count("is the mean of folds") == 8
    for part, name in (("samm", "UF1"), ("full", "UAR")):
        mixed = {p: dict(c) for p, c in wrong.items()}
        mixed[part][name] = printed(0.999, 3)
        found = verdict(Evidence(table(), claimed=mixed), "mean of folds")
        assert found.verdict == "cannot tell", "eight figures coincide in parts by chance"
        assert "is the mean of folds" in found.because and "nothing" in found.because
        assert f"{part} {name} 0.999 is neither" in found.because
    for part in ("samm", "full"):  # some pooled, some not
        mixed = claims(lambda t, score: score(matrix(t))) | {part: wrong[part]}
        assert verdict(Evidence(table(), claimed=mixed), "mean of folds").verdict == "cannot tell"


def test_unrelated_figures_are_no_proof():
    rng, theirs, alone = np.random.default_rng(5), table(), 0
    for _ in range(50):
        claimed = {
            part: {name: printed(rng.normal(0.65, 0.05), 3) for name in ("UF1", "UAR")}
            for part in ("full", "smic", "casme2", "samm")
        }
        evidence = Evidence(theirs, claimed=claimed)
        found = claim_checks.averaged_folds(evidence), claim_checks.wrong_f1(evidence)
        assert [verdict for verdict, _ in found] == ["cannot tell"] * 2
        alone += any(f" is {word}" in found[0][1] for word in ("the mean", "micro", "weighted"))
    assert alone, "some figures are another score, by chance"


def test_each_metric_may_be_another_score():
    claimed = {"full": {"UF1": printed(mean_of_folds(table()), 3),
                        "UAR": printed(accuracy(matrix()), 3)}}  # fmt: skip
    for name in ("mean of folds", "another F1 called UF1"):
        assert verdict(Evidence(table(), claimed=claimed), name).verdict == "fail"


def test_figures_are_compared_at_the_digits_that_were_printed():
    score = float(uf1(matrix()))
    for digits in (2, 3, 4):
        for shown in (round(score, digits), int(score * 10**digits) / 10**digits):
            (typed,) = claimed_scores((f"full={shown:.{digits}f}",), table()).values()
            assert verdict(Evidence(table(), claimed={"full": typed}), "mean of folds").verdict == (
                "pass"
            ), (digits, shown)
        off = claimed_scores((f"full={score + 2 * 10**-digits:.{digits}f}",), table())
        assert verdict(Evidence(table(), claimed=off), "mean of folds").verdict == "cannot tell"
    typed = claimed_scores(("full=.760,.7", "samm=.66123"), table())
    assert [f.digits for part in typed.values() for f in part.values()] == [3, 2, 4]


def test_one_figure_with_two_digits_is_no_proof_and_two_are():
    name = "mean of folds"
    assert verdict(claim(mean_of_folds(table()), digits=2), name).verdict == "cannot tell"
    both = {p: claims(mean_of_folds, digits=2)[p] for p in ("full", "samm")}
    assert verdict(Evidence(table(), claimed=both), name).verdict == "fail"


def test_what_is_no_network_has_no_epochs_to_choose():
    for method, stopping, expected in (
        ("lbptop_svm", "fixed", "pass"),
        ("flow_svm", "fixed", "pass"),
        ("command", "fixed", "cannot tell"),
        ("command", "inner", "cannot tell"),
    ):
        training = EXPERIMENT.training.model_copy(update={"stopping": stopping})
        ours = EXPERIMENT.model_copy(update={"method": method, "training": training})
        facts = [{"fold": "f", "epochs": 1}] if expected == "pass" else [{"fold": "f"}]
        evidence = Evidence(table(), folds=sides(), experiment=ours, facts=facts)
        found = verdict(evidence, "epoch chosen on the test subject")
        assert found.verdict == expected and "20" not in found.because
        assert verdict(evidence, "pretrained on tested subjects").verdict == expected
        assert "random weights" not in verdict(evidence, "pretrained on tested subjects").because
        assert "scaling" not in verdict(evidence, "fitted on all clips").because


def test_permuted_runs_tell_as_much_as_their_p():
    for permuted, expected in (
        ([0.3], "cannot tell"),
        ([0.3] * 18, "cannot tell"),
        ([0.3] * 19, "pass"),
        ([0.3] * 98 + [0.9] * 2, "pass"),
        ([0.3] * 90 + [0.9] * 10, "fail"),
    ):
        evidence = Evidence(table(), permuted=permuted)
        found = verdict(evidence, "no better than permuted labels")
        assert found.verdict == expected, found.because
        assert ("at least 19" in found.because) == (expected == "cannot tell")


def test_one_early_epoch_that_is_not_the_best_is_no_proof():
    worst = int(
        np.argmin([float(uf1(confusion(RUN.table.truth, a, 3))) for a in RUN.predictions[:-1]])
    )
    found = verdict(
        Evidence(answered(RUN.predictions[worst]), RUN), "epoch chosen on the test subject"
    )
    assert found.verdict == "cannot tell"


def test_the_rank_among_permutations():
    assert permutation_rank(0.7, [0.3] * 19) == (0, 0.05)
    assert permutation_rank(0.3, [0.2, 0.3, 0.4])[0] == 2
    assert permutation_rank(0.31904761904, [0.319047619])[0] == 1  # read from a table


def test_the_report_counts_verdicts_and_says_what_to_do():
    text = render_audit(audit(Evidence(TORN)))
    assert "FAIL         subjects on both sides" in text
    assert "to do: split by (dataset, subject)" in text
    assert "NOTE         too few subjects" in text and "2 fail, 1 note, " in text
    assert text.rstrip().endswith("cannot tell")
    assert "to do: read the interval as too narrow" in text


def test_evidence_from_files(tmp_path, capsys):
    write_pooled(tmp_path / "theirs.csv", answered(best_per_fold(RUN)))
    with open(tmp_path / "epochs.csv", "w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(("dataset", "subject", "clip", "epoch", "predicted"))
        for epoch, answers in enumerate(RUN.predictions, 1):
            for key, answer in zip(RUN.table.keys, answers, strict=True):
                rows.writerow((*key, epoch, CLASSES[answer]))
    made = answered(best_per_fold(RUN))
    figures = f"full={float(uf1(matrix(made))):.4f},{float(uar(matrix(made))):.4f}"
    (tmp_path / "pre.csv").write_text("dataset,subject\nsmic,s00\n")
    with open(tmp_path / "folds.csv", "w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(("fold", "dataset", "subject", "clip", "side"))
        rows.writerows((f.name, *k, "train") for f in sides() for k in f.train)
        rows.writerows((f.name, *k, "test") for f in sides() for k in f.test)
    arguments = {
        "log": tmp_path / "epochs.csv",
        "folds": tmp_path / "folds.csv",
        "pretrained": tmp_path / "pre.csv",
        "claimed": (figures,),
    }
    command(tmp_path / "theirs.csv", **arguments)
    text = capsys.readouterr().out
    assert "FAIL         epoch chosen on the test subject" in text
    assert "FAIL         pretrained on tested subjects" in text
    assert "PASS         mean of folds" in text
    assert "PASS         subjects on both sides" in text
    assert "FORBIDDEN RULES" in text
    command(tmp_path / "theirs.csv", json=True)
    assert len(json.loads(capsys.readouterr().out)) == len(CHECKS)


def test_malformed_evidence_is_named_by_row(tmp_path):
    path, evidence = tmp_path / "x.csv", Evidence(table())
    for text, add, words in (
        ("fold,epoch,accuracy\na,1,0.5\na,two,0.5\n", add_log, "row 3"),
        ("fold,epoch,accuracy\na,1,50\n", add_log, "row 2: accuracy 50"),
        ("fold,epoch\na,1\n", add_log, "no column 'accuracy'"),
        ("fold,dataset,subject,clip,side\na,b,c,d,left\n", add_folds, "row 2: side 'left'"),
        ("dataset\na\n", add_pretraining, "no column 'subject'"),
    ):
        path.write_text(text)
        with pytest.raises(MerflowError) as caught:
            add(evidence, path)
        assert words in str(caught.value)
    for word in ("full", "full=x", "nowhere=.5", "full=.1,.2,.3"):
        with pytest.raises(MerflowError, match="not a part and its figures"):
            claimed_scores((word,), table())
    for word in ("full=70,65", "full=.7,nan", "full=-.1"):
        with pytest.raises(MerflowError, match="not shares"):
            claimed_scores((word,), table())


def test_a_log_and_a_mean_of_folds_need_the_column_fold():
    known = curves(RUN, RUN.predictions[-1])
    bare = replace(known, table=known.table.changed(folds=("",) * 442))
    found = verdict(bare, "epoch chosen on the test subject")
    assert found.verdict == "cannot tell" and "no column fold" in found.because
    assert "no column fold" in verdict(replace(bare, claimed={"full": {"UF1": printed(0.5)}}),
                                       "mean of folds").because  # fmt: skip


def test_a_dataset_that_goes_by_another_name_is_asked_about():
    for name, meant in (("CASME II", "casme2"), ("SAMM", "samm"), ("CASME III", ""), ("mine", "")):
        other = table().changed(keys=tuple(k._replace(dataset=name) for k in table().keys))
        because = verdict(Evidence(other), "another set of clips").because
        assert f"no official list covers {name}" in because
        assert (f"did you mean '{meant}'" in because) == bool(meant) and (
            "did you" in because
        ) <= bool(meant)


def test_a_cross_run_says_on_what_it_was_trained_and_tested():
    tested = table().part("samm")
    rest = [k for k in table().keys if k.dataset == "casme2"]
    cross = Evidence(tested, folds=[Sides("samm", rest, list(tested.keys))])
    found = verdict(cross, "protocols mixed")
    assert found.verdict == "pass" and "trained on casme2, tested on samm" in found.because
    assert verdict(Evidence(tested), "protocols mixed").because == "one dataset only"


def test_only_a_runs_folder_is_told_to_permute():
    name = "no better than permuted labels"
    assert "--permute" not in verdict(Evidence(table()), name).because
    assert "--permute 20" in verdict(Evidence(table(), experiment=EXPERIMENT), name).because
