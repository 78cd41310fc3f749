"""Clip stores and packed files are complete or absent."""

import dataclasses

import cv2
import numpy as np
import pytest
from clip_stores import clip, written

from merflow.clip import ClipArrays
from merflow.errors import MerflowError, SkipClip
from merflow.io.clip_store import Skipped, Store
from merflow.io.files import PARTIAL
from merflow.io.packed import read_packed, read_skipped, survey, write_packed
from merflow.workflow.stage_job import run_stage


def same(a: ClipArrays, b: ClipArrays) -> None:
    for field in dataclasses.fields(ClipArrays):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y)
            assert x.dtype == y.dtype
        else:
            assert x == y, field.name


def test_a_clip_comes_back_as_it_went_in(tmp_path):
    one, two = clip("c1"), clip("ü clip", frames=2, landmarks=None, apex=None, seed=1)
    with Store(written(tmp_path / "s.h5", one, two)) as store:
        back = list(store)
    same(back[0], one)
    same(back[1], two)


def test_same_clips_same_bytes(tmp_path):
    a = written(tmp_path / "a.h5", clip(), Skipped("smic", "s01", "c2", "align", "no face"))
    b = written(tmp_path / "b.h5", clip(), Skipped("smic", "s01", "c2", "align", "no face"))
    assert a.read_bytes() == b.read_bytes()


def test_a_skipped_clip_is_kept_with_its_reason_through_every_stage(tmp_path):
    skip = Skipped("smic", "s01", "c2", "align", "no face found")
    source = written(tmp_path / "a.h5", clip(), skip)

    def refuse(arrays):
        raise SkipClip("too dark")

    run_stage(source, tmp_path / "b.h5", "crop", refuse, {})
    with Store(tmp_path / "b.h5") as store:
        assert len(store) == 0
        assert store.skipped == [skip, Skipped("smic", "s01", "c1", "crop", "too dark")]


def test_a_stage_that_fails_leaves_nothing_behind(tmp_path):
    source = written(tmp_path / "a.h5", clip())

    def fail(arrays):
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError):
        run_stage(source, tmp_path / "b.h5", "crop", fail, {})
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def test_a_stage_that_fails_leaves_the_earlier_output_as_it_was(tmp_path):
    source = written(tmp_path / "a.h5", clip())
    before = written(tmp_path / "b.h5", clip("old")).read_bytes()
    with pytest.raises(ZeroDivisionError):
        run_stage(source, tmp_path / "b.h5", "crop", lambda c: 1 / 0, {})
    assert (tmp_path / "b.h5").read_bytes() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_the_result_does_not_depend_on_threads(tmp_path, threads):
    source = written(tmp_path / "a.h5", *(clip(f"c{i}", seed=i) for i in range(7)))
    out = tmp_path / f"b{threads}.h5"
    run_stage(
        source,
        out,
        "crop",
        lambda c: dataclasses.replace(c, frames=c.frames[::-1]),
        {},
        threads=threads,
    )
    with Store(out) as store:
        assert [k.clip for k in store.keys] == [f"c{i}" for i in range(7)]
        np.testing.assert_array_equal(store.read(3).frames, clip("c3", seed=3).frames[::-1])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_changed_byte_is_found_wherever_it_is(tmp_path, share):
    path = written(tmp_path / "s.h5", clip(), clip("c2", seed=3))
    data = bytearray(path.read_bytes())
    data[int(share * (len(data) - 60))] ^= 1
    path.write_bytes(data)
    with pytest.raises(MerflowError, match="checksum"):
        Store(path)


def test_a_packed_file_with_a_changed_byte_is_refused(tmp_path):
    source = written(tmp_path / "a.h5", clip())
    write_packed(tmp_path / "p.h5", survey([source]), {})
    data = bytearray((tmp_path / "p.h5").read_bytes())
    at = data.index(clip().frames.tobytes())
    data[at] ^= 1
    (tmp_path / "p.h5").write_bytes(data)
    with pytest.raises(MerflowError, match="checksum"):
        read_packed(tmp_path / "p.h5")


@pytest.mark.parametrize("cut", [0, 10, 1000])
def test_a_truncated_store_is_refused_with_its_name(tmp_path, cut):
    path = written(tmp_path / "s.h5", clip())
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(MerflowError, match=r"s\.h5"):
        Store(path)


def test_packing_is_sorted_and_holds_every_clip(tmp_path):
    a = written(tmp_path / "a.h5", clip("c2", seed=2), clip("c1", seed=1))
    b = written(tmp_path / "b.h5", clip("c0", seed=5), Skipped("smic", "s01", "c9", "align", "x"))
    write_packed(tmp_path / "p.h5", survey([a, b]), {"pack": 1})
    packed = read_packed(tmp_path / "p.h5")
    assert [k.clip for k in packed.keys] == ["c0", "c1", "c2"]
    np.testing.assert_array_equal(packed.x[1], clip("c1", seed=1).frames)
    assert packed.lengths == [4, 4, 4]
    assert read_skipped(tmp_path / "p.h5") == [Skipped("smic", "s01", "c9", "align", "x")]


def test_clips_of_different_shapes_are_not_packed(tmp_path):
    path = written(tmp_path / "a.h5", clip("c1"), clip("c2", frames=3))
    with pytest.raises(MerflowError, match="c2 has shape"):
        survey([path])


def test_no_temporary_file_is_left(tmp_path):
    written(tmp_path / "a.h5", clip())
    assert not [p for p in tmp_path.iterdir() if PARTIAL in p.name]


@pytest.mark.parametrize(("threads", "inside"), [(1, 1), (2, 1), (3, 1), (7, 2)])
def test_threads_go_to_clips_first_and_leave_no_trace(tmp_path, threads, inside):
    source = written(tmp_path / "s.h5", *(clip(f"c{n}", seed=n) for n in range(3)))
    before, seen = cv2.getNumThreads(), set()

    def stage(arrays):
        seen.add(cv2.getNumThreads())
        return dataclasses.replace(arrays, frames=255 - arrays.frames)

    run_stage(source, tmp_path / "t.h5", "crop", stage, {}, threads=threads)
    run_stage(source, tmp_path / "one.h5", "crop", stage, {})
    assert (tmp_path / "t.h5").read_bytes() == (tmp_path / "one.h5").read_bytes()
    assert seen == {1, inside}
    assert cv2.getNumThreads() == before


def test_no_message_advises_to_delete_user_files(tmp_path):
    (tmp_path / "text.h5").write_text("mine")
    for path, words in ((tmp_path, "a folder"), (tmp_path / "text.h5", "if merflow made it")):
        with pytest.raises(MerflowError, match=words) as error:
            Store(path)
        assert "delete" not in str(error.value).replace("if merflow made it, delete", "")
    with pytest.raises(MerflowError, match="clip store .* `merflow align`"):
        Store(tmp_path)
