"""Videos: rates, frames' own times, what is written and plays, and files that are none."""

import base64
import logging
import os

import numpy as np
import pytest
from browser_window import CHROMIUM, QUIET, needs_chromium, sync_api
from timed_video import moving, write_timed

from merflow.clip import Clip, ClipKey
from merflow.errors import MerflowError, SkipClip
from merflow.io import video, video_decoder
from merflow.io.frame_folder import read_clip
from merflow.io.images import iter_frames
from merflow.io.video_clip import video_facts
from merflow.io.video_encoder import CODECS
from merflow.io.video_timing import find_timing

RATE = 30
SLOW = np.r_[np.arange(10), 9 + 2 * np.arange(1, 6)] / RATE
"""10 frames at 30 per second, then 5 at 15."""


@pytest.fixture
def phone(tmp_path):
    path = tmp_path / "phone.mp4"
    write_timed(path, moving(15), SLOW)
    return path


def clip_of(path, **marks):
    numbers = tuple(range(marks["onset"], marks["offset"] + 1)) if "offset" in marks else ()
    key = ClipKey("mine", "p1", "a")
    return Clip(key, str(path.parent), (path.name,), numbers, RATE, "joy", **marks)


@pytest.mark.parametrize("suffix", sorted(CODECS))
@pytest.mark.parametrize("fps", [66.667, 29.97, 200])
def test_any_rate_is_written_and_found_again(tmp_path, suffix, fps):
    path = tmp_path / f"a{suffix}"
    video.write(path, moving(12)[:, :47, :63], fps, range(12))
    found = video.read(path)
    assert found.fps == pytest.approx(fps, rel=1e-4)
    # Odd sides get one more row and column.
    assert found.frames.shape == (12, 48, 64, 3) and list(found.numbers) == list(range(12))
    seen = np.asarray(found.frames)[:, :47, :63].mean((1, 2))
    assert np.abs(seen - moving(12)[:, :47, :63].mean((1, 2))).max() < 3


def test_what_is_written_does_not_depend_on_the_time_or_the_run(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        video.write(tmp_path / name, moving(5), 25, range(5))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    assert b"moov" in (tmp_path / "a.mp4").read_bytes()[:200]


def test_what_only_can_be_read_is_not_written(tmp_path):
    with pytest.raises(MerflowError, match="type '.wmv'"):
        video.write(tmp_path / "a.wmv", moving(2), 25, range(2))


def test_a_variable_rate_is_resampled_to_its_usual_interval(phone, caplog):
    caplog.set_level(logging.INFO)
    found = video.read(phone)
    assert found.fps == pytest.approx(RATE)
    assert list(found.numbers) == [*range(10), 9, 10, 10, 11, 11, 12, 12, 13, 13, 14]
    bright = np.asarray(found.frames).mean((1, 2, 3))
    # One frame more each 1/30 s at first, then one each 1/15 s: half as fast.
    expected = 4 * np.interp(np.arange(20), SLOW * RATE, np.arange(15))
    assert np.abs(bright - bright[0] - expected).max() < 0.6
    assert "variable frame rate (15 to 30 frames per second), resampled to 30" in caplog.text


def test_annotated_numbers_stay_those_of_the_frames_in_the_file(phone):
    found = read_clip(clip_of(phone, onset=8, apex=11, offset=13))
    assert list(found.numbers) == [8, 9, 9, 10, 10, 11, 11, 12, 12, 13]
    assert (found.onset, found.apex, found.offset) == (0, 5, 9)
    whole = np.asarray(read_clip(clip_of(phone)).frames)
    # Apex and offset lie on the new times, so they are the frames of the file, unchanged.
    assert np.array_equal(found.frames[0], whole[8]) and np.array_equal(found.frames[9], whole[17])
    assert len(list(iter_frames(clip_of(phone, onset=8, apex=11, offset=13)))) == len(found.frames)
    with pytest.raises(SkipClip, match="15 frames in onset..offset, 21 are expected"):
        read_clip(clip_of(phone, onset=0, offset=20))


def test_a_missing_frame_is_filled_and_the_others_stay(tmp_path):
    frames = moving(12)
    for name, kept in (("all.mp4", list(range(12))), ("gap.mp4", [0, 1, 2, 3, 5, 6, 7, 8, 9, 11])):
        write_timed(tmp_path / name, frames[kept], np.array(kept) / RATE)
    full, gap = (np.asarray(video.read(tmp_path / n).frames) for n in ("all.mp4", "gap.mp4"))
    assert len(gap) == 12
    for t in (4, 10):
        assert np.abs(gap[t].mean() - full[t].mean()) < 0.6


@pytest.mark.parametrize("step", [1 / 30, 1 / 66.667, 1 / 200, 1001 / 30000])
def test_times_that_are_rounded_are_no_variable_rate(step):
    for base in (1e-3, 1 / 90_000):
        times = np.round(np.arange(2000) * step / base) * base
        rate, timing = find_timing(times)
        assert timing is None and rate == pytest.approx(1 / step, rel=1e-3)


def test_frames_without_usable_times_have_no_timing():
    for times in (None, np.zeros(0), np.zeros(2), np.array([0.0, 1, 1, 2])):
        assert find_timing(times) == (0, None)


def test_an_absurd_gap_is_refused_before_decoding(tmp_path):
    write_timed(tmp_path / "a.mp4", moving(6), [0, 0.001, 0.002, 0.003, 0.004, 900])
    with pytest.raises(SkipClip, match="more than 200,000 frames"):
        video.read(tmp_path / "a.mp4")


@pytest.mark.parametrize("turned", [90, -90, 180])
def test_a_video_is_turned_as_it_says(tmp_path, turned):
    write_timed(tmp_path / "a.mp4", moving(3), np.arange(3) / RATE)
    write_timed(tmp_path / "b.mp4", moving(3), np.arange(3) / RATE, turned)
    straight, seen = (np.asarray(video.read(tmp_path / n).frames) for n in ("a.mp4", "b.mp4"))
    assert np.array_equal(seen, np.rot90(straight, turned // 90, axes=(1, 2)))


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile other.mp4\n",
        "hello",
        "",
    ],
)
def test_a_file_that_names_other_files_is_no_video(tmp_path, phone, text, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    phone.rename(tmp_path / "other.mp4")
    (tmp_path / "a.mp4").write_text(text.format(other=tmp_path / "other.mp4"))
    assert video_facts(tmp_path / "a.mp4") is None
    with pytest.raises(SkipClip, match=r"a\.mp4 cannot be opened as a video"):
        list(iter_frames(clip_of(tmp_path / "a.mp4")))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/a.mp4", "concat:a.mp4|b.mp4"])
def test_a_name_is_never_an_address(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(video_decoder.Unreadable, match="No such file"):
        video_decoder.survey(name)


@pytest.mark.parametrize("fault", ["cut", "zeros"])
def test_a_damaged_video_is_skipped_without_noise(tmp_path, fault, capfd):
    path = tmp_path / "a.mp4"
    grain = np.random.default_rng(1).integers(0, 256, (12, 48, 64, 3), np.uint8)
    video.write(path, grain, 25, range(12))
    data = bytearray(path.read_bytes())
    if fault == "cut":
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2 : len(data) // 2 + 9000] = bytes(9000)
    path.write_bytes(data)
    with pytest.raises(SkipClip, match=r"a\.mp4 (cannot be decoded|has \d+ frames)"):
        list(iter_frames(clip_of(path, onset=0, offset=11)))
    assert capfd.readouterr().err == ""


def test_frames_do_not_depend_on_the_number_of_processors(phone, monkeypatch):
    before = np.asarray(video.read(phone).frames)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert np.array_equal(np.asarray(video.read(phone).frames), before)
    finally:
        os.sched_setaffinity(0, allowed)


@needs_chromium
def test_chromium_plays_what_is_written(tmp_path):
    """Every frame is shown, in the colours that were written."""
    frames = np.full((8, 64, 64, 3), (200, 60, 30), np.uint8)
    shown = {}
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page()
        for suffix, kind in ((".mp4", "mp4"), (".webm", "webm")):
            path = tmp_path / f"a{suffix}"
            video.write(path, frames, 66.667, range(8))
            data = base64.b64encode(path.read_bytes()).decode()
            shown[suffix] = page.evaluate(PLAYED, f"data:video/{kind};base64,{data}")
        browser.close()
    for fault, count, colour in shown.values():
        assert fault == "" and count == 8
        assert np.abs(np.array(colour) - (200, 60, 30)).max() <= 4


PLAYED = """address => new Promise(done => {
  const v = document.createElement('video');
  const told = fault => {
    const c = document.createElement('canvas').getContext('2d');
    if (!fault) c.drawImage(v, 0, 0);
    done([fault, v.getVideoPlaybackQuality().totalVideoFrames,
          [...c.getImageData(20, 20, 1, 1).data].slice(0, 3)]);
  };
  v.muted = true; v.src = address; document.body.append(v);
  v.onerror = () => told(v.error.message); v.onended = () => told('');
  v.play().catch(error => told(String(error)));
})"""


def test_a_resampled_video_becomes_a_folder_with_every_frame(phone, tmp_path):
    found = video.read(phone)
    video.write(tmp_path / "out", found.frames, found.fps, found.numbers)
    assert len(list((tmp_path / "out").iterdir())) == len(found.frames) == 20
