"""`merflow check` on datasets that a video codec compressed, and on others."""

import numpy as np
import pytest
from moving_textures import still_picture

from merflow.config.settings import DatasetEntry
from merflow.io.video import write_png
from merflow.io.video_decoder import decode_frames
from merflow.io.video_encoder import write_video
from merflow.workflow.dataset_check import check_dataset, render

CLIPS = 3


@pytest.fixture(scope="module")
def recorded():
    """Noise of a camera on a still texture, (20, H, W, 3) uint8."""
    noise = np.random.default_rng(0).normal(0, 1.5, (20, *still_picture().shape))
    return np.clip(np.rint(still_picture() + noise), 0, 255).astype(np.uint8)


def dataset(root, frames, video=False):
    """Write clips as a manifest's dataset and return what check finds."""
    rows = ["subject,clip,path,fps,emotion"]
    for k in range(CLIPS):
        place = root / (f"{k}.mp4" if video else f"{k}")
        if video:
            write_video(place, np.roll(frames, 7 * k, axis=2), 100)
        else:
            place.mkdir(parents=True)
            for t, frame in enumerate(frames):
                write_png(place / f"{t}.png", np.roll(frame, 7 * k, axis=1))
        rows.append(f"s{k},c{k},{place.name},100,happiness")
    (root / "manifest.csv").write_text("\n".join(rows))
    facts = check_dataset("mine", DatasetEntry(reader="manifest", root=str(root)))
    lines = [p["found"] for p in facts["problems"] if "0.2 px" in p["found"]]
    assert all(line in render({"datasets": [facts], "experiments": []}) for line in lines)
    return lines


def test_frames_of_a_camera_are_not_warned_of(tmp_path, recorded):
    assert dataset(tmp_path, recorded) == []


def test_frames_extracted_from_a_video_are_named(tmp_path, recorded):
    (tmp_path / "made").mkdir()
    write_video(tmp_path / "made" / "v.mp4", recorded, 100)
    lossy = np.stack(list(decode_frames(tmp_path / "made" / "v.mp4")))
    (line,) = dataset(tmp_path / "data", lossy)
    assert "3 of 3 clips looked at are compressed so far that motion of 0.2 px may be lost" in line
    assert "of blocks repeat the last frame exactly" in line


def test_a_video_is_named_with_its_bit_rate(tmp_path, recorded):
    (line,) = dataset(tmp_path, recorded, video=True)
    assert "bits per pixel and frame" in line
