import logging
from pathlib import Path

import pytest
from caption_folders import found, touch, write

from ocr.data.sources.captions import CaptionFinder
from ocr.data.text.unicode import TextNormalizer
from ocr.errors import UserError

TEN = [f"{i}.png" for i in range(10)]


def table(names: list[str], head: str = "file,label") -> str:
    return "\n".join([head, *(f"{name},x{name[0]}" for name in names)])


@pytest.fixture(autouse=True)
def said(caplog):
    caplog.set_level(logging.INFO)
    return caplog


@pytest.mark.parametrize(
    "name,content",
    [
        ("labels__csv", table(TEN)),
        ("metadata__csv", table(TEN, "file_name,text")),
        ("my list__csv", table(TEN).replace(",", ";")),
        ("train__tsv", table(TEN).replace(",", "\t")),
        ("metadata__jsonl", "\n".join(f'{{"file_name":"{n}","text":"x{n[0]}"}}' for n in TEN)),
        ("rec_gt__txt", "\n".join(f"{n}\tx{n[0]}" for n in TEN)),
        ("gt__txt", "\n".join(f'{n}, "x{n[0]}"' for n in TEN)),
    ],
)
def test_a_labels_file_that_names_the_images_is_used_and_logged(tmp_path, said, name, content):
    touch(tmp_path, *TEN)
    write(tmp_path, **{name: content})
    assert found(tmp_path) == {name: f"x{name[0]}" for name in TEN}
    assert f"captions are from {name.replace('__', '.')}" in said.text
    assert "data.labels=name" in said.text


def test_text_files_beside_the_images_are_used_and_logged(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, **{f"{i}__gt__txt": f"x{i}\n" for i in range(10)})
    assert found(tmp_path) == {name: f"x{name[0]}" for name in TEN}
    assert "captions are from .gt.txt" in said.text


def test_a_labels_file_of_images_in_subfolders_is_used(tmp_path):
    touch(tmp_path, *(f"images/{name}" for name in TEN))
    write(tmp_path, labels__csv=table(TEN).replace("\n", "\nimages/"))
    assert found(tmp_path) == {f"images/{name}": f"x{name[0]}" for name in TEN}


def test_labels_files_of_different_images_are_refused(tmp_path):
    for part in ("train", "val"):
        touch(tmp_path, *(f"{part}/{name}" for name in TEN))
        write(tmp_path, **{f"{part}__csv": table(TEN).replace("\n", f"\n{part}/")})
    with pytest.raises(UserError, match=r"train\.csv, val\.csv name different images"):
        found(tmp_path)
    assert len(found(tmp_path, "train.csv")) == 10


def test_the_error_names_the_subfolder_of_a_labels_file_s_images(tmp_path):
    touch(tmp_path / "images", *TEN)
    write(tmp_path, labels__csv=table(TEN))
    with pytest.raises(UserError) as refusal:
        found(tmp_path)
    dir_, labels = tmp_path / "images", tmp_path / "labels.csv"
    assert str(refusal.value).endswith(f"data.dir={dir_} data.labels={labels}")
    assert len(found(dir_, str(labels))) == 10


def test_nearly_all_images_are_enough(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, labels__csv=table(TEN[:9]))
    assert found(tmp_path)[TEN[9]] == "<no caption in labels.csv>"
    assert "1 of 10 images" in said.text


@pytest.mark.parametrize(
    "files,message",
    [
        ({"labels__csv": table(TEN[:5])}, r"labels\.csv has captions for only 50% of the images"),
        ({"labels__csv": table(["x.png"])}, r"names no image .* x\.png, the first .* is 0\.png"),
        ({"part__csv": table(TEN[:1])}, r"part\.csv has captions for only 10% of the images"),
        ({"1__gt__txt": "A"}, r"\.gt\.txt has captions for only 10% of the images"),
        ({"labels__csv": ""}, r"labels\.csv: it is empty"),
        ({"labels__csv": "id,value\nx,A\n"}, r"labels\.csv: .*'id', 'value'.*data\.file_column"),
        ({"metadata__jsonl": "{"}, r"metadata\.jsonl, line 1"),
    ],
)
def test_doubtful_captions_are_refused_with_an_override(tmp_path, files, message):
    touch(tmp_path, *TEN)
    write(tmp_path, **files)
    with pytest.raises(UserError, match=rf"{message}.*; data\.labels=name takes the file names"):
        found(tmp_path)
    assert found(tmp_path, "name")["1.png"] == "1"


def test_all_tables_of_parts_are_named(tmp_path):
    touch(tmp_path, *TEN)
    write(tmp_path, test__csv=table(TEN[7:]), train__csv=table(TEN[:7]))
    with pytest.raises(
        UserError, match=r"train\.csv has .* only 70% .*, test\.csv for 30%: .*data\.train_dir"
    ):
        found(tmp_path)
    write(tmp_path, test__csv=table(TEN[4:8]), metadata__csv=table(["x.png"]))
    with pytest.raises(UserError, match=r"test\.csv for 40%: .*only these; data\.labels=name"):
        found(tmp_path)  # these files overlap


@pytest.mark.parametrize("table", ["labels.csv", "train.csv"])
@pytest.mark.parametrize("place", ["/home/ann/{}", r"C:\ann\{}", "train_data/rec/{}"])
def test_paths_that_do_not_exist_are_found_by_file_name(tmp_path, said, place, table):
    touch(tmp_path, *TEN)
    rows = [f"{place.format(name)},x{name[0]}" for name in [*TEN[1:], "gone.png"]]
    (tmp_path / table).write_text("\n".join(["file,label", *rows]))
    assert found(tmp_path) == {
        **{name: f"x{name[0]}" for name in TEN[1:]},
        "0.png": f"<no caption in {table}>",
        place.format("gone.png"): f"<no such file ({table}, line 11)>",
    }
    assert said.text.count(f"paths that don't exist here, such as {place.format('1.png')}") == 1


def test_paths_that_do_not_exist_in_folders_of_parts(tmp_path):
    for part in ("train", "test"):
        touch(tmp_path / part, *TEN)
        rows = table(TEN).replace("\n", f"\n/home/ann/{part}/")
        write(tmp_path / part, labels__csv=rows)
    captions = CaptionFinder(TextNormalizer("NFC", "keep", True))
    for samples in captions.find({part: tmp_path / part for part in ("train", "test")}).values():
        assert [sample.text for sample in samples] == [f"x{i}" for i in range(10)]


def test_existing_paths_are_preferred_to_equal_file_names(tmp_path, said):
    touch(tmp_path, *TEN)
    others = table(TEN).replace("\n", "\ntest/").replace(",x", ",y")
    write(tmp_path, train__csv=table(TEN), test__csv=others)
    assert found(tmp_path)["1.png"] == "x1"
    assert "captions are from train.csv" in said.text and "don't exist here" not in said.text


@pytest.mark.parametrize("name", ["read.txt", "train.txt", "predictions.csv"])
def test_other_paths_are_matched_by_file_name_only_in_a_usual_labels_file(tmp_path, said, name):
    """Such files may be the output of a model."""
    touch(tmp_path, *TEN)
    mark = "\t" if name.endswith(".txt") else ","
    rows = [f"images/{image}{mark}wrong" for image in TEN]
    (tmp_path / name).write_text("\n".join([*([] if mark == "\t" else ["file,label"]), *rows]))
    assert found(tmp_path)["1.png"] == "1"
    assert "captions are the file names" in said.text
    assert found(tmp_path, name)["1.png"] == "wrong"


@pytest.mark.parametrize(
    "images,rows",
    [
        (["1.png", "2.png"], ["a/1.png", "b/1.png"]),  # ambiguous
        (["1.png", "2.png"], ["a/1.png", "b/1.PNG"]),
        (["1.png", "2.png"], ["a/1.png", "2.png"]),  # one path exists
        (["1.png", "sub/1.png", "sub/2.png"], ["old/sub/1.png", "old/sub/2.png"]),
    ],
)
def test_an_ambiguous_file_name_is_not_used(tmp_path, images, rows):
    touch(tmp_path, *images)
    write(tmp_path, labels__csv="file,label\n" + "".join(f"{row},A\n" for row in rows))
    assert found(tmp_path, "labels.csv", recursive=True)["1.png"] == "<no caption in labels.csv>"


def test_paths_of_other_existing_images_are_not_found_here(tmp_path):
    touch(tmp_path, *(f"clean/{name}" for name in TEN), *(f"orig/{name}" for name in TEN))
    rows = table(TEN).replace("\n", f"\n{tmp_path}/orig/")
    write(tmp_path / "clean", labels__csv=rows)
    with pytest.raises(UserError, match="names no image that exists"):
        found(tmp_path / "clean")


def test_two_sources_with_different_captions_are_refused(tmp_path):
    touch(tmp_path, *TEN)
    write(tmp_path, labels__csv=table(TEN), b__csv=table(TEN).replace("x3", "y3"))
    with pytest.raises(UserError, match=r"3\.png: .*'y3'.*data\.labels=b\.csv or .*labels\.csv"):
        found(tmp_path)


def test_the_fuller_of_two_equal_sources_is_used(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, all__csv=table(TEN), a__csv=table(TEN[:9]), test__csv=table(TEN[9:]))
    assert len(found(tmp_path)) == 10
    assert "captions are from all.csv" in said.text


def test_other_files_are_not_used_as_labels_files(tmp_path, said):
    touch(tmp_path, *TEN)
    write(
        tmp_path,
        notes__txt="from the gate camera\n",
        classes__txt="0\n1\n",
        prices__csv="a,b\n1,2\n",
        skipped__csv="file,label\ngone.png,A\n",
        x__json="{}",
    )
    assert found(tmp_path)["1.png"] == "1"
    assert "captions are the file names" in said.text


@pytest.mark.parametrize(
    "names,hint",
    [
        (TEN, "consecutive numbers"),
        ([f"0{i}.jpg" for i in range(30, 45)], "consecutive numbers"),
        (["A_1.png", "B_2.png"], "data.pattern=label_id or id_label"),
        (["A.1.png", "B.2.png"], "data.pattern=label.id or id.label"),
    ],
)
def test_doubts_about_file_names_are_logged(tmp_path, said, names, hint):
    touch(tmp_path, *names)
    assert len(found(tmp_path)) == len(names)
    assert hint in said.text


def test_plain_file_names_raise_no_doubts(tmp_path, said):
    touch(tmp_path, *(f"{i * i}.png" for i in range(20)))
    found(tmp_path)
    assert said.messages == [f"captions are the file names of {tmp_path}, such as '0', '1', '100'"]


def test_a_txt_beside_each_image_is_suggested_but_not_used(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, **{f"{i}__txt": "0 0.5 0.5 0.1 0.1\n" for i in range(10)})
    assert found(tmp_path)["1.png"] == "1"
    assert "data.labels=.txt" in said.text


# Other files beside and above the images

CODES = [f"{number:04}" for number in range(17, 4000, 331)]
PLATES = [f"plate{letter}.png" for letter in "abcdefghijklm"]


def rows(form: str, names: list[str] = PLATES) -> str:
    return "\n".join(form.format(n, n.rpartition(".")[0], c) for n, c in zip(names, CODES))


def refusal(folder: Path, **keys: object) -> str:
    with pytest.raises(UserError) as caught:
        found(folder, **keys)
    return str(caught.value)


@pytest.mark.parametrize(
    "name,content,advice",
    [
        ("dane__txt", "#list\n#x\n" + rows("{0} {2} 5q{2}x"), "give that and data.labels=dane.txt"),
        ("gt__xml", "<r>" + rows('<image file="word/{0}" tag="{2}"/>') + "</r>", "data.labels="),
        ("labels__yaml", rows("{0}: '{2}'"), "data.labels="),
        ("answers", rows("{0};{2};{2}x"), "give that and data.labels=answers"),
        (
            "labels__txt",
            rows("{0} {2}").encode("utf-16-le"),
            "give that and data.labels=labels.txt",
        ),
        ("odd__txt", rows("{0}\t{2}") + "\nno data.1 name", "save it as labels.csv"),
        (
            "Label__txt",
            rows('set/{0}\t[{{"transcription": "{2}", "points": [[7, 3], [8, 4]]}}]'),
            "save it as labels.csv",
        ),
    ],
)
def test_an_unreadable_file_that_names_the_images_is_an_error_with_both_choices(
    tmp_path, name, content, advice
):
    touch(tmp_path, *PLATES)
    if isinstance(content, bytes):
        (tmp_path / name.replace("__", ".")).write_bytes(content)
    else:
        write(tmp_path, **{name: content})
    line = refusal(tmp_path)
    assert line.startswith(f"{tmp_path / name.replace('__', '.')} names all of the images")
    assert advice in line
    assert ("give that" in line) == ("give that" in advice)
    assert "data.labels=name takes the file names" in line
    assert found(tmp_path, "name")["platea.png"] == "platea"


def test_a_file_that_names_images_without_suffix_is_suggested_but_not_used(tmp_path, said):
    touch(tmp_path, *PLATES)
    write(tmp_path, plates__tab=rows("{1} {2}"))
    assert found(tmp_path)["platea.png"] == "platea"
    assert "plates.tab names all of the images" in said.text
    assert "data.labels=plates.tab" in said.text


def test_one_line_per_numbered_image_is_suggested_and_read_if_named(tmp_path):
    names = [f"captcha.{i}.png" for i in range(1, 13)]
    touch(tmp_path, *names)
    write(tmp_path, ans__txt="\n".join(CODES[:12]) + "\n")
    assert "ans.txt has as many lines as there are images: data.labels=ans.txt" in refusal(tmp_path)
    assert found(tmp_path, "ans.txt")["captcha.12.png"] == CODES[11]


@pytest.mark.parametrize(
    "name,content",
    [
        ("README__md", "# Images\nPlates of cars.\n" * 20),
        ("requirements__txt", "\n".join(f"package{c}==1.{c}" for c in CODES)),
        ("classes__txt", "\n".join(f"class{c}" for c in CODES)),
        ("charset__txt", "0123456789"),
        ("files__txt", rows("data/{0}")),
        ("MD5SUMS", rows("d41d8cd98f00b204e9800998ecf8{2}  {0}")),
        ("split__txt", rows("{0} train")),
        ("fileState__txt", rows("C:\\set\\{0}\t1")),
        ("sizes__txt", rows("{0} 120 40.5")),
        ("train__log", rows("12:00:01 read {0} in 0.{2}s")),
        ("vocabulary__txt", rows("{1} 12")),
        ("urls__txt", rows("https://example.com/{2}")),
    ],
)
@pytest.mark.parametrize("images", [PLATES, [f"{i}.png" for i in range(13)]])
def test_unrelated_files_are_not_suggested(tmp_path, said, images, name, content):
    touch(tmp_path, *images)
    for plate, image in zip(PLATES, images):
        content = content.replace(plate, image).replace(plate[:-4], image[:-4])
    write(tmp_path, **{name: content})
    assert len(found(tmp_path)) == 13
    assert name.replace("__", ".") not in said.text


def test_the_output_of_a_model_is_not_used(tmp_path, said):
    touch(tmp_path, *PLATES)
    write(tmp_path, predictions__json="{" + rows('"{0}": "{2}",')[:-1] + "}")
    assert found(tmp_path)["platea.png"] == "platea"
    assert "data.labels=predictions.json" in said.text


def test_a_labels_file_above_the_images_is_suggested_and_read_if_named(tmp_path):
    touch(tmp_path / "images", *PLATES)
    write(tmp_path, labels__csv="file,label\n" + rows("images/{0},{2}"))
    labels = tmp_path / "labels.csv"
    assert f"data.labels={labels} takes" in refusal(tmp_path / "images")
    assert found(tmp_path / "images", str(labels))["platea.png"] == CODES[0]


def test_a_labels_file_of_one_subfolder_is_suggested(tmp_path):
    touch(tmp_path, *(f"photo{i}.jpg" for i in range(13)), *(f"crop_img/{n}" for n in PLATES))
    write(tmp_path, rec_gt__txt=rows("crop_img/{0}\t{2}"))
    command = f"data.dir={tmp_path}/crop_img data.labels={tmp_path}/rec_gt.txt"
    assert command in refusal(tmp_path)
    assert command in refusal(tmp_path, recursive=True)
    read = found(tmp_path / "crop_img", str(tmp_path / "rec_gt.txt"))
    assert read == dict(zip(PLATES, CODES))


def test_joining_labels_files_in_subfolders_is_suggested(tmp_path):
    touch(tmp_path, *(f"{place}/{n}" for place in "ab" for n in PLATES))
    write(tmp_path, **{f"{place}/labels__csv": "file,label\n" + rows("{0},{2}") for place in "ab"})
    assert f"into one labels.csv in {tmp_path}" in refusal(tmp_path, recursive=True)


def test_a_folder_with_a_text_file_for_each_image_is_suggested(tmp_path, said):
    touch(tmp_path / "images", *PLATES)
    write(tmp_path, **{f"texts/{name[:-4]}__txt": c for name, c in zip(PLATES, CODES)})
    found(tmp_path / "images")
    assert f"{tmp_path}/texts has a .txt for each image" in said.text


@pytest.mark.parametrize(
    "suffix", ["-gt.txt", "_gt.txt", ".lines.txt", ".label", ".caption", ".TXT", ".png.txt"]
)
def test_text_files_of_any_suffix_are_suggested_and_read_if_named(tmp_path, said, suffix):
    touch(tmp_path, *PLATES)
    write(tmp_path, **{name[:-4] + suffix: c for name, c in zip(PLATES, CODES)})
    assert found(tmp_path)["platea.png"] == "platea"
    hinted = ".txt" if suffix == ".png.txt" else suffix
    assert f"data.labels={hinted} takes the captions from there" in said.text
    assert found(tmp_path, hinted) == dict(zip(PLATES, CODES))


@pytest.mark.parametrize(
    "folders,names,pattern",
    [
        ("abc", ["0", "1"], "label/id"),
        (["x/AB12", "x/CD34", "y/EF56"], ["AB_1", "AB_2"], "id/label/id"),
        ("0123456789", ["9", "10"], "label/id"),
        (["train", "val", "test"], ["0", "1"], None),
        (["session1", "session2", "session3"], ["0", "1"], None),
        (["2024-01-02", "2024-01-03", "2024-02-01"], ["0", "1"], None),
        (["01", "02", "03"], ["0", "1"], None),
        (["hall", "gate", "yard"], None, None),
    ],
)
def test_a_pattern_is_suggested_if_folders_may_be_captions(tmp_path, said, folders, names, pattern):
    for place in folders:
        own = names or [f"{place[i]}{place[-i]}Q{len(place) * i}" for i in (1, 2)]
        touch(tmp_path, *(f"{place}/{name}.png" for name in own))
    found(tmp_path, recursive=True)
    assert bool(pattern) == ("a folder's name" in said.text)
    if pattern:
        assert f"data.pattern={pattern}" in said.text
        read = found(tmp_path, pattern=pattern)
        assert all(text == name.split("/")[-2] for name, text in read.items())
    if pattern == "label/id":
        assert "data.pattern=label/id" in refusal(tmp_path)


def test_the_logged_examples_are_captions(tmp_path, said):
    touch(tmp_path, "a/AB.png", "b/XY.png")
    found(tmp_path, recursive=True)
    assert "such as 'AB', 'XY'" in said.text


def test_a_large_unrelated_file_is_not_read_completely(tmp_path, monkeypatch):
    touch(tmp_path, *PLATES)
    write(tmp_path, big__csv="file,label\n" + "something,else\n" * 40_000)
    monkeypatch.setattr("ocr.data.sources.labels_file.labels_file.open_document", None)
    assert found(tmp_path)["platea.png"] == "platea"


def test_the_folders_of_a_split_are_suggested(tmp_path):
    touch(tmp_path, "train/12.png", "Val/34.png", "test/56.png")
    words = rf"data.train_dir={tmp_path}/train data.val_dir={tmp_path}/Val data.test_dir="
    with pytest.raises(UserError, match=words):
        CaptionFinder().find({"all": tmp_path})


def test_file_names_are_enough_if_unique_in_all_subfolders(tmp_path):
    touch(tmp_path, "a/0.png", "b/1.png")
    (tmp_path / "labels.csv").write_text("file,label\n0.png,12\n1.png,34\n")
    [samples] = CaptionFinder(recursive=True).find({"all": tmp_path}).values()
    assert {Path(s.name).relative_to(tmp_path).as_posix(): s.text for s in samples} == {
        "a/0.png": "12",
        "b/1.png": "34",
    }
    touch(tmp_path, "b/0.png")
    with pytest.raises(UserError, match=r"labels\.csv names no image"):
        CaptionFinder(recursive=True).find({"all": tmp_path})
