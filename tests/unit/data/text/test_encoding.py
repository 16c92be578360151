import codecs

import pytest
from caption_folders import found, touch

from ocr.data.sources.captions import CaptionFinder
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file import Columns, LabelsFile
from ocr.data.text.encoding import read_text
from ocr.errors import UserError

TEXTS = {
    "cp1252": ["Müller\nGrün 12\nStraße", "é", "1.png,ü\n", "5 €", "B-Ü 12\nB-Ä 7"],
    "latin-1": ["ñandú", "file,label\n1.png,Köln\n"],
    "cp1250": ["Łódź\nżółć\nśląsk"],
    "cp1251": ["Москва\nПривет мир", "file,label\n1.png,А123ВС\n2.png,К777ОР"],
    "gbk": ["京A12345\n沪B88888\n粤C11111", "你好世界,今天天气很好"],
    "big5": ["臺北市中正區\n高雄", "測試資料 繁體中文"],
    "shift_jis": ["品川 あ 12-34\n横浜 い 5", "東京都\n大阪"],
    "euc_jp": ["品川 あ 12-34\n横浜 い 5"],
    "euc_kr": ["서울 가 1234\n부산 나 5678\n안녕하세요 반갑습니다"],
    "utf-16-le": ["file,label\n1.png,A\n"],
    "utf-16-be": ["file,label\n1.png,ü\n"],
}


@pytest.mark.parametrize("encoding,text", [(e, text) for e, some in TEXTS.items() for text in some])
def test_the_error_names_the_encoding_that_reads_the_file(tmp_path, encoding, text):
    path = tmp_path / "l.csv"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(UserError, match=r"l\.csv: .*data\.encoding=") as caught:
        read_text(path)
    advised = str(caught.value).partition("data.encoding=")[2].split()[0].strip(",")
    assert read_text(path, advised) == read_text(path, encoding) == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("given", [None, "cp1252"])
def test_a_byte_order_mark_gives_the_encoding(tmp_path, encoding, given):
    (tmp_path / "l.csv").write_bytes("file,label\n1.png,ü\n".encode(encoding))
    assert read_text(tmp_path / "l.csv", given) == "file,label\n1.png,ü\n"
    touch(tmp_path, "1.png")
    notes = LabelsFile(tmp_path / "l.csv", Columns(), folder=Folder(tmp_path)).notes
    assert [encoding.upper() in note for note in notes] == [True] * (encoding != "utf-8-sig")


@pytest.mark.parametrize("name", ["l.csv", "l.txt", "l.jsonl"])
def test_labels_files_are_read_in_the_given_encoding(tmp_path, name):
    touch(tmp_path, "1.png", "2.png")
    content = {
        "l.csv": "file,label\n1.png,Grün\n2.png,A\n",
        "l.txt": "1.png\tGrün\n2.png\tA\n",
        "l.jsonl": '{"file": "1.png", "label": "Grün"}\n{"file": "2.png", "label": "A"}',
    }
    (tmp_path / name).write_bytes(content[name].encode("cp1252"))
    assert found(tmp_path, name, encoding="cp1252") == {"1.png": "Grün", "2.png": "A"}
    assert found(tmp_path, encoding="cp1252") == {"1.png": "Grün", "2.png": "A"}


def test_text_files_are_read_in_the_given_encoding(tmp_path):
    touch(tmp_path, "1.png")
    (tmp_path / "1.gt.txt").write_bytes("Grün\n".encode("cp1252"))
    assert found(tmp_path, ".gt.txt", encoding="cp1252") == {"1.png": "Grün"}
    assert "UTF-8" in found(tmp_path, ".gt.txt")["1.png"]


@pytest.mark.parametrize("name", ["cp12522", "hex", "", "a\0b"])
def test_an_unknown_encoding_is_refused_in_one_line(name):
    with pytest.raises(UserError, match=r"data\.encoding=.*: no such encoding"):
        CaptionFinder(encoding=name)


@pytest.mark.parametrize("given", ["utf-8", "ascii", "utf-16"])
def test_a_wrong_encoding_is_refused_with_a_right_one(tmp_path, given):
    (tmp_path / "l.csv").write_bytes("1.png,Grün\n".encode("cp1252"))
    with pytest.raises(UserError, match=rf"not in {given} .*data\.encoding=cp1252"):
        read_text(tmp_path / "l.csv", given)


@pytest.mark.parametrize("given", ["ascii", "cp1252", "latin-1"])
def test_utf_8_is_not_mistaken_for_another_encoding(tmp_path, given):
    (tmp_path / "l.csv").write_text("1.png,Grün\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"l\.csv: .*it is in UTF-8.*data\.encoding=null"):
        read_text(tmp_path / "l.csv", given)
    (tmp_path / "l.csv").write_text("1.png,A\n")
    assert read_text(tmp_path / "l.csv", given) == "1.png,A\n"


def test_a_line_that_is_not_utf_8_is_named(tmp_path):
    good = "".join(f"{i}.png,Grün\n" for i in range(9)).encode()
    (tmp_path / "l.csv").write_bytes(good + b"9.png,\xfc\n")
    with pytest.raises(UserError, match=r"l\.csv, line 10: not in UTF-8, unlike the other lines"):
        read_text(tmp_path / "l.csv")


def test_binary_content_gets_no_encoding(tmp_path):
    (tmp_path / "l.csv").write_bytes(codecs.BOM_UTF8 + bytes(range(256)))
    with pytest.raises(UserError, match="save it as UTF-8"):
        read_text(tmp_path / "l.csv")
