import logging

import pytest
from test_captions import found, touch, write

from ocr.data.captions import Captions
from ocr.data.spelling import Spelling
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
def test_a_labels_file_that_names_the_images_is_taken_and_said(tmp_path, said, name, content):
    touch(tmp_path, *TEN)
    write(tmp_path, **{name: content})
    assert found(tmp_path) == {name: f"x{name[0]}" for name in TEN}
    assert f"captions are from {name.replace('__', '.')}" in said.text
    assert "data.labels=name" in said.text


def test_a_text_beside_each_image_is_taken_and_said(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, **{f"{i}__gt__txt": f"x{i}\n" for i in range(10)})
    assert found(tmp_path) == {name: f"x{name[0]}" for name in TEN}
    assert "captions are from .gt.txt" in said.text


def test_a_labels_file_of_images_in_subfolders(tmp_path):
    touch(tmp_path, *(f"images/{name}" for name in TEN))
    write(tmp_path, labels__csv=table(TEN).replace("\n", "\nimages/"))
    assert found(tmp_path) == {f"images/{name}": f"x{name[0]}" for name in TEN}


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
        ({"labels__csv": ""}, r"labels\.csv: no column for 'file'"),
        ({"labels__csv": "id,value\nx,A\n"}, r"labels\.csv: .*'id', 'value'.*data\.file_column"),
        ({"metadata__jsonl": "{"}, r"metadata\.jsonl, line 1"),
    ],
)
def test_what_is_doubtful_is_asked_for(tmp_path, files, message):
    touch(tmp_path, *TEN)
    write(tmp_path, **files)
    with pytest.raises(UserError, match=rf"{message}.*; data\.labels=name takes the file names"):
        found(tmp_path)
    assert found(tmp_path, "name")["1.png"] == "1"


def test_tables_of_parts_are_all_told(tmp_path):
    touch(tmp_path, *TEN)
    write(tmp_path, test__csv=table(TEN[7:]), train__csv=table(TEN[:7]))
    with pytest.raises(
        UserError, match=r"train\.csv has .* only 70% .*, test\.csv for 30%: .*data\.train_dir"
    ):
        found(tmp_path)
    write(tmp_path, test__csv=table(TEN[4:8]), metadata__csv=table(["x.png"]))
    with pytest.raises(UserError, match=r"test\.csv for 40%: .*it names; data\.labels=name"):
        found(tmp_path)  # these overlap


@pytest.mark.parametrize("table", ["labels.csv", "train.csv"])
@pytest.mark.parametrize("place", ["/home/ann/{}", r"C:\ann\{}", "train_data/rec/{}"])
def test_paths_of_another_place_are_taken_by_the_file_name(tmp_path, said, place, table):
    touch(tmp_path, *TEN)
    rows = [f"{place.format(name)},x{name[0]}" for name in [*TEN[1:], "gone.png"]]
    (tmp_path / table).write_text("\n".join(["file,label", *rows]))
    assert found(tmp_path) == {
        **{name: f"x{name[0]}" for name in TEN[1:]},
        "0.png": f"<no caption in {table}>",
        place.format("gone.png"): f"<no such file ({table}, line 11)>",
    }
    assert said.text.count(f"paths of another place, such as {place.format('1.png')}") == 1


def test_paths_of_another_place_in_folders_of_parts(tmp_path):
    for part in ("train", "test"):
        touch(tmp_path / part, *TEN)
        rows = table(TEN).replace("\n", f"\n/home/ann/{part}/")
        write(tmp_path / part, labels__csv=rows)
    captions = Captions(Spelling("NFC", "keep", True))
    for samples in captions.find({part: tmp_path / part for part in ("train", "test")}).values():
        assert [sample.text for sample in samples] == [f"x{i}" for i in range(10)]


def test_images_named_outright_are_surer_than_others_called_alike(tmp_path, said):
    touch(tmp_path, *TEN)
    others = table(TEN).replace("\n", "\ntest/").replace(",x", ",y")
    write(tmp_path, train__csv=table(TEN), test__csv=others)
    assert found(tmp_path)["1.png"] == "x1"
    assert "captions are from train.csv" in said.text and "another place" not in said.text


@pytest.mark.parametrize("name", ["read.txt", "train.txt", "predictions.csv"])
def test_what_others_wrote_on_such_files_is_not_taken(tmp_path, said, name):
    """What a model has read, say: only a file with a labels file's name means these images."""
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
        (["1.png", "2.png"], ["a/1.png", "b/1.png"]),  # which of them?
        (["1.png", "2.png"], ["a/1.png", "b/1.PNG"]),
        (["1.png", "2.png"], ["a/1.png", "2.png"]),  # some do count from here
        (["1.png", "sub/1.png", "sub/2.png"], ["old/sub/1.png", "old/sub/2.png"]),
    ],
)
def test_a_file_name_that_could_be_another_image_is_not_taken(tmp_path, images, rows):
    touch(tmp_path, *images)
    write(tmp_path, labels__csv="file,label\n" + "".join(f"{row},A\n" for row in rows))
    assert found(tmp_path, "labels.csv", recursive=True)["1.png"] == "<no caption in labels.csv>"


def test_images_that_are_elsewhere_are_not_those_here(tmp_path):
    touch(tmp_path, *(f"clean/{name}" for name in TEN), *(f"orig/{name}" for name in TEN))
    rows = table(TEN).replace("\n", f"\n{tmp_path}/orig/")
    write(tmp_path / "clean", labels__csv=rows)
    with pytest.raises(UserError, match="names no image that is there"):
        found(tmp_path / "clean")


def test_two_places_that_differ_are_asked_for(tmp_path):
    touch(tmp_path, *TEN)
    write(tmp_path, labels__csv=table(TEN), b__csv=table(TEN).replace("x3", "y3"))
    with pytest.raises(UserError, match=r"3\.png: .*'y3'.*data\.labels=b\.csv or .*labels\.csv"):
        found(tmp_path)


def test_of_two_places_that_agree_the_fuller_is_taken(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, all__csv=table(TEN), a__csv=table(TEN[:9]), test__csv=table(TEN[9:]))
    assert len(found(tmp_path)) == 10
    assert "captions are from all.csv" in said.text


def test_other_files_are_no_labels_files(tmp_path, said):
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
        (TEN, "looks like counting"),
        ([f"0{i}.jpg" for i in range(30, 45)], "looks like counting"),
        (["A_1.png", "B_2.png"], "data.pattern=label_id or id_label"),
        (["A.1.png", "B.2.png"], "data.pattern=label.id or id.label"),
    ],
)
def test_doubts_about_file_names_are_said(tmp_path, said, names, hint):
    touch(tmp_path, *names)
    assert len(found(tmp_path)) == len(names)
    assert hint in said.text


def test_plain_file_names_raise_no_doubts(tmp_path, said):
    touch(tmp_path, *(f"{i * i}.png" for i in range(20)))
    found(tmp_path)
    assert said.messages == [f"captions are the file names of {tmp_path}, such as '0', '1', '100'"]


def test_a_txt_beside_each_image_is_hinted_at_and_not_taken(tmp_path, said):
    touch(tmp_path, *TEN)
    write(tmp_path, **{f"{i}__txt": "0 0.5 0.5 0.1 0.1\n" for i in range(10)})
    assert found(tmp_path)["1.png"] == "1"
    assert "data.labels=.txt" in said.text
