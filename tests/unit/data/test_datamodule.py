import csv
import json
import logging
import os
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import draw
from datamodules import (
    BASE,
    captions_of,
    from_folder,
    images,
    names,
    on_device,
    synthetic,
    texts,
)

from ocr.data.augmentation.light import LightAugmentation
from ocr.data.collate import Batch, pad_images
from ocr.data.datamodule import OCRDataModule
from ocr.data.factory import downloaded_folder, image_folder
from ocr.data.samples import Sample
from ocr.errors import UserError


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def rows_of(data: OCRDataModule) -> dict[str, list[Sample]]:
    return {part: [*samples] for part, samples in data.parts.items()}


def test_every_image_is_in_one_part(folder, captions):
    data = from_folder(folder)
    assert data.parts.keys() == {"train", "val", "test"}
    assert sorted(names(data, "train") + names(data, "val") + names(data, "test")) == [
        f"{caption}.png" for caption in captions
    ]
    assert all(data.parts.values())
    assert data.skipped == []


def test_the_charset_has_the_characters_of_all_captions(tmp_path):
    data = from_folder(images(tmp_path / "images", *"fedcba"))
    assert data.charset.symbols == "abcdef"


def test_samples_have_the_width_of_the_prepared_image(folder):
    data = from_folder(folder, height=12)
    assert {sample.width for kept in data.parts.values() for sample in kept} == {30}
    assert data.dataset("train").image(0).shape == (1, 12, 30)


def test_another_split_seed_gives_another_split(folder):
    assert names(from_folder(folder), "train") != names(from_folder(folder, split_seed=1), "train")


def test_the_split_does_not_depend_on_the_image_height(folder):
    assert names(from_folder(folder), "train") == names(from_folder(folder, height=10), "train")


def test_a_second_setup_does_nothing(folder):
    data = from_folder(folder)
    parts = data.parts
    shutil.rmtree(folder)
    data.setup("test")
    assert data.parts is parts


def test_mean_and_std_are_those_of_the_training_images(folder):
    data = from_folder(folder)
    floats = torch.cat([batch.images for batch in data.train_dataloader()]).float() / 255
    assert data.preprocessor.mean == pytest.approx(floats.mean().item(), abs=1e-3)
    assert data.preprocessor.std == pytest.approx(floats.std().item(), abs=1e-3)


def test_test_size_0_gives_no_test_part(folder, tmp_path):
    data = from_folder(folder, test_size=0)
    assert data.parts.keys() == {"train", "val"}
    data.report(tmp_path)


def test_val_size_0_without_val_dir_is_refused(folder):
    with pytest.raises(UserError, match=r"data\.val_size"):
        from_folder(folder, val_size=0)


def test_folders_that_are_split_already(tmp_path):
    for part, captions in {"train": "abcd", "val": "ef", "test": "gh"}.items():
        images(tmp_path / part, *captions)
    dirs = {f"{part}_dir": str(tmp_path / part) for part in ("train", "val", "test")}
    data = from_folder(**dirs)
    assert names(data, "train") == ["a.png", "b.png", "c.png", "d.png"]
    assert names(data, "val") == ["e.png", "f.png"]
    assert names(data, "test") == ["g.png", "h.png"]
    assert data.charset.symbols == "abcdefgh"


@pytest.mark.parametrize("given,cut", [("val", "test"), ("test", "val")])
@pytest.mark.parametrize("key", ["dir", "train_dir"])
def test_a_part_without_a_folder_is_split_from_the_training_folder(
    tmp_path, folder, given, cut, key
):
    place = images(tmp_path / given, "777", "888")
    data = from_folder(**{key: str(folder), f"{given}_dir": str(place)})
    assert names(data, given) == ["777.png", "888.png"]
    assert len(data.parts[cut]) + len(data.parts["train"]) == 27
    assert data.parts[cut]


def test_images_in_two_parts_are_logged(tmp_path, folder, caplog):
    copies = tmp_path / "copies"
    copies.mkdir()
    for name in ("111.png", "222.png"):
        shutil.copy(folder / name, copies / name)
    with caplog.at_level(logging.INFO):
        from_folder(folder, val_size=0, val_dir=str(copies), test_size=0)
    assert "2 val images are also training images" in caplog.text


def test_a_split_without_leaks_logs_nothing(folder, caplog):
    with caplog.at_level(logging.INFO):
        from_folder(folder)
    assert "also training images" not in caplog.text


@pytest.mark.parametrize("where", ["in the folder", "elsewhere"])
def test_captions_from_a_labels_file(tmp_path, folder, captions, where):
    labels = (folder if where == "in the folder" else tmp_path) / "labels.csv"
    lines = [f'{caption}.png,"{caption[0]},é"' for caption in captions]
    labels.write_text("\n".join(["file,label", *lines]), encoding="utf-8")
    data = from_folder(folder, labels=labels.name if labels.parent == folder else str(labels))
    assert texts(data) == {"1,é", "2,é", "3,é"}
    assert sum(map(len, data.parts.values())) == 27


@pytest.mark.parametrize("key", ["dir", "train_dir", "val_dir", "test_dir"])
def test_a_missing_data_folder_is_named(tmp_path, folder, key):
    dirs = {"dir": str(folder)} if key in ("val_dir", "test_dir") else {}
    with pytest.raises(UserError, match=r"gone: no such folder"):
        from_folder(**dirs | {key: str(tmp_path / "gone")})


def test_a_tilde_in_data_dir_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert len(texts(from_folder("~/images"))) == 27


def test_a_tilde_in_data_labels_is_the_home_folder(folder, monkeypatch, captions):
    monkeypatch.setenv("HOME", str(folder.parent))
    lines = ["file,label", *(f"{caption}.png,{caption}" for caption in captions)]
    (folder.parent / "labels.csv").write_text("\n".join(lines))
    assert len(texts(from_folder(folder, labels="~/labels.csv"))) == 27


@pytest.mark.parametrize("dirs", [{}, {"val_dir": "a"}])
def test_a_missing_training_folder_is_refused(dirs):
    with pytest.raises(UserError, match=r"data\.dir=PATH"):
        image_folder(dir=None, **dirs, **BASE)


def test_data_dir_and_train_dir_together_are_refused():
    with pytest.raises(UserError, match=r"data\.dir or data\.train_dir, not both"):
        image_folder(dir="a", train_dir="b", **BASE)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_below_1_is_refused(folder, batch_size):
    with pytest.raises(UserError, match=rf"data\.batch_size={batch_size}"):
        from_folder(folder, batch_size=batch_size)


def test_a_given_charset_keeps_its_order_and_skips_other_captions(folder):
    data = from_folder(folder, charset="21x")
    assert data.charset.symbols == "21x"
    assert texts(data) == {f"{a}{b}{c}" for a in "12" for b in "12" for c in "12"}
    assert len(data.skipped) == 19
    reasons = {Path(skipped.name).name: skipped.text for skipped in data.skipped}
    assert "'133'" in reasons["133.png"]
    assert reasons["133.png"].endswith("outside the charset: 3")


def test_a_given_charset_applies_to_all_folders(tmp_path, folder):
    place = images(tmp_path / "val", "12", "19")
    data = from_folder(folder, val_dir=str(place), charset="123")
    assert names(data, "val") == ["12.png"]
    assert [Path(skipped.name).name for skipped in data.skipped] == ["19.png"]


@pytest.mark.parametrize("others", [False, True])
def test_the_error_names_a_charset_that_fits_no_caption(tmp_path, folder, others):
    dirs = {}
    if others:
        for part in ("val", "test"):
            dirs[f"{part}_dir"] = str(images(tmp_path / part, "12", "13"))
    with pytest.raises(UserError, match="outside the charset"):
        from_folder(folder, charset="xyz", **dirs)


def test_a_charset_may_be_a_number(folder):
    assert from_folder(folder, charset=123).charset.symbols == "123"


def test_synthetic_symbols_may_be_a_number():
    assert synthetic(symbols=234).charset.symbols == "234"


def test_the_name_of_a_folder_may_be_a_number(tmp_path, folder, monkeypatch):
    folder.rename(tmp_path / "2024")
    monkeypatch.chdir(tmp_path)
    assert len(texts(from_folder(2024))) == 27


def test_a_charset_with_duplicates_is_refused(folder):
    with pytest.raises(UserError, match=r"data\.charset names '1' more than once"):
        from_folder(folder, charset="1231")


@pytest.mark.parametrize("key,value", [("height", 20), ("width", 99), ("channels", 3)])
def test_adopting_another_image_size_is_refused(folder, key, value):
    state = from_folder(folder, **{key: value}).state()
    with pytest.raises(UserError, match=rf"data\.{key}=.*give data\.{key}={value}"):
        image_folder(dir=str(folder), **BASE).adopt(state)


def test_adopt_takes_all_settings_of_an_earlier_run(tmp_path, folder):
    values = {**BASE, "height": 20, "channels": 3}
    earlier = from_folder(folder, height=20, channels=3, charset="4321")
    later = image_folder(dir=str(images(tmp_path / "later", *"1234567")), **values)
    later.adopt(json.loads(json.dumps(earlier.state())))
    later.setup()
    assert later.state() == earlier.state()
    assert texts(later) == set("1234")
    assert len(later.skipped) == 3
    assert later.dataset("train").image(0).shape == (3, 20, 50)
    assert later.parts["train"][0].width == 50


def test_unusable_images_are_skipped(folder):
    (folder / "broken.png").write_bytes(b"no image")
    shutil.copy(folder / "111.png", folder / "copy.png")
    data = from_folder(folder)
    skipped = {Path(skipped.name).name for skipped in data.skipped}
    assert skipped == {"broken.png", "111.png", "copy.png"}
    assert len(texts(data)) == 26
    assert "b" not in data.charset.symbols


def test_the_error_for_a_folder_without_usable_images_gives_reasons(tmp_path):
    for i in range(5):
        (tmp_path / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(
        UserError, match=r"no usable train image: .*0\.png \(not an image.*and 2 more"
    ):
        from_folder(tmp_path)


def test_a_labels_file_without_rows_is_refused(folder):
    (folder / "labels.csv").write_text("file,label\n")
    with pytest.raises(UserError, match=r"labels\.csv"):
        from_folder(folder, labels="labels.csv")


def test_report_lists_the_split_and_what_is_left_out(folder, tmp_path, caplog):
    (folder / "broken.png").write_bytes(b"no image")
    data = from_folder(folder)
    with caplog.at_level(logging.INFO):
        data.report(tmp_path)
    head, *split = rows(tmp_path / "split.csv")
    assert head == ["part", "file", "label"]
    assert sorted(split) == sorted(
        [part, sample.name, sample.text] for part, kept in data.parts.items() for sample in kept
    )
    assert len(split) == 27
    head, *skipped = rows(tmp_path / "skipped.csv")
    assert head == ["file", "reason", "kind"]
    assert skipped == [
        [str(folder / "broken.png"), "not an image, or a damaged one", "unreadable_image"]
    ]
    assert "1 of 28 images is left out" in caplog.text


def test_images_without_caption_are_listed_but_not_counted_as_left_out(folder, tmp_path, caplog):
    texts = [f"{path.name},{path.stem}\n" for path in sorted(folder.iterdir())]
    (folder / "labels.csv").write_text("file,label\n" + "".join(texts[3:]))
    data = from_folder(folder, labels="labels.csv", max_skipped=0)
    with caplog.at_level(logging.INFO):
        data.report(tmp_path)
    _, *skipped = rows(tmp_path / "skipped.csv")
    names = [line.partition(",")[0] for line in texts[:3]]
    assert skipped == [
        [str(folder / name), "no caption in labels.csv", "no_caption"] for name in names
    ]
    assert data.total == 24
    assert "left out" not in caplog.text


def test_report_writes_no_skipped_csv_if_nothing_is_left_out(folder, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        from_folder(folder).report(tmp_path)
    assert (tmp_path / "split.csv").is_file()
    assert not (tmp_path / "skipped.csv").exists()
    assert "left out" not in caplog.text


def test_split_csv_keeps_commas_quotes_and_unicode(folder, tmp_path, captions):
    text = 'é,"日'
    lines = ["file,label", *(f'{caption}.png,"é,""日"' for caption in captions)]
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    from_folder(folder, labels="labels.csv").report(tmp_path)
    assert {row[2] for row in rows(tmp_path / "split.csv")[1:]} == {text}


def test_a_file_name_that_is_not_utf_8_is_listed(folder, tmp_path):
    name = os.fsdecode(b"\xfc.png")
    try:
        draw("444").save(folder / name)
    except OSError:
        pytest.skip("this file system keeps no such name")
    from_folder(folder).report(tmp_path)
    assert len(rows(tmp_path / "split.csv")) == 28
    [[file, _, kind]] = rows(tmp_path / "skipped.csv")[1:]
    assert file.endswith(r"/\udcfc.png") and kind == "control_character"


def test_too_many_left_out_is_an_error_and_all_are_listed(folder, tmp_path):
    for i in range(2):
        (folder / f"broken{i}.png").write_bytes(b"no image")
    data = from_folder(folder)
    with pytest.raises(UserError, match=r"2 of 29 images.*broken0\.png.*data\.max_skipped=0\.05"):
        data.report(tmp_path)
    assert len(rows(tmp_path / "skipped.csv")) == 3


@pytest.mark.parametrize("max_skipped,fails", [(0, True), (0.24, True), (0.25, False), (1, False)])
def test_max_skipped_images_may_be_left_out(folder, tmp_path, max_skipped, fails):
    for i in range(9):
        (folder / f"broken{i}.png").write_bytes(b"no image")  # 9 of 36
    data = from_folder(folder, max_skipped=max_skipped)
    if fails:
        with pytest.raises(UserError, match=rf"data\.max_skipped={max_skipped}"):
            data.report(tmp_path)
    else:
        data.report(tmp_path)


def test_a_part_without_usable_images_is_refused(tmp_path, folder):
    place = images(tmp_path / "val", "999")
    with pytest.raises(UserError, match=r"no usable val image: .*999\.png"):
        from_folder(folder, val_dir=str(place), charset="123", max_skipped=1)


def test_a_caption_with_too_few_time_steps_is_skipped(tmp_path):
    place = images(tmp_path / "images", "aab", *(f"{i}" for i in range(9)))
    data = from_folder(place, max_skipped=0)
    data.drop_infeasible(lambda width: width // 20)
    (skipped,) = data.skipped
    assert skipped.name == str(place / "aab.png")
    assert "needs 4 time steps, its image gives 3: lower encoder.stride" in skipped.text
    assert "encoder.stride" in skipped.text
    assert "aab" not in texts(data)
    with pytest.raises(UserError, match=r"aab\.png .*needs 4 time steps"):
        data.report(tmp_path)


def test_a_caption_with_just_enough_time_steps_stays(tmp_path):
    place = images(tmp_path / "images", "aab", *(f"{i}" for i in range(9)))
    data = from_folder(place)
    data.drop_infeasible(lambda width: width // 15)
    assert data.skipped == []


def test_time_steps_follow_from_each_image_s_width(tmp_path):
    place = images(tmp_path / "images", "1234", "5678")
    for caption in ("abcd", "efgh", "ijkl"):
        draw(caption, (30, 24)).save(place / f"{caption}.png")
    data = from_folder(place, width=None)
    data.drop_infeasible(lambda width: width // 10)
    assert texts(data) == {"1234", "5678"}


def test_each_epoch_has_another_order(folder):
    data = from_folder(folder)
    loader = data.train_dataloader()
    first, second = captions_of(data, loader), captions_of(data, loader)
    assert sorted(first) == sorted(second) == sorted(s.text for s in data.parts["train"])
    assert first != second


def test_batches_have_the_given_size(folder):
    data = from_folder(folder, batch_size=5)
    sizes = [len(batch.images) for batch in data.train_dataloader()]
    assert set(sizes[:-1]) == {5}
    assert sum(sizes) == len(data.parts["train"])


@pytest.mark.parametrize("part", ["val", "test"])
def test_evaluation_sees_every_image_once_in_order(folder, part):
    data = from_folder(folder)
    loader = getattr(data, f"{part}_dataloader")()
    expected = [sample.text for sample in data.parts[part]]
    assert captions_of(data, loader) == captions_of(data, loader) == expected


@pytest.mark.parametrize("part", ["val", "test"])
@pytest.mark.parametrize("world_size", [2, 3])
def test_evaluation_on_several_devices_sees_every_image_once(folder, part, world_size):
    data = from_folder(folder, val_size=0.3, test_size=0.3)
    seen = []
    for rank in range(world_size):
        on_device(data, rank, world_size)
        share = captions_of(data, getattr(data, f"{part}_dataloader")())
        assert share
        seen += share
    assert sorted(seen) == [sample.text for sample in data.parts[part]]


def test_training_on_several_devices_sees_every_image_once(folder):
    data = from_folder(folder)
    seen, steps = [], set()
    for rank in range(2):
        on_device(data, rank, 2)
        loader = data.train_dataloader()
        steps.add(len(loader))
        seen += captions_of(data, loader)
    assert len(steps) == 1  # otherwise one device would wait forever
    assert sorted(seen) == sorted(sample.text for sample in data.parts["train"])


def test_an_epoch_repeats_a_small_set(folder):
    data = from_folder(folder, min_images=80)
    seen = Counter(captions_of(data, data.train_dataloader()))
    assert sum(seen.values()) >= 80
    assert set(seen) == {sample.text for sample in data.parts["train"]}
    assert len(set(seen.values())) == 1


def test_fewer_training_images_than_devices_are_refused(folder):
    data = from_folder(folder, min_images=1)
    on_device(data, 0, 99)
    with pytest.raises(UserError, match="train images can't occupy 99 devices"):
        data.train_dataloader()


def test_fewer_validation_images_than_devices_are_refused(tmp_path, folder):
    data = from_folder(folder, val_dir=str(images(tmp_path / "val", "1", "2")))
    on_device(data, 0, 3)
    with pytest.raises(UserError, match="2 val images can't occupy 3 devices"):
        data.val_dataloader()


@pytest.mark.parametrize(
    "cache_mb,num_workers,expected",
    [(16, None, False), (0, None, True), (0.01, None, True), (0, 0, False), (16, 1, True)],
)
def test_worker_processes_are_used_if_the_cache_is_too_small(
    folder, cache_mb, num_workers, expected
):
    data = from_folder(folder, cache_mb=cache_mb, num_workers=num_workers)
    assert (data.train_dataloader().num_workers > 0) == expected


def test_batches_do_not_depend_on_the_cache(folder):
    with_cache, without = from_folder(folder), from_folder(folder, cache_mb=0, num_workers=0)
    for ours, theirs in zip(with_cache.val_dataloader(), without.val_dataloader(), strict=True):
        assert torch.equal(ours.images, theirs.images)


def test_validation_batches_hold_images_of_similar_width(tmp_path, folder):
    place = tmp_path / "val"
    place.mkdir()
    for i in range(8):
        draw(str(i), (100 if i % 2 else 40, 24)).save(place / f"{i}.png")
    data = from_folder(folder, val_dir=str(place))
    assert [batch.images.shape[-1] for batch in data.val_dataloader()] == [40, 100]


class Plus100(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + 100


def transferred(data: OCRDataModule, training: bool, *pictures: np.ndarray) -> Batch:
    """The batch that the model gets for uint8 images (C, H, W)."""
    data.trainer = SimpleNamespace(world_size=1, global_rank=0, training=training)
    batch = Batch(*pad_images(pictures), torch.tensor([1]), torch.tensor([1]))
    return data.on_after_batch_transfer(batch, 0)


def of_width(width: int) -> np.ndarray:
    return np.full((1, 24, width), 200, np.uint8)


@pytest.mark.parametrize("training", [True, False])
def test_a_batch_is_normalised_on_the_device(folder, training):
    data = from_folder(folder)
    batch = transferred(data, training, of_width(30), of_width(50))
    assert batch.widths.tolist() == [30, 50]
    assert batch.targets.tolist() == [1]
    expected = (200 / 255 - data.preprocessor.mean) / data.preprocessor.std
    assert batch.images[1].unique().tolist() == pytest.approx([expected], abs=1e-5)
    assert (batch.images[0, ..., 30:] == 0).all()


def test_only_training_batches_are_augmented_and_padding_stays_0(folder):
    data = from_folder(folder, augment=Plus100())
    pictures = of_width(30), of_width(50)
    plain, changed = (transferred(data, training, *pictures).images for training in (False, True))
    torch.testing.assert_close(changed[1], plain[1] + 100)
    assert (changed[0, ..., :30] > 90).all()
    assert (changed[0, ..., 30:] == 0).all()


def test_augmentation_keeps_the_first_character_of_a_padded_image(folder):
    still = dict.fromkeys(("tilt", "slant", "shift", "elastic", "contrast", "brightness"), 0.0)
    data = from_folder(folder, augment=LightAugmentation(**still, scale=0.1, blur=0.0, noise=0.0))
    narrow = np.full((1, 24, 60), 255, np.uint8)
    narrow[..., 6:18] = 0  # a stroke, a quarter of the height from the edge
    images = transferred(data, True, *[narrow] * 50, of_width(1200)).images[:50]
    assert (images[:, 0, 12] < 0).sum(1).min() > 8


def test_synthetic_data_needs_no_folder(tmp_path):
    data = synthetic()
    assert sum(map(len, data.parts.values())) == 30
    assert data.charset.symbols == "ABC"
    data.report(tmp_path)
    batch = next(iter(data.train_dataloader()))
    assert batch.images.shape == (4, 1, 24, 48)
    assert batch.target_lengths.tolist() == [3] * 4


def test_synthetic_samples_have_the_width_of_the_prepared_image():
    data = synthetic(height=20)
    sample = data.parts["train"][0]
    assert sample.width == data.dataset("train").image(0).shape[-1] == 40


def test_the_same_seed_gives_the_same_synthetic_data():
    first, second = synthetic(), synthetic(cache_mb=0)
    assert rows_of(first) == rows_of(second)
    ours, theirs = (next(iter(data.val_dataloader())).images for data in (first, second))
    assert torch.equal(ours, theirs)
    assert texts(synthetic(seed=1)) != texts(first)


def test_more_synthetic_data_does_not_move_the_first_images():
    few, many = (
        {s.name: part for part, kept in synthetic(count=count).parts.items() for s in kept}
        for count in (100, 200)
    )
    assert few.items() <= many.items()


def test_another_split_seed_gives_another_split_of_synthetic_data():
    assert rows_of(synthetic()) != rows_of(synthetic(split_seed=1))


@pytest.mark.parametrize(
    "key,value", [("symbols", ""), ("length", 0), ("image_width", 0), ("image_height", 0)]
)
def test_wrong_settings_of_synthetic_data_are_named(key, value):
    with pytest.raises(UserError, match=rf"data\.{key}"):
        synthetic(**{key: value})


@pytest.fixture
def downloads(monkeypatch):
    """Replaces `download` by one that makes a folder of 9 images; holds its calls."""
    calls = []

    def download(url: str, blob_id: str, folder: Path) -> None:
        calls.append((url, blob_id, folder))
        images(folder, *"123456789")

    monkeypatch.setattr("ocr.data.sources.image_folder.download", download)
    return calls


def downloaded(place: Path) -> OCRDataModule:
    return downloaded_folder(url="http://host/a.zip", git_blob="abc", dir=str(place), **BASE)


def test_a_missing_folder_is_downloaded_once(tmp_path, downloads):
    data = downloaded(tmp_path / "data" / "images")
    data.prepare_data()
    data.prepare_data()
    data.setup()
    assert downloads == [("http://host/a.zip", "abc", tmp_path / "data" / "images")]
    assert texts(data) == set("123456789")


def test_setup_without_prepare_data_downloads_too(tmp_path, downloads):
    downloaded(tmp_path / "images").setup()
    assert len(downloads) == 1


def test_an_existing_folder_is_not_downloaded(folder, downloads):
    data = downloaded(folder)
    data.prepare_data()
    data.setup()
    assert downloads == []
    assert len(texts(data)) == 27


def test_groups_and_normalization_apply_to_the_samples(tmp_path):
    place = images(tmp_path / "images", *(f"{i}_Ab{i}" for i in range(9)))
    data = from_folder(place, pattern="group_label", case="upper", charset="ab012345678")
    assert texts(data) == {f"AB{i}" for i in range(9)}
    assert data.charset.symbols == "AB012345678"
    assert {sample.group for part in data.parts.values() for sample in part} == set("012345678")


def test_captions_that_cannot_be_used_are_left_out_and_listed(folder, tmp_path, captions):
    (folder / "extra_.png").write_bytes((folder / "111.png").read_bytes())
    rows = [f"{caption}.png,{caption}" for caption in captions]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows, "gone.png,1"]))
    data = from_folder(folder)
    assert len(texts(data)) == 27
    data.report(tmp_path)
    assert [one.name for one in data.unusable] == ["gone.png"]


def test_names_may_look_like_numbers(tmp_path):
    place = images(tmp_path / "images", *"123456789")
    (place / "7.csv").write_text("1,2\n" + "\n".join(f"{i}.png,{i}" for i in range(1, 10)))
    assert texts(from_folder(place, labels="7.csv", file_column=1, label_column=2)) == set(
        "123456789"
    )


def test_folds_test_every_image_even_one_with_a_unique_character(folder):
    draw("9").save(folder / "9.png")
    tested = []
    for fold in range(4):
        data = from_folder(folder, folds=4, fold=fold, val_size=0.1, stratify=True)
        tested += names(data, "test")
        sizes = {part: len(kept) for part, kept in data.parts.items()}
        assert sizes["test"] == 7 and sum(sizes.values()) == 28
    assert sorted(tested) == sorted(path.name for path in folder.iterdir())


def test_fewer_training_images_are_a_subset_of_more(folder):
    whole = from_folder(folder)
    few, more = from_folder(folder, train_images=5), from_folder(folder, train_images=9)
    assert len(names(few, "train")) == 5 and len(names(more, "train")) == 9
    assert set(names(few, "train")) < set(names(more, "train")) < set(names(whole, "train"))
    for part in ("val", "test"):
        assert names(few, part) == names(more, part) == names(whole, part)
    assert few.charset == whole.charset
    with pytest.raises(UserError, match=r"data\.train_images=99: there are only"):
        from_folder(folder, train_images=99)
    with pytest.raises(UserError, match=r"data\.train_images=0"):
        from_folder(folder, train_images=0)


def test_unused_training_images_count_in_the_total(folder):
    (folder / "broken.png").write_bytes(b"no image")
    data = from_folder(folder, train_images=5, max_skipped=0.04)
    assert len(data.skipped) == 1 and data.total == 28
    data.require_enough()  # 1 of 28 images is less than 4 %, with the unused ones counted


def test_folds_with_test_dir_are_refused(folder, tmp_path):
    other = images(tmp_path / "test", "12", "21")
    with pytest.raises(UserError, match=r"data\.folds.*data\.test_dir"):
        from_folder(train_dir=str(folder), test_dir=str(other), folds=5)


def test_the_height_is_inferred_from_synthetic_images():
    data = synthetic(height=None, channels=None)
    assert data.preprocessor.height and data.preprocessor.channels
    assert data.parts["train"][0].width == data.dataset("train").image(0).shape[-1]


@pytest.mark.parametrize(
    "settings", [{"labels": ".gt.txt"}, {"pattern": "label_id"}, {"labels": "empty.csv"}]
)
def test_a_folder_without_captions_is_refused_before_images_are_read(folder, settings):
    image_folder(dir=str(folder), **BASE).source.check()
    (folder / "empty.csv").write_text("file,label\ngone.png,123\n")
    with pytest.raises(UserError, match=r"no usable train image|no captions"):
        image_folder(dir=str(folder), **BASE | settings).source.check()
