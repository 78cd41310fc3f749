"""Clips that were prepared elsewhere enter further down, and nothing is done to them twice."""

import cv2
import numpy as np
import pytest
from moving_textures import still_picture, truths

from merflow.commands.align import align
from merflow.commands.crop import crop
from merflow.commands.flow import flow
from merflow.commands.interpolate import interpolate
from merflow.commands.magnify import magnify
from merflow.commands.pack import pack
from merflow.config.settings import DatasetEntry, Experiment, FlowFiles
from merflow.datasets.catalogue import catalogue_text
from merflow.datasets.registry import read_dataset
from merflow.errors import MerflowError
from merflow.io.clip_store import Store
from merflow.io.packed import read_packed
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


def packed(root, *sources, preparation="p", factor="x1"):
    """Pack sources; return the packed file's contents."""
    pack(root / "o.h5", *sources, preparation=preparation, factor=factor,
         config=root / "config.yaml")  # fmt: skip
    return read_packed(root / "o.h5")


def test_prepared_tensors_are_packed_from_their_own_files(tmp_path):
    frames = RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8)
    manifest(tmp_path, "interpolated", frames)
    found = packed(tmp_path, tmp_path / "mine.json")
    assert np.array_equal(found.x, frames) and found.lengths == [6, 6] and not found.skipped
    with pytest.raises(MerflowError, match="every clip of 'p1' enters interpolated"):
        align(
            tmp_path / "mine.json", tmp_path / "a.h5", subject="p1", config=tmp_path / "config.yaml"
        )
    with pytest.raises(MerflowError, match="its clips are of factor x1\n.*x10"):
        packed(tmp_path, tmp_path / "mine.json", factor="x10")


def test_stores_and_prepared_clips_of_one_subject_are_packed_together(tmp_path):
    frames = RNG.integers(0, 256, (2, 6, 32, 32, 1), np.uint8)
    manifest(tmp_path, "cropped", frames)
    sheet = tmp_path / "manifest.csv"
    sheet.write_text(
        sheet.read_text().replace("c1.npy,50,happiness,cropped", "c1.npy,50,happiness,interpolated")
    )
    clips = read_dataset("mine", DatasetEntry(root=str(tmp_path), reader="manifest")).clips
    (tmp_path / "mine.json").write_text(catalogue_text(list(clips)))
    through(tmp_path, factor="1")
    found = packed(tmp_path, tmp_path / "i.h5", tmp_path / "mine.json")
    assert [key.clip for key in found.keys] == ["c0", "c1"]
    assert np.array_equal(found.x[1], frames[1]), "as it is"
    assert not np.array_equal(found.x[0], frames[0]), "through the stages"


def test_a_prepared_clip_that_cannot_be_read_is_skipped_with_its_reason(tmp_path):
    manifest(tmp_path, "interpolated", RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8))
    np.save(tmp_path / "c1.npy", np.zeros((6, 32, 32, 3)))
    (tmp_path / "config.yaml").write_text(CONFIG + "max_skipped: 0.5\n")
    found = packed(tmp_path, tmp_path / "mine.json")
    assert [key.clip for key in found.keys] == ["c0"]
    assert found.skipped[0][2:4] == ("c1", "pack") and "float64" in found.skipped[0].reason


@pytest.mark.parametrize("shape", [(6, 16, 32, 3), (5, 32, 32, 3)])
def test_prepared_clips_of_two_shapes_are_refused(tmp_path, shape):
    manifest(tmp_path, "interpolated", RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8))
    np.save(tmp_path / "c1.npy", np.zeros(shape, np.uint8))
    with pytest.raises(MerflowError, match="mine/p1/c1 has shape"):
        packed(tmp_path, tmp_path / "mine.json")


def test_stores_of_another_factor_are_not_packed(tmp_path):
    moving = truths.MovingTexture(still_picture()[:48, :48], 0.3, np.sin(np.arange(12) / 3)).clip()
    manifest(tmp_path, "cropped", moving[None])
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


def experiment(*factors, **settings):
    return Experiment(preparation="p", collection="c", factors=factors or ("x1",), **settings)


def test_prepared_tensors_cannot_be_magnified_or_made_flow(tmp_path):
    clips = manifest(tmp_path, "interpolated", RNG.integers(0, 256, (2, 6, 32, 32, 3), np.uint8))
    require_stages(clips, experiment(), "frames", "experiments.e")
    for factors in (("x1", "x10"), ("x1+x10",)):
        with pytest.raises(MerflowError, match="2 of its clips enter interpolated") as error:
            require_stages(clips, experiment(*factors), "frames", "experiments.e")
        assert "mine/p1/c0" in str(error.value)
    with pytest.raises(
        MerflowError, match="2 clips of it are prepared frames .*mine/p1/c0"
    ) as error:
        require_stages(clips, experiment(), "flow", "experiments.e")
    assert "datasets.mine.kind: flow" in error.value.fix
    cropped = manifest(tmp_path, "cropped", RNG.integers(0, 256, (1, 6, 32, 32, 3), np.uint8))
    require_stages(cropped, experiment("x10"), "flow", "experiments.e")


def test_pictures_of_flow_go_to_what_does_not_need_their_sign(tmp_path):
    clips = flow_clips(tmp_path, "png", RNG.integers(0, 256, (2, 8, 8, 3), np.uint8))
    signed = flow_clips(tmp_path, "npy", RNG.normal(0, 1, (2, 8, 8, 3)))
    known = flow_clips(tmp_path, "png", RNG.integers(0, 256, (2, 8, 8, 3), np.uint8), zero=128)
    with pytest.raises(MerflowError, match="2 clips of it are prepared flow"):
        require_stages(clips, experiment(), "frames", "experiments.e")
    for settings in (
        {"method": "flow_svm"},
        {"network": "ststnet", "training": {"augment": {"rotate": 5}}},
    ):
        require_stages(signed, experiment(**settings), "flow", "e")
        require_stages(known, experiment(**settings), "flow", "e")
        with pytest.raises(MerflowError, match="2 pictures of flow have an unknown zero") as error:
            require_stages(clips, experiment(**settings), "flow", "e")
        assert "datasets.mine.flow.zero" in error.value.fix
    for settings in ({"method": "flow_pixels_svm"}, {"training": {"augment": {"flip": True}}}):
        require_stages(clips, experiment(**settings), "flow", "e")


def flow_clips(root, suffix, images, **form):
    """Write flow as files of a manifest, and return its clips; form: of the config."""
    lines = ["subject,clip,path,emotion"]
    for number, image in enumerate(images):
        if suffix == "png":
            cv2.imwrite(str(root / f"f{number}.png"), image[..., ::-1])
        else:
            np.save(root / f"f{number}.npy", image)
        lines.append(f"p1,f{number},f{number}.{suffix},happiness")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    entry = DatasetEntry(root=str(root), reader="manifest", kind="flow", flow=FlowFiles(**form))
    clips = read_dataset("mine", entry).required().clips
    (root / "mine.json").write_text(catalogue_text(list(clips)))
    (root / "config.yaml").write_text("preparations: {p: {kind: flow}}\n")
    return clips


def test_pictures_of_flow_are_packed_pixel_by_pixel(tmp_path):
    images = RNG.integers(0, 256, (2, 9, 7, 3), np.uint8)
    flow_clips(tmp_path, "png", images)
    found = packed(tmp_path, tmp_path / "mine.json").x
    assert found.dtype == np.uint8 and np.array_equal(found, images)
    flow_clips(tmp_path, "png", images, channels=("strain", "v", "u"))
    assert np.array_equal(packed(tmp_path, tmp_path / "mine.json").x, images[..., ::-1])


def test_pictures_with_a_known_zero_and_arrays_become_signed_flow(tmp_path):
    images = RNG.integers(0, 256, (2, 9, 7, 3), np.uint8)
    flow_clips(tmp_path, "png", images, zero=128, unit=0.5)
    found = packed(tmp_path, tmp_path / "mine.json").x
    assert found.dtype == np.float16
    assert np.array_equal(found[..., :2], (images[..., :2].astype(float) - 128) / 2)
    assert np.array_equal(found[..., 2], images[..., 2] / 2)
    arrays = RNG.normal(0, 1, (2, 9, 7, 3)).astype(np.float32)
    flow_clips(tmp_path, "npy", arrays)
    assert np.array_equal(packed(tmp_path, tmp_path / "mine.json").x, arrays.astype(np.float16))


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((8, 8, 3), np.uint8), "floats, or an 8-bit picture"),
        (np.zeros((8, 8, 2), np.float32), "height x width x 3"),
        (np.zeros((1, 8, 8, 3), np.float32), "height x width x 3"),
        (np.full((8, 8, 3), np.nan), "not finite"),
        (np.full((8, 8, 3), 1e6), "beyond 65,504"),
        (np.zeros((8, 8, 3), complex), "complex128"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arrays_that_are_no_flow_are_skipped_with_the_reason(tmp_path, array, reason):
    flow_clips(tmp_path, "npy", [array])
    with pytest.raises(MerflowError, match=reason):
        packed(tmp_path, tmp_path / "mine.json")


def test_a_grey_picture_is_no_flow(tmp_path):
    flow_clips(tmp_path, "png", RNG.integers(0, 256, (1, 8, 8, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "f0.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(MerflowError, match=r"f0.png is grey; flow is a picture of three channels"):
        packed(tmp_path, tmp_path / "mine.json")


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
