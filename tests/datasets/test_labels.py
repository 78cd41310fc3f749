"""Schemes map emotions to classes per dataset; the official composite is exact."""

from collections import Counter
from dataclasses import replace

import composite_lists
import full_size
import pytest

from merflow.clip import Clip, ClipKey
from merflow.config.settings import DatasetEntry, Settings
from merflow.datasets import labels, official_composite
from merflow.datasets.registry import names as dataset_names
from merflow.datasets.registry import spec_of
from merflow.datasets.subject_ids import canonical_names, canonical_subject
from merflow.errors import MerflowError


def clip(dataset="casme2", emotion="disgust", subject="sub01", name="EP02_01f", objective=""):
    key = ClipKey(dataset, subject, name)
    return Clip(key, "", (), (), 200.0, emotion, objective=objective)


def clips_of(dataset, variant=""):
    return [
        clip(dataset, e.emotion, e.subject, e.clip, e.objective)
        for e in full_size.plan(dataset, variant).expected
    ]


def counts(scheme, clips):
    return Counter(labels.apply_scheme(scheme, clips)[1])


def test_three_gives_the_published_counts():
    assert counts("three", clips_of("smic")) == {"negative": 70, "positive": 51, "surprise": 43}
    assert counts("three", clips_of("casme2")) == {"negative": 90, "positive": 32, "surprise": 25}
    assert counts("three", clips_of("samm")) == {"negative": 92, "positive": 26, "surprise": 15}
    assert counts("three", clips_of("casme3")) == {"negative": 457, "positive": 55, "surprise": 187}
    assert counts("three", clips_of("casme_sq")) == {"negative": 21, "positive": 8, "surprise": 9}


def test_megc2019_mapping_and_exclusions_give_the_published_counts_by_label():
    found = Counter(
        labels.label("megc2019", c)
        for name in ("smic", "casme2", "samm")
        for c in clips_of(name)
        if labels.label("megc2019", c)
    )
    assert found == {"negative": 250, "positive": 109, "surprise": 83}
    assert sum(found.values()) == official_composite.CLIPS


def test_megc2019_excludes_clips_by_name_with_a_reason():
    unknown_apex = clip(emotion="disgust", subject="sub04", name="EP12_01f")
    relabelled = clip(emotion="surprise", subject="sub24", name="EP07_01")
    assert labels.label("three", unknown_apex) == "negative"
    assert labels.label("three", relabelled) == "surprise"
    assert "apex is unknown" in labels.explain("megc2019", unknown_apex).reason
    assert "2014 sheet" in labels.explain("megc2019", relabelled).reason
    assert labels.label("megc2019", unknown_apex) is labels.label("megc2019", relabelled) is None


def test_official_digests_match_smic_with_ids_by_rule():
    found = dict(zip(*labels_of_smic(), strict=True))
    assert (
        official_composite.differences(found, {"smic": official_composite.OFFICIAL["smic"]}) == []
    )
    swapped = found | {next(iter(found)): "surprise"}
    assert official_composite.differences(
        swapped, {"smic": official_composite.OFFICIAL["smic"]}
    ) == ["smic/s01: s01_ne_01 is surprise, officially negative"]


def labels_of_smic():
    kept, names = labels.apply_scheme("three", clips_of("smic"))
    return [c.key for c in kept], names


def test_official_table_holds_442_clips_of_68_subjects():
    table = official_composite.OFFICIAL
    totals = {name: sum(n for n, _ in subjects.values()) for name, subjects in table.items()}
    assert totals == {"smic": 164, "casme2": 145, "samm": 133}
    assert {n: len(s) for n, s in table.items()} == {"smic": 16, "casme2": 24, "samm": 28}
    assert (
        sum(totals.values()) == official_composite.CLIPS
        and official_composite.SUBJECTS == 16 + 24 + 28
    )


def small_official():
    found = dict(zip(*labels_of_smic(), strict=True))
    return (
        found,
        {"smic": official_composite.OFFICIAL["smic"]},
        official_composite.ids_digest(found),
    )


def test_composite_accepts_the_official_set_and_nothing_else():
    found, official, digest = small_official()
    official_composite.check_composite(found, official, digest)
    first = next(iter(found))
    cases = {
        "1 of 6 clips are missing": {k: v for k, v in found.items() if k != first},
        "extra clip s01_ne_09": found | {ClipKey("smic", "s01", "s01_ne_09"): "negative"},
        "2 extra clips among s01_ne_01": found
        | {ClipKey("smic", "s01", f"s01_ne_{n}"): "negative" for n in (98, 99)},
        "none is official": found | {ClipKey("smic", "s07", "s07_ne_01"): "negative"},
        "casme3 is not part of the composite": found
        | {ClipKey("casme3", "spNO.001", "a_7"): "negative"},
        r"the ids or classes of its 6 clips differ \(.*, s01_ne_99\)": {
            k: v for k, v in found.items() if k != first
        }
        | {ClipKey("smic", "s01", "s01_ne_99"): found[first]},
    }
    for words, changed in cases.items():
        with pytest.raises(MerflowError, match=words):
            official_composite.check_composite(changed, official, digest)


def test_megc2019_refuses_a_part_of_the_composite_by_name():
    with pytest.raises(MerflowError) as error:
        labels.apply_scheme("megc2019", clips_of("smic"))
    text = str(error.value)
    assert "casme2 is missing (145 clips of 24 subjects)" in text
    assert "samm is missing (133 clips of 28 subjects)" in text


def test_look_alikes_have_the_official_number_of_clips_in_every_subject():
    # Their ids are made up, so each subject differs by its ids and never by its count.
    kept = {
        c.key: label
        for name in ("smic", "casme2", "samm")
        for c in clips_of(name)
        if (label := labels.label("megc2019", c))
    }
    lines = official_composite.differences(kept)
    assert lines and all(" its " in line and "differ" in line for line in lines)


@pytest.mark.parametrize("scheme", ["five", "seven"])
def test_schemes_with_different_classes_cannot_be_pooled(scheme):
    labels.classes(scheme, None, ["casme2"])
    with pytest.raises(MerflowError) as error:
        labels.apply_scheme(scheme, [*clips_of("casme2"), *clips_of("samm")])
    assert "casme2: disgust" in str(error.value) and "contempt" in str(error.value)


def test_seven_pools_what_means_the_same():
    assert labels.classes("seven", None, ["jaffe", "ktfe"]) == labels.classes(
        "seven", None, ["jaffe"]
    )


def test_datasets_without_a_scheme_refuse_it():
    for scheme, dataset in (("five", "smic"), ("objective", "smic"), ("seven", "casme_sq")):
        with pytest.raises(MerflowError, match=f"no classes for {dataset}"):
            labels.classes(scheme, None, [dataset])


def test_objective_reads_arabic_and_roman_and_drops_six_and_seven():
    found = {
        o: labels.label("objective", clip("samm", objective=o)) for o in ("1", "V", "6", "VII", "")
    }
    assert found == {"1": "I", "V": "V", "6": None, "VII": None, "": None}
    assert counts("objective", clips_of("casme3")) == {
        "III": 234,
        "II": 151,
        "V": 47,
        "IV": 37,
        "I": 15,
    }


def test_five_and_seven_counts():
    assert counts("five", clips_of("casme2")) == {
        "others": 99, "disgust": 63, "happiness": 32, "repression": 27, "surprise": 25,
    }  # fmt: skip
    assert sum(counts("five", clips_of("samm")).values()) == 136
    assert sum(counts("seven", clips_of("casme3")).values()) == 860


def test_binary_drops_surprise():
    assert counts("binary", clips_of("smic")) == {"negative": 70, "positive": 51}


def words_of(dataset):
    """Every emotion of a dataset, in any of its variants."""
    spec = spec_of(dataset)
    return spec.emotions.union(*(variant.emotions for variant in spec.variants))


@pytest.mark.parametrize("dataset", dataset_names())
def test_every_dataset_has_classes_of_three_and_its_words_are_known(dataset):
    assert labels.classes("three", None, [dataset]) == ("negative", "positive", "surprise")
    mapping = labels.BUILT_IN["three"].mapping
    # Recordings have no class, and flow pictures have those of a scheme.
    if spec_of(dataset).emotions and dataset not in ("samm_lv", "flow_pictures"):
        assert set(mapping[dataset]) <= words_of(dataset)


@pytest.mark.parametrize("scheme", [n for n in labels.BUILT_IN if n != "raw"])
def test_schemes_name_only_emotions_of_the_dataset(scheme):
    built = labels.BUILT_IN[scheme]
    for dataset, mapping in built.mapping.items():
        if dataset != labels.ANY and built.by == "emotion" and spec_of(dataset).emotions:
            assert set(mapping) <= words_of(dataset), dataset


def test_own_mapping_from_the_config():
    settings = Settings(
        datasets={"mine": DatasetEntry(root="x", reader="casme2")},
        schemes={
            "tense": {"casme2": {"Repression": "tense", "others": "not"}, "any": {"joy": "not"}}
        },
    )
    assert labels.classes("tense", settings) == ("not", "tense")
    assert labels.label("tense", clip("mine", "repression"), settings) == "tense"
    assert labels.label("tense", clip("else", "joy"), settings) == "not"
    assert labels.label("tense", clip("mine", "joy"), settings) is None
    with pytest.raises(MerflowError, match="built in"):
        labels.scheme_of("three", Settings(schemes={"three": {"any": {"a": "b"}}}))


def test_a_renamed_dataset_is_read_by_its_reader():
    settings = Settings(datasets={"c2": DatasetEntry(root="x", reader="casme2")})
    assert labels.label("megc2019", clip("c2", "repression"), settings) == "negative"
    excluded = clip("c2", "disgust", "sub04", "EP12_01f")
    assert labels.label("megc2019", excluded, settings) is None


def test_raw_keeps_every_emotion():
    kept, names = labels.apply_scheme("raw", [clip(emotion="disgust"), clip(emotion="")])
    assert (len(kept), names) == (1, ["disgust"])
    assert "repression" in labels.classes("raw", None, ["casme2"])


def test_raw_needs_a_published_list_of_emotions():
    with pytest.raises(MerflowError, match="no list of the emotions of manifest") as caught:
        labels.classes("raw", None, ["casme2", "manifest"])
    assert "write a scheme" in caught.value.fix


def test_unknown_scheme_names_the_nearest():
    with pytest.raises(MerflowError, match="did you mean 'megc2019'"):
        labels.label("megc19", clip())


def test_dropped_clips_carry_their_reason():
    assert labels.explain("three", clip(emotion="others")).reason == (
        "emotion 'others' has no class in scheme 'three'"
    )
    assert labels.explain("raw", clip(emotion="")).reason == "it has no emotion"


MANIFESTS = Settings(
    datasets={
        "smic": DatasetEntry(root="x", reader="manifest"),
        "CASME2": DatasetEntry(root="x", reader="manifest"),
        "samm": DatasetEntry(root="x", reader="manifest"),
    }
)


@pytest.fixture
def composite(monkeypatch):
    return composite_lists.made_official(monkeypatch)


def brought(composite, word=lambda key, name: name):
    """The clips as manifests bring them: other dataset names, and ids without their zeros."""
    datasets = {"smic": "smic", "casme2": "CASME2", "samm": "samm"}
    return [
        clip(
            datasets[key.dataset],
            word(key, name),
            composite_lists.int_subject(key) if key.dataset == "samm" else key.subject,
            composite_lists.short(key.clip),
        )
        for key, name in composite.items()
    ]


def test_the_official_clips_are_official_through_a_manifest(composite):
    kept, names = labels.apply_scheme("megc2019", brought(composite), MANIFESTS)
    assert len(kept) == 442 and names == list(composite.values())

    def emotion(key, name):
        words = {"negative": "disgust", "positive": "happiness", "surprise": "surprise"}
        return name if key.dataset == "smic" else words[name]

    _, named = labels.apply_scheme("megc2019", brought(composite, emotion), MANIFESTS)
    assert named == names


def test_one_changed_id_or_class_of_a_manifest_is_refused_by_name(composite):
    clips = brought(composite)
    last = clips[-1]
    key = last.key._replace(clip="999_9_9")
    with pytest.raises(MerflowError, match=r"samm/037: the ids or classes .*\(.*999_9_9\)"):
        labels.apply_scheme("megc2019", [*clips[:-1], replace(last, key=key)], MANIFESTS)
    other = "positive" if last.emotion != "positive" else "negative"
    with pytest.raises(MerflowError, match=f"{last.key.clip} is {other}, officially"):
        labels.apply_scheme("megc2019", [*clips[:-1], replace(last, emotion=other)], MANIFESTS)
    with pytest.raises(MerflowError, match="samm/037: 1 of . clips"):
        labels.apply_scheme("megc2019", clips[:-1], MANIFESTS)


def test_classes_of_a_built_in_scheme_stand_for_themselves_in_a_manifest_only():
    assert labels.label("three", clip("CASME2", "negative"), MANIFESTS) == "negative"
    assert labels.label("three", clip("casme2", "negative")) is None
    own = MANIFESTS.model_copy(update={"schemes": {"own": {"any": {"joy": "happy"}}}})
    assert labels.label("own", clip("samm", "happy"), own) is None
    assert labels.label("binary", clip("samm", "surprise"), MANIFESTS) is None


def test_a_manifest_has_the_exclusions_and_the_subjects_of_the_dataset_it_is_named_after():
    excluded = clip("CASME2", "negative", "4", "EP12_01f")
    assert "apex is unknown" in labels.explain("megc2019", excluded, MANIFESTS).reason
    names = canonical_names(MANIFESTS)
    assert canonical_subject(ClipKey("samm", "6", "6_1_2"), names) == "samm/006"
    assert canonical_subject(excluded.key, names) == "casme2/sub04"
    mine = Settings(datasets={"mine": DatasetEntry(root="x", reader="manifest")})
    assert canonical_subject(ClipKey("mine", "6", "a"), canonical_names(mine)) == "mine/6"
