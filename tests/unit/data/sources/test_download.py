import io
import logging
import socket
import stat
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ocr.data.sources.download import download, git_blob_id
from ocr.errors import UserError

GOOD = {"images/a.png": b"first", "images/b.png": b"second"}


class Answer(BaseHTTPRequestHandler):
    """Sends the bytes that the test has set, and closes the connection."""

    def do_GET(self):
        self.wfile.write(self.server.answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve(monkeypatch):
    """Starts a server with one response to all requests; returns a URL there."""
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def answer(raw: bytes) -> str:
        server.answer = raw
        return f"http://127.0.0.1:{server.server_port}/images.zip"

    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder to download to, which doesn't exist yet."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "images"


def ok(body: bytes, length: int | None = None) -> bytes:
    head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


def zipped(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fails(url: str, blob_id: str, folder: Path, match: str) -> None:
    """Assert that the download raises a UserError and leaves no files."""
    before = sorted(folder.parent.parent.rglob("*"))
    with pytest.raises(UserError, match=match) as caught:
        download(url, blob_id, folder)
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(folder.parent.parent.rglob("*")) == before
    assert not folder.exists()


def refused(serve, body: bytes, folder: Path, match: str) -> None:
    """Assert that a download with the expected blob id fails."""
    fails(serve(ok(body)), git_blob_id(body), folder, match)


@pytest.mark.parametrize(
    "content,blob_id",
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ],
)
def test_git_blob_id_is_that_of_git(content, blob_id):
    assert git_blob_id(content) == blob_id


def test_the_folder_in_the_zip_is_unpacked(serve, folder):
    body = zipped({"images/": b""} | GOOD)
    download(serve(ok(body)), git_blob_id(body), folder)
    assert contents(folder) == {"a.png": b"first", "b.png": b"second"}
    assert list(folder.parent.iterdir()) == [folder]


def test_other_users_may_read_the_folder(serve, folder):
    body = zipped(GOOD)
    download(serve(ok(body)), git_blob_id(body), folder)
    (folder.parent / "made by hand").mkdir()
    assert folder.stat().st_mode == (folder.parent / "made by hand").stat().st_mode


def test_missing_parents_are_made(serve, tmp_path):
    body = zipped(GOOD)
    download(serve(ok(body)), git_blob_id(body), tmp_path / "a" / "b" / "c")
    assert len(contents(tmp_path / "a" / "b" / "c")) == 2


def test_files_added_by_macos_are_left_out(serve, folder):
    body = zipped(GOOD | {"__MACOSX/images/._a.png": b"x"})
    download(serve(ok(body)), git_blob_id(body), folder)
    assert contents(folder).keys() == {"a.png", "b.png"}


def test_a_response_without_a_length_is_accepted(serve, folder):
    body = zipped(GOOD)
    download(serve(b"HTTP/1.0 200 OK\r\n\r\n" + body), git_blob_id(body), folder)
    assert len(contents(folder)) == 2


def test_a_folder_created_in_the_meantime_stays(serve, folder):
    folder.mkdir()
    (folder / "theirs.png").write_bytes(b"theirs")
    body = zipped(GOOD)
    download(serve(ok(body)), git_blob_id(body), folder)
    assert contents(folder) == {"theirs.png": b"theirs"}
    assert list(folder.parent.iterdir()) == [folder]


def test_the_download_is_logged(serve, folder, caplog):
    body = zipped(GOOD)
    url = serve(ok(body))
    with caplog.at_level(logging.INFO):
        download(url, git_blob_id(body), folder)
    assert f"downloading {url}" in caplog.text


def test_a_file_with_the_name_of_the_folder_is_an_error_and_stays(serve, folder):
    folder.write_text("mine")
    body = zipped(GOOD)
    with pytest.raises(UserError, match=str(folder)):
        download(serve(ok(body)), git_blob_id(body), folder)
    assert folder.read_text() == "mine"
    assert list(folder.parent.iterdir()) == [folder]


def test_a_file_with_the_name_of_a_parent_is_an_error(serve, tmp_path):
    (tmp_path / "data").write_text("mine")
    body = zipped(GOOD)
    with pytest.raises(UserError, match=str(tmp_path / "data")):
        download(serve(ok(body)), git_blob_id(body), tmp_path / "data" / "images")


@pytest.mark.parametrize("body", [zipped({"images/a.png": b"other"}), b"<html>sign in</html>", b""])
def test_a_file_with_another_blob_id_is_refused(serve, folder, body):
    expected = git_blob_id(zipped(GOOD))
    fails(serve(ok(body)), expected, folder, rf"not the expected file .*{expected}.*data\.dir=PATH")


@pytest.mark.parametrize("missing", [1, 50, 10**9])
def test_a_broken_connection_is_an_error(serve, folder, missing):
    body = zipped(GOOD)
    url = serve(ok(body, len(body) + missing))
    fails(url, git_blob_id(body), folder, rf"cannot download .*{len(body)} of .*data\.dir=PATH")


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Oh"])
def test_the_status_of_the_server_is_in_the_error(serve, folder, status):
    url = serve(f"HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    fails(url, git_blob_id(b""), folder, rf"cannot download .*{status.split()[1]}")


def test_an_empty_response_is_an_error(serve, folder):
    fails(serve(b""), git_blob_id(b""), folder, "cannot download")


def test_a_refused_connection_is_an_error(folder, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    match = rf"cannot download .*refused.*unpack that file to {folder}"
    fails(f"http://127.0.0.1:{port}/images.zip", "", folder, match)


@pytest.mark.parametrize("url", ["images.zip", "nonsense://host/images.zip", "", "http://"])
def test_an_invalid_url_is_an_error(folder, url):
    fails(url, "", folder, "cannot download")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/my images.zip", "http://127.0.0.1:port/a.zip"])
def test_a_malformed_url_is_an_error(folder, url):
    fails(url, "", folder, "cannot download")


@pytest.mark.parametrize(
    "raw",
    [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nabc"],
    ids=["no http", "cut chunk"],
)
def test_an_invalid_response_is_an_error(serve, folder, raw):
    fails(serve(raw), git_blob_id(b"abc"), folder, "cannot download")


@pytest.mark.parametrize(
    "name",
    [
        "../x.png",
        "images/../../x.png",
        "/abs/x.png",
        "//host/x.png",
        "C:/x.png",
        "C:x.png",
        "..\\x.png",
        "\\x.png",
        "images\\..\\..\\x.png",
        "..",
    ],
)
def test_an_entry_that_points_outside_is_refused(serve, folder, name):
    refused(serve, zipped(GOOD | {name: b"x"}), folder, "points outside")


@pytest.mark.parametrize("target", [b"/etc/passwd", b"a.png"])
def test_a_link_is_refused(serve, folder, target):
    body = zipped({"images/link.png": target}, mode=stat.S_IFLNK | 0o777)
    refused(serve, body, folder, "points outside")


@pytest.mark.parametrize("body", [b"", b"no zip", zipped(GOOD)[:-30]], ids=["empty", "text", "cut"])
def test_other_content_than_a_zip_is_refused(serve, folder, body):
    refused(serve, body, folder, "not a usable zip")


@pytest.mark.parametrize("files", [{}, {"images/": b""}, {"__MACOSX/x": b"x"}])
def test_a_zip_without_files_is_refused(serve, folder, files):
    refused(serve, zipped(files), folder, "holds no files")


def test_two_files_of_one_name_are_refused(serve, folder):
    refused(serve, zipped({"a/x.png": b"1", "b/x.png": b"2"}), folder, "not a usable zip")


def test_a_wrong_checksum_is_refused(serve, folder):
    body = zipped(GOOD)
    crc = zipfile.ZipFile(io.BytesIO(body)).getinfo("images/b.png").CRC.to_bytes(4, "little")
    assert body.count(crc) == 2
    refused(serve, body.replace(crc, b"\0\0\0\0"), folder, "not a usable zip")


def test_a_zip_that_unpacks_to_too_much_is_refused(serve, folder, monkeypatch):
    body = zipped({"images/a.png": bytes(2**20), "images/b.png": bytes(2**20)})
    monkeypatch.setattr("ocr.data.sources.download.MAX_UNPACKED", 2**21 - 1)
    refused(serve, body, folder, "unpacks to more than 1 MiB")
    monkeypatch.setattr("ocr.data.sources.download.MAX_UNPACKED", 2**21)
    download(serve(ok(body)), git_blob_id(body), folder)


def test_a_zip_that_claims_less_than_it_unpacks_to_is_refused(serve, folder):
    body = zipped({"images/a.png": bytes(2**20)})
    refused(serve, body.replace((2**20).to_bytes(4, "little"), b"\1\0\0\0"), folder, "usable zip")


def tampered(local: int, central: int, value: int) -> bytes:
    """A ZIP file with one byte changed in both headers of its file."""
    body = bytearray(zipped({"images/a.png": b"data" * 100}))
    body[local] = body[body.index(b"PK\1\2") + central] = value
    return bytes(body)


def with_damaged_data() -> bytes:
    body = bytearray(zipped({"images/a.png": b"data" * 100}))
    body[body.index(b"a.png") + 5] ^= 0xFF
    return bytes(body)


@pytest.mark.parametrize(
    "body",
    [with_damaged_data(), tampered(6, 8, 1), tampered(8, 10, 97)],
    ids=["damaged", "encrypted", "unknown method"],
)
def test_a_zip_that_cannot_be_unpacked_is_refused(serve, folder, body):
    refused(serve, body, folder, "not a usable zip")


@pytest.mark.parametrize("name", [".", ""])
def test_an_entry_without_a_name_is_refused(serve, folder, name):
    refused(serve, zipped({name: b"x"}), folder, "zip|outside")
