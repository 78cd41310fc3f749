"""Clips that were prepared elsewhere enter further down, and nothing is done to them twice."""

import numpy as np
import pytest
from moving_textures import still_picture, truths

from merflow.commands.align import align
from merflow.commands.crop import crop
from merflow.commands.flow import flow
from merflow.commands.interpolate import interpolate
from merflow.commands.magnify import magnify
from merflow.commands.pack import pack
from merflow.config.settings import DatasetEntry
from merflow.datasets.catalogue import catalogue_text
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.io.clip_store import Store
from merflow.io.packed import read_packed, survey, write_packed
from merflow.workflow.entry_stage import require_stages

RNG = np.random.default_rng(2)
CONFIG = "preparations: {p: {crop: {working_size: 48}, interpolate: {length: 6, size: 32}}}\n"


def manifest(root, entry, frames):
    """Write two clips of one subject as arrays, and return their catalogue."""
    lines = ["subject,clip,path,fps,emotion,enters_at"]
    for number, array in enumerate(frames):
        np.save(root / f"c{number}.npy", array)
        lines.append(f"p1,c{number},c{number}.npy,50,happiness,{entry}")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    clips = read_dataset("mine", DatasetEntry(root=str(root), reader="manifest")).clips
    (root / "mine.json").write_text(catalogue_text(list(clips)))
    (root / "config.yaml").write_text(CONFIG)
    return clips


def through(root, factor="10"):
    """Run the stages' commands; return the frames of each from crop on, in order."""
    chosen = {"preparation": "p", "config": root / "config.yaml"}
    align(root / "mine.json", root / "a.h5", subject="p1", config=root / "config.yaml")
    crop(root / "a.h5", root / "c.h5", catalogue=root / "mine.json", **chosen)
    magnify(root / "c.h5", root / "m.h5", factor=factor, **chosen)
    interpolate(root / "m.h5", root / "i.h5", factor=f"x{factor}", **chosen)
    stores = []
    for name in "cmi":
        with Store(root / f"{name}.h5") as store:
            assert not store.skipped
            stores.append([clip.frames for clip in store])
    return stores


def test_prepared_tensors_are_packed_as_they_are(tmp_path):
    frames = RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8)
    manifest(tmp_path, "interpolated", frames)
    for stage in through(tmp_path):
        assert np.array_equal(stage, frames)
    write_packed(tmp_path / "packed.h5", survey([tmp_path / "i.h5"]), {})
    assert np.array_equal(read_packed(tmp_path / "packed.h5").x, frames)


def test_stores_of_another_factor_are_not_packed(tmp_path):
    manifest(tmp_path, "interpolated", RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8))
    through(tmp_path)
    chosen = {"preparation": "p", "config": tmp_path / "config.yaml"}
    with pytest.raises(MerflowError, match="its clips are of factor x10\n.*x25, as --factor says"):
        pack(tmp_path / "o.h5", tmp_path / "i.h5", factor="x25", **chosen)
    assert not (tmp_path / "o.h5").exists()
    pack(tmp_path / "o.h5", tmp_path / "i.h5", factor="10", **chosen)
    with pytest.raises(MerflowError, match="OUT is SOURCE"):
        pack(tmp_path / "i.h5", tmp_path / "i.h5", factor="10", **chosen)


def test_a_stage_refuses_a_store_of_another_factor(tmp_path):
    """The factor in the store equals the factor of the command."""
    frames = RNG.integers(0, 256, (1, 6, 48, 48), np.uint8)
    manifest(tmp_path, "cropped", frames)
    through(tmp_path)
    out, cropped, magnified = (tmp_path / f"{name}.h5" for name in "ocm")
    for further in (interpolate, flow):
        with pytest.raises(MerflowError, match="m.h5: holds clips magnified x10\n.* x1\n.* x10"):
            further(magnified, out)
        with pytest.raises(MerflowError, match="c.h5: holds clips magnified x1\n"):
            further(cropped, out, factor="x25")
    with pytest.raises(MerflowError, match="magnified x10\n.*\n.* the cropped store"):
        magnify(magnified, out, factor="2")
    for threads in (0, -1):
        with pytest.raises(MerflowError, match=f"--threads: {threads}\n"):
            crop(tmp_path / "a.h5", out, catalogue=tmp_path / "mine.json", threads=threads)
        with pytest.raises(MerflowError, match=f"--threads: {threads}\n"):
            align(tmp_path / "mine.json", out, subject="p1", threads=threads)
    assert not out.exists()


@pytest.mark.parametrize("entry", ["aligned", "cropped"])
def test_aligned_or_cropped_frames_of_a_user_are_not_aligned_or_cropped_again(tmp_path, entry):
    moving = truths.MovingTexture(still_picture()[:48, :48], 0.3, np.sin(np.arange(12) / 3)).clip()
    frames = np.stack([moving, moving[:, ::-1]])
    manifest(tmp_path, entry, frames)
    cropped, bigger, ready = through(tmp_path)
    with Store(tmp_path / "a.h5") as aligned:
        assert not aligned.holds_frames and all(clip.views is None for clip in aligned)
    grey = frames.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])
    assert np.abs(np.stack(cropped)[..., 0] - grey).max() < 1
    assert np.array_equal(bigger[0][0], cropped[0][0]) and not np.array_equal(bigger, cropped)
    assert np.shape(ready) == (2, 6, 32, 32, 1)


def test_prepared_tensors_cannot_be_magnified_or_made_flow(tmp_path):
    clips = manifest(tmp_path, "interpolated", RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8))
    require_stages(clips, ["x1"], "frames", "experiments.e")
    for factors, kind in ((["x1", "x10"], "frames"), (["x1+x10"], "frames"), (["x1"], "flow")):
        with pytest.raises(MerflowError, match="2 of its clips enter interpolated") as error:
            require_stages(clips, factors, kind, "experiments.e")
        assert "mine/p1/c0" in str(error.value)
    cropped = manifest(tmp_path, "cropped", RNG.integers(0, 256, (1, 6, 32, 32, 3), np.uint8))
    require_stages(cropped, ["x10"], "flow", "experiments.e")


def test_crop_refuses_frames_that_align_did_not_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = RNG.integers(0, 256, (2, 6, 48, 48), np.uint8)
    manifest(tmp_path, "cropped", frames)
    through(tmp_path)
    source, out = tmp_path / "a.h5", tmp_path / "o.h5"
    with pytest.raises(MerflowError, match="holds the geometry of aligned clips and no pixels"):
        crop(source, out)
    with pytest.raises(MerflowError, match="an aligned store holds no pixels"), Store(source) as a:
        a.read(0).frames[0]
    np.save(tmp_path / "c1.npy", frames[0])
    with pytest.raises(MerflowError, match="was made from other frames than the dataset holds"):
        crop(source, out, catalogue=tmp_path / "mine.json")
    manifest(tmp_path, "cropped", frames[:1])
    with pytest.raises(MerflowError, match="no clip mine/p1/c1"):
        crop(source, out, catalogue=tmp_path / "mine.json")
    assert not out.exists()
