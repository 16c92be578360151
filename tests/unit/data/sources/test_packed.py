"""A packed folder gives the same data as the folder."""

import csv
import errno
import io
import multiprocessing
import os
import pickle
import shutil
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from conftest import HEBREW, draw
from datamodules import BASE, captions_of, from_folder, on_device
from PIL import Image, ImageOps

from ocr import cli
from ocr.data.datamodule import OCRDataModule
from ocr.data.factory import packed_folder
from ocr.data.samples import Samples
from ocr.data.scan import read_content
from ocr.data.sources import arrow
from ocr.data.sources.arrow import INDEX, Pack
from ocr.data.sources.captions import CaptionFinder
from ocr.data.sources.pack import pack
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.errors import UserError


def packed(dir: Path | None = None, **changes) -> OCRDataModule:
    data = packed_folder(dir=dir and str(dir), **BASE | changes)
    data.setup()
    return data


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def untidy(folder) -> Path:
    """A folder with every kind of unusable image."""
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "half.png").write_bytes((folder / "111.png").read_bytes()[:60])
    shutil.copy(folder / "112.png", folder / "113copy.png")
    draw("x", (17_000, 1)).save(folder / "wide.png")
    draw("", (30, 12)).save(folder / ".png", format="png")
    turned = Image.Exif()
    turned[0x0112] = 6
    draw("999", (40, 80)).save(folder / "999.jpg", exif=turned)
    return folder


def names(data, part: str) -> list[str]:
    return [Path(sample.name).name for sample in data.parts[part]]


def same(ours: OCRDataModule, theirs) -> None:
    """Assert that two data modules have the same samples, preprocessing and skipped images."""
    assert ours.parts.keys() == theirs.parts.keys()
    for part, samples in theirs.parts.items():
        assert names(ours, part) == names(theirs, part)
        for i, (one, other) in enumerate(zip(ours.parts[part], samples, strict=True)):
            assert (one.text, one.digest, one.width) == (other.text, other.digest, other.width)
            assert ours.parts[part].read(i) == samples.read(i)
    assert ours.state() == theirs.state()
    assert sorted((Path(s.name).name, s.text.rpartition("/")[2]) for s in ours.skipped) == sorted(
        (Path(s.name).name, s.text.rpartition("/")[2]) for s in theirs.skipped
    )


def test_captions_from_right_to_left(folder, out):
    for path in folder.glob("*.png"):
        path.rename(path.with_stem(path.stem.translate(HEBREW)))
    pack(folder, out)
    ours = packed(out)
    same(ours, from_folder(folder))
    assert ours.charset.order == "rtl"


CHANGES = [
    {},
    {"split_seed": 3},
    {"charset": "123"},
    {"height": 10, "channels": 3},
    {"width": 40},
    {"train_on_val": True},
    {"val_size": 0.4, "test_size": 0},
]


@pytest.mark.parametrize("changes", CHANGES)
def test_a_pack_has_the_same_split_as_the_folder(untidy, out, changes, monkeypatch):
    monkeypatch.setattr(arrow, "ROWS", 4)
    monkeypatch.setattr(arrow, "INDEX_ROWS", 10)
    pack(untidy, out)
    ours, theirs = packed(out, **changes), from_folder(untidy, **changes)
    same(ours, theirs)
    for data in (ours, theirs):
        data.drop_infeasible(lambda width: width // 20)
    same(ours, theirs)
    assert ours.skipped


@pytest.fixture
def twins(folder) -> Path:
    """A folder with each image in two sizes."""
    for path in [*folder.iterdir()]:
        with Image.open(path) as image:
            image.resize((81, 32)).save(folder / f"{path.stem}_b.jpg")
        path.rename(folder / f"{path.stem}_a.png")
    return folder


def texts(data: OCRDataModule, part: str) -> set[str]:
    return {sample.text for sample in data.parts[part]}


def apart(out: Path) -> int:
    """The number of captions that are in several parts, over several splits."""
    found = 0
    for seed in range(5):
        data = packed(out, split_seed=seed)
        counts = Counter(text for part in data.parts for text in texts(data, part))
        found += sum(count > 1 for count in counts.values())
    return found


def test_near_duplicates_stay_together(twins, out):
    pack(twins, out, CaptionFinder(pattern=FileNamePattern("label_id")))
    assert apart(out) == 0


def test_groups_stay_together(folder, out):
    for path in [*folder.iterdir()]:
        path.rename(folder / f"{path.stem[0]}_{path.name}")
    pack(folder, out, CaptionFinder(pattern=FileNamePattern("group_label")))
    sizes = {"val_size": 0.3, "test_size": 0.3}
    data = packed(out, **sizes)
    groups = [{text[0] for text in texts(data, part)} for part in data.parts]
    assert sorted(group for some in groups for group in some) == ["1", "2", "3"]
    same(data, from_folder(folder, pattern="group_label", **sizes))


def test_a_pack_has_the_same_batches_as_the_folder(folder, out):
    pack(folder, out)
    for ours, theirs in zip(
        packed(out).val_dataloader(), from_folder(folder).val_dataloader(), strict=True
    ):
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_folders_that_are_split_already(tmp_path, folder):
    other = tmp_path / "other"
    other.mkdir()
    for caption in ("111", "5", "6"):
        draw(caption).save(other / f"{caption}.png")  # 111 is in both
    draw("222").save(other / "7.png")  # with another caption
    dirs = {"train_dir": folder, "val_dir": other}
    for key, place in dirs.items():
        pack(place, tmp_path / key)
    ours = packed(**{key: str(tmp_path / key) for key in dirs})
    same(ours, from_folder(**{key: str(place) for key, place in dirs.items()}))
    assert ours.parts["train"][0].name != ours.parts["val"][0].name  # names are keys of the cache
    assert len(ours.skipped) == 2


def test_images_in_two_parts_are_logged(tmp_path, folder, out, caplog):
    pack(folder, out)
    caplog.set_level("INFO")
    packed(train_dir=str(out), val_dir=str(out), test_size=0)
    assert "27 val images are also training images" in caplog.text


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_all_devices_see_every_training_image_once(folder, out, world_size):
    pack(folder, out)
    data = packed(out)
    seen = []
    for rank in range(world_size):
        on_device(data, rank, world_size)
        seen += captions_of(data, data.train_dataloader())
    assert sorted(seen) == sorted(sample.text for sample in data.parts["train"])


def test_worker_processes_read_the_pack(folder, out):
    pack(folder, out)
    data = packed(out, cache_mb=0, num_workers=1)
    expected = [sample.text for sample in data.parts["val"]]
    assert captions_of(data, data.val_dataloader()) == expected


def test_a_pickled_pack_contains_no_images(folder, out):
    pack(folder, out)
    samples = packed(out).parts["train"]
    again = pickle.loads(pickle.dumps(samples))
    assert [*again] == [*samples]
    assert [again.read(i) for i in range(18)] == [samples.read(i) for i in range(18)]
    assert len(pickle.dumps(samples)) < 5_000 < (out / "images.arrow").stat().st_size


def test_the_pack_command(untidy, out, capsys, captions):
    labels = untidy / "labels.csv"
    labels.write_text("file,label\n111.png,one\nbroken.png,two\nsub/gone.png,three\n112.png,é\n")
    cli.main(["pack", str(untidy), str(out), "--labels", "labels.csv"])
    printed, said = capsys.readouterr()
    assert "30 of 33 images" in said
    assert "2 of 4 images are left out" in printed and "2 images are packed" in printed
    assert f"data=packed data.dir={out}" in printed
    with (out / "skipped.csv").open() as file:
        skipped = [(Path(row["file"]).name, row["reason"]) for row in csv.DictReader(file)]
    without = [name for name, reason in skipped if reason == "no caption in labels.csv"]
    assert len(without) == 30
    assert sorted({name for name, _ in skipped} - {*without}) == ["broken.png", "gone.png"]
    made = Pack([out])
    assert made.column("text").to_pylist() == ["one", "é"]
    assert made.column("name").to_pylist() == ["111.png", "112.png"]
    assert made.content(1) == (untidy / "112.png").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == [
        "images.arrow",
        "index.arrow",
        "skipped.csv",
    ]


def test_samples_skipped_while_packing_are_listed(folder, out):
    (folder / "labels.csv").write_text(
        "file,label\n"
        + "".join(f"{path.name},{i}\n" for i, path in enumerate(sorted(folder.glob("*.png"))))
        + "lost.png,1\n"
    )
    count, skipped = pack(folder, out)
    assert (count, [Path(one.name).name for one in skipped]) == (27, ["lost.png"])
    assert [Path(one.name).name for one in packed(out).skipped] == ["lost.png"]


def test_the_output_folder_may_be_empty(folder, out):
    out.mkdir()
    assert pack(folder, out) == (27, [])


@pytest.mark.parametrize(
    "prepare,words",
    [
        (lambda folder, out: (out.mkdir(), (out / "a").touch()), "exists already"),
        (lambda folder, out: out.touch(), "exists already"),
        (
            lambda folder, out: (out.parent / "out.partial").mkdir(),
            r"out\.partial: there is a pack",
        ),
        (lambda folder, out: shutil.rmtree(folder), "no such folder"),
        (lambda folder, out: [path.unlink() for path in folder.iterdir()], "no images here"),
        (
            lambda folder, out: [path.write_bytes(b"") for path in folder.iterdir()],
            "no usable image",
        ),
    ],
)
def test_a_failed_pack_is_reported_in_one_line(folder, out, prepare, words):
    prepare(folder, out)
    before = {*out.parent.rglob("*")}
    with pytest.raises(UserError, match=words) as caught:
        pack(folder, out)
    assert "\n" not in str(caught.value)
    assert {*out.parent.rglob("*")} == before


def test_a_full_disk_leaves_no_files(folder, out, monkeypatch):
    class Full(io.FileIO):
        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda path, mode: io.BufferedWriter(Full(path, mode), 512))
    with pytest.raises(UserError, match="out: No space left on device"):
        pack(folder, out)
    assert [*out.parent.iterdir()] == [folder]


def test_a_killed_pack_leaves_no_output_folder(folder, out, monkeypatch):
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("processes can't be forked here")

    def dies():
        def read(name):
            if "222" in name:
                os.kill(os.getpid(), signal.SIGKILL)
            return read_content(name)

        monkeypatch.setattr("ocr.data.sources.pack.read_content", read)
        pack(folder, out)

    process = multiprocessing.get_context("fork").Process(target=dies)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not out.exists()
    with pytest.raises(UserError, match=r"out\.partial"):
        pack(folder, out)
    shutil.rmtree(out.parent / "out.partial")
    assert pack(folder, out)[0] == 27


def test_ctrl_c_leaves_no_files(folder, out, monkeypatch):
    def interrupted(sample):
        raise KeyboardInterrupt

    monkeypatch.setattr("ocr.data.sources.pack.read_content", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pack(folder, out)
    assert [*out.parent.iterdir()] == [folder]


def rewritten(path: Path, schema: pa.Schema, batches: list) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def index_with(name: str, values: list):
    """Replaces a column in the index of a pack."""

    def damage(out: Path) -> None:
        with pa.ipc.open_file(out / "index.arrow") as reader:
            table = reader.read_all()
        at = INDEX.get_field_index(name)
        table = table.set_column(at, INDEX[at], pa.array(values * len(table), INDEX[at].type))
        rewritten(out / "index.arrow", INDEX, table.to_batches())

    return damage


def cut_short(name: str, keep: float):
    def damage(out: Path) -> None:
        content = (out / name).read_bytes()
        (out / name).write_bytes(content[: int(keep * len(content))])

    return damage


@pytest.mark.parametrize(
    "damage,words",
    [
        (shutil.rmtree, "no packed images here"),
        (lambda out: (out / "images.arrow").unlink(), "no packed images here"),
        (cut_short("images.arrow", 0.5), "damaged"),
        (cut_short("index.arrow", 0.9), "damaged"),
        (cut_short("index.arrow", 0), "damaged"),
        (lambda out: shutil.copy(out / "images.arrow", out / "index.arrow"), "unexpected columns"),
        (lambda out: rewritten(out / "index.arrow", INDEX, []), "different numbers of images"),
        (index_with("width", [0]), "no pixels"),
        (index_with("text", [None]), "missing values"),
        (index_with("digest", [None]), "missing values"),
        (index_with("hash", [None]), "missing values"),
        (index_with("hash", [[1, 2, 3, None]]), "damaged"),
        (lambda out: (out / "skipped.csv").write_bytes(b"\xff,"), "skipped.csv: damaged"),
    ],
)
def test_a_damaged_pack_is_refused_in_one_line(folder, out, damage, words):
    pack(folder, out)
    damage(out)
    with pytest.raises(UserError, match=words) as caught:
        packed(out)
    assert str(out) in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_that_is_not_packed_is_refused_with_the_command(folder):
    with pytest.raises(UserError, match=r"python -m ocr pack"):
        packed(folder)


def test_setup_creates_no_object_per_row(out, monkeypatch):
    made = []
    row = Samples.__getitem__
    monkeypatch.setattr(Samples, "__getitem__", lambda *values: made.append(1) or row(*values))
    content = io.BytesIO()
    draw("1").save(content, "png")
    digests = np.random.default_rng(0).integers(0, 2**63, 20_000)
    out.mkdir()
    with arrow.Writer(out) as writer:
        for i, digest in enumerate(digests.tolist()):
            writer.write(
                content.getvalue(), f"{i}.png", str(i), 2 * digest, 60, 24, "", [i, 0, 0, 0]
            )
    data = packed(out, charset="0123456789")
    data.drop_infeasible(lambda width: 9)
    data.train_dataloader()
    assert sum(map(len, data.parts.values())) == 20_000
    assert len(made) < 600


@pytest.mark.parametrize("changes", [{"train_images": 9}, {"folds": 5, "fold": 3}])
def test_train_images_and_folds_are_the_same_as_in_the_folder(folder, out, changes):
    pack(folder, out, from_folder(folder).source.captions)
    ours, theirs = packed(out, **changes), from_folder(folder, **changes)
    for part in ("train", "val", "test"):
        assert sorted(names(ours, part)) == sorted(names(theirs, part))


def test_a_text_in_light_and_in_dark_is_a_near_duplicate(tmp_path, out):
    images = tmp_path / "images"
    images.mkdir()
    text = draw("123", (120, 40)).convert("L")
    text.save(images / "a.png")
    ImageOps.invert(text).save(images / "b.png")
    draw("321", (120, 40)).save(images / "c.png")
    (images / "labels.csv").write_text("file,label\na.png,123\nb.png,123\nc.png,321\n")
    pack(images, out)
    data = packed(out, val_size=0.5, test_size=0)
    assert {frozenset(texts(data, part)) for part in data.parts} == {
        frozenset({"123"}),
        frozenset({"321"}),
    }
