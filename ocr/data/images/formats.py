"""Formats of image files: those that are read, and how to identify the others."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

from PIL import features

_SUPPORTED = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "BMP": (".bmp",),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
}
if features.check("avif"):
    _SUPPORTED["AVIF"] = (".avif",)

# Pillow would also open PostScript, with Ghostscript, and has many rarely used parsers.
FORMATS = tuple(_SUPPORTED)
SUFFIXES = tuple(suffix for suffixes in _SUPPORTED.values() for suffix in suffixes)

CAMERA_RAW = (
    ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".raf", ".orf", ".rw2", ".pef",
    ".srw", ".raw", ".3fr", ".erf", ".kdc", ".x3f",
)  # fmt: skip
# Images of other formats, some of which have no signature.
UNSUPPORTED_SUFFIXES = {
    ".avif": "AVIF", ".avifs": "AVIF", ".heic": "HEIC", ".heif": "HEIC", ".hif": "HEIC",
    ".jxl": "JPEG XL", ".jp2": "JPEG 2000", ".j2k": "JPEG 2000", ".jpx": "JPEG 2000",
    ".jpf": "JPEG 2000", ".j2c": "JPEG 2000", ".jpc": "JPEG 2000", ".jls": "JPEG-LS",
    ".psd": "Photoshop", ".psb": "Photoshop", ".xcf": "GIMP", ".svg": "SVG", ".svgz": "SVG",
    ".pdf": "PDF", ".ps": "PostScript", ".eps": "PostScript", ".djvu": "DjVu", ".djv": "DjVu",
    ".ico": "ICO", ".cur": "ICO", ".icns": "ICNS", ".tga": "TGA", ".dds": "DDS", ".exr": "OpenEXR",
    ".hdr": "Radiance HDR", ".qoi": "QOI", ".pcx": "PCX", ".wmf": "WMF", ".emf": "EMF",
    ".bpg": "BPG", ".flif": "FLIF", ".pam": "PAM", ".xpm": "XPM", ".xbm": "XBM", ".sgi": "SGI",
    ".ras": "Sun raster", ".dcm": "DICOM", ".fits": "FITS", ".jxr": "JPEG XR", ".wdp": "JPEG XR",
    **dict.fromkeys(CAMERA_RAW, "camera raw"),
}  # fmt: skip
_TEXTS = (".txt", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".md", ".html", ".yaml")

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff\xf7", "JPEG-LS"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"II+\0", "TIFF"), (b"MM\0+", "TIFF"),
    (b"P7\n", "PAM"),
    (b"\xff\x0a", "JPEG XL"), (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"), (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"8BPS", "Photoshop"), (b"gimp xcf", "GIMP"),
    (b"%PDF", "PDF"), (b"%!PS", "PostScript"), (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"AT&TFORM", "DjVu"),
    (b"\0\0\1\0", "ICO"), (b"icns", "ICNS"), (b"\n\5\1", "PCX"),
    (b"DDS ", "DDS"), (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"), (b"#?RGBE", "Radiance HDR"),
    (b"qoif", "QOI"), (b"BPG\xfb", "BPG"), (b"FLIF", "FLIF"),
    (b"\xd7\xcd\xc6\x9a", "WMF"), (b"/* XPM */", "XPM"), (b"\x59\xa6\x6a\x95", "Sun raster"),
    (b"\x01\xda\x00", "SGI"), (b"\x01\xda\x01", "SGI"), (b"SIMPLE  =", "FITS"),
    (b"FUJIFILMCCD-RAW", "camera raw"), (b"IIRO", "camera raw"), (b"IIRS", "camera raw"),
    (b"IIU\0", "camera raw"), (b"FOVb", "camera raw"),
)  # fmt: skip
# Files that are not images; `labels_file.unsupported` uses these names as well.
_OTHER_SIGNATURES = (
    (b"PK\3\4", "a ZIP archive"), (b"\x1f\x8b", "gzip"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"), (b"\x93NUMPY", "a NumPy array"), (b"\x89HDF", "HDF5"),
    (b"PAR1", "Parquet"), (b"SQLite format 3", "SQLite"), (b"\x1aE\xdf\xa3", "a video"),
    (b"\xd0\xcf\x11\xe0", "Microsoft Office"),
)  # fmt: skip
_NO_IMAGES = {*dict(_OTHER_SIGNATURES).values(), "XML"}
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes
HEADER_BYTES = 1024  # from which a format is identified; enough for an SVG's first tag
_MAX_OPENED = 1000  # files with unknown suffixes to open


def identify_format(content: bytes) -> str | None:
    """Identify the format of an image or another file.

    Args:
        content: At least its first `HEADER_BYTES` bytes.

    Returns:
        A name such as "PNG", "camera raw" or "a ZIP archive"; None if it is unknown.
    """
    head = content[:HEADER_BYTES]
    for signature, form in (*_SIGNATURES, *_OTHER_SIGNATURES):
        if head.startswith(signature):
            return form
    if head[4:8] == b"ftyp":
        return _iso_media_format(head[8 : max(12, int.from_bytes(head[:4], "big"))])
    if head[:4] == b"RIFF":
        return "WEBP" if head[8:12] == b"WEBP" else "a video or sound"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head[:1] == b"P" and head[1:2] in b"123456Ff" and head[2:3].isspace():
        return "PPM"
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[40:44] == b" EMF":
        return "EMF"
    if _is_tga(head):
        return "TGA"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!")) and b"<svg" in text):
        return "SVG"
    return "XML" if text.startswith(b"<?xml") else None


def _is_tga(head: bytes) -> bool:
    """Return whether bytes may be the header of a TGA, which has no signature."""
    return (
        len(head) > 18
        and head[1] in (0, 1)
        and head[2] in (1, 2, 3, 9, 10, 11)
        and head[16] in (8, 15, 16, 24, 32)
        and any(head[12:14])
        and any(head[14:16])
    )


def _iso_media_format(brands: bytes) -> str:
    """Return the format of a file in the ISO base media format (MP4), by its brands."""
    kinds = {brands[i : i + 4] for i in range(0, len(brands), 4) if i != 4}
    for names, form in (
        ((b"avif", b"avis"), "AVIF"),
        ((b"crx ",), "camera raw"),
        ((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"), "HEIC"),
    ):
        if kinds.intersection(names):
            return form
    return "a video"


def find_unsupported(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Find images whose format isn't read, by their content or else by their suffix.

    Args:
        folder: Where the files are.
        names: Their names.

    Returns:
        The formats by the name of the image, sorted.
    """
    known, unknown = [], []
    for name in names:
        suffix = Path(name).suffix.lower()
        if suffix in UNSUPPORTED_SUFFIXES:
            known.append(name)
        elif suffix not in (*_TEXTS, *SUFFIXES):
            unknown.append(name)
    found = {
        name: _unsupported_format(folder / name) for name in (*known, *islice(unknown, _MAX_OPENED))
    }
    return {name: form for name, form in sorted(found.items()) if form}


def _unsupported_format(file: Path) -> str | None:
    suffix = file.suffix.lower()
    with suppress(OSError, ValueError):
        if file.name.startswith("._") or not file.is_file():  # a resource fork of macOS
            return None
        with file.open("rb") as stream:
            head = stream.read(HEADER_BYTES)
        form = identify_format(head)
        if form == "TIFF" and suffix in CAMERA_RAW:  # its TIFF image is only a thumbnail
            return "camera raw"
        if form is None:
            return UNSUPPORTED_SUFFIXES.get(suffix) if head else None
        return None if form in FORMATS or form in _NO_IMAGES else form
    return None
