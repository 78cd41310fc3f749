"""Consent to show a face: written once, in the manifest or the config, and asked by one function."""

import pytest

from merflow.clip import ClipKey
from merflow.config.flatten import settings_digest
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets.publishable import may_show, publishable_subjects, refuse_recorded
from merflow.datasets.registry import GENERATED, read_dataset
from merflow.errors import MerflowError
from merflow.workflow import run_fingerprints
from merflow.workflow.changes import changes
from merflow.workflow.plan import Plan


def manifest(folder, *rows):
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["dataset,subject,clip,path,publishable", *rows]
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return DatasetEntry(root=str(folder), reader="manifest")


def key(subject, dataset="mine"):
    return ClipKey(dataset, subject, "c")


def test_one_row_of_a_subject_gives_the_consent(tmp_path):
    rows = ["mine,p1,a,a.avi,", "mine,p1,b,b.avi,Yes", "mine,p2,c,c.avi,", "mine,p3,d,d.avi,no"]
    entry = manifest(tmp_path, *rows, "other,p4,e,e.avi,yes")
    assert publishable_subjects("mine", entry) == {"p1"}
    assert [may_show(key(p), entry) for p in ("p1", "p2", "p3", "p4")] == [
        True,
        False,
        False,
        False,
    ]
    # Withdrawn: at once.
    manifest(tmp_path, *[row.replace("Yes", "no") for row in rows])
    assert not may_show(key("p1"), entry)


def test_relative_roots_start_at_the_project(tmp_path):
    manifest(tmp_path / "data", "mine,p1,a,a.avi,yes")
    entry = DatasetEntry(root="data", reader="manifest")
    assert may_show(key("p1"), entry, tmp_path)
    assert not may_show(key("p1"), entry, tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            ["mine,p1,a,a.avi,yes", "mine,p1,b,b.avi,no"],
            "'no' for subject 'p1', after 'yes' in row 2",
        ),
        (["mine,p1,a,a.avi,perhaps"], "'perhaps'"),
    ],
)
def test_an_unclear_consent_is_an_error_of_the_manifest(tmp_path, rows, says):
    entry = manifest(tmp_path, *rows)
    with pytest.raises(MerflowError, match="column 'publishable'") as error:
        publishable_subjects("mine", entry)
    assert says in error.value.found
    found = [p for p in read_dataset("mine", entry).errors if "publishable" in p.where]
    assert len(found) == 1 and says in found[0].found


def test_the_column_is_no_unread_one(tmp_path):
    entry = manifest(tmp_path, "mine,p1,a,a.avi,yes")
    assert not any("not read" in p.found for p in read_dataset("mine", entry).problems)


def test_the_config_lists_what_a_licence_allows(tmp_path):
    entry = DatasetEntry(root=str(tmp_path), publishable=("sub01",))
    assert may_show(key("sub01", "casme2"), entry)
    assert not may_show(key("sub02", "casme2"), entry)
    with pytest.raises(MerflowError, match="recorded person") as error:
        refuse_recorded(key("sub02", "casme2"), entry, tmp_path, "look away")
    assert "publishable: [sub02]` under datasets.casme2" in error.value.fix
    (tmp_path / GENERATED).write_text("{}")
    refuse_recorded(key("sub02", "casme2"), entry, tmp_path, "look away")


def test_a_no_in_the_manifest_precedes_the_config(tmp_path):
    entry = manifest(tmp_path, "mine,s1,a,a.avi,no", "mine,s2,b,b.avi,")
    entry = entry.model_copy(update={"publishable": ("s1", "s2")})
    assert publishable_subjects("mine", entry) == {"s2"}
    assert not may_show(key("s1"), entry) and may_show(key("s2"), entry)


def test_a_name_in_the_config_that_no_clip_has_is_named(tmp_path):
    entry = manifest(tmp_path, "mine,p01,a,a.avi,").model_copy(update={"publishable": ("p1",)})
    found = [p for p in read_dataset("mine", entry).problems if "publishable" in p.where]
    assert [p.severity for p in found] == ["warning"] and "did you mean 'p01'" in found[0].found


def test_consent_in_the_config_makes_no_table_again():
    before = Settings(datasets={"casme2": DatasetEntry(root="x")})
    after = Settings(datasets={"casme2": DatasetEntry(root="x", publishable=("sub01",))})
    assert settings_digest(before) == settings_digest(after)
    assert "publishable" not in before.model_dump_json()


def test_another_consent_makes_the_report_again(tmp_path):
    plans = []
    for answer in ("", "yes"):
        entry = manifest(tmp_path, f"mine,p1,a,a.avi,{answer}")
        plan = Plan(Settings(datasets={"mine": entry}))
        plans.append(run_fingerprints.report(plan, {}, {"mine": "same"}))
        assert "publishable" not in run_fingerprints.tables(plan, {})
    assert changes(*plans) == "other subjects of mine may be shown"
    assert "publishable" not in plans[0]
