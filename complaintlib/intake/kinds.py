"""What a file is, by its content and not by its name; and what is not opened at all."""

import gzip
import os
import re
import stat
import zipfile
import zlib
from pathlib import Path

from ..words import Words, cut
from .notes import Note, Refused

GZ_RATIO, GZ_FROM = 100, 64 << 20  # above 64 MB a .gz may unpack to at most 100 times its size
_MAGIC = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF", "PDF"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"ARROW1", "Arrow"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x89PNG", "PNG"),
    (b"\x7fELF", "ELF"),
)
_SUFFIXES = (
    ".pkl",
    ".pickle",
    ".joblib",
    ".py",
    ".ipynb",
    ".yaml",
    ".yml",
    ".exe",
    ".dll",
    ".sh",
    ".bat",
    ".js",
    ".sql",
)


def plain_file(path: str | Path) -> Path:
    """The path of an existing ordinary file; addresses, folders, pipes and devices are refused."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:/", str(path)) and not re.match(r"[A-Za-z]:[\\/]", str(path)):
        raise Refused(path, Note("address", _ADDRESS))
    path = Path(path)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        raise Refused(path, Note("no_file", _NO_FILE)) from None
    if not stat.S_ISREG(mode):
        raise Refused(path, Note("not_a_file", _NOT_A_FILE))
    return path


def kind_of(path: Path) -> str:
    """csv, json, excel, parquet or gzip; Refused with the true type of anything else."""
    with open(path, "rb") as file:
        start = file.read(1 << 16)
    kind = next((name for mark, name in _MAGIC if start.startswith(mark)), None)
    if kind == "zip":
        kind = _inside_zip(path)
    elif kind == "ole":
        kind = "password" if _holds(path, "EncryptedPackage".encode("utf-16-le")) else "excel"
    elif kind is None:
        kind = _text_kind(path, start)
    if kind in ("csv", "json", "excel", "parquet", "gzip"):
        return kind
    if kind == "password":
        raise Refused(path, Note("password", PASSWORD))
    raise Refused(path, Note("type", _TYPE, values={"kind": kind}))


def _inside_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        raise broken(path) from None
    return "excel" if {"xl/workbook.xml", "xl/workbook.bin"} & set(names) else "ZIP"


def _holds(path: Path, mark: bytes) -> bool:
    last = b""
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            if mark in last + chunk:
                return True
            last = chunk[-len(mark) :]
    return False


def _text_kind(path: Path, start: bytes) -> str:
    if re.match(rb"\x80[\x02-\x05]", start) or re.match(rb"\(?[cl]?[a-z_]*(dp0|lp0|posix\nsystem)", start):
        return "pickle"
    if path.suffix.lower() in _SUFFIXES:
        return cut(path.suffix, 10)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"<(!doctype|html|table|\?xml|meta|head|body|workbook)", text[:20].lower()):
        return "HTML/XML"
    named = path.suffix.lower() in (".json", ".jsonl", ".ndjson")
    looks = re.match(rb"\{\s*(\"|\})|\[\s*(\{|\])", text)
    return "json" if looks or (named and text[:1] in (b"{", b"[")) else "csv"


def broken(path: Path) -> Refused:
    return Refused(path, Note("broken", _BROKEN))


def unpacked(path: Path, folder: Path) -> Path:
    """The text within a .gz, unpacked into `folder` in pieces; Refused where it is a bomb or not whole."""
    target, size, packed = folder / "unpacked", 0, path.stat().st_size
    try:
        with gzip.open(path) as source, open(target, "wb") as copy:
            while chunk := source.read(1 << 22):
                size += len(chunk)
                if size > GZ_FROM and size > GZ_RATIO * packed:
                    raise Refused(
                        path, Note("bomb", _BOMB, values={"size": size >> 20, "packed": packed >> 10})
                    )
                copy.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise broken(path) from error
    return target


_ADDRESS = Words("只读取本机上的文件，不读取网址", "only files on this machine are read, no addresses")
_NO_FILE = Words("没有这个文件", "there is no such file")
_NOT_A_FILE = Words(
    "它不是普通文件（文件夹、管道或设备不读取）",
    "it is no ordinary file (folders, pipes and devices are not read)",
)
_TYPE = Words(
    "不读取 {kind} 类型的文件；请导出为 CSV、Excel、JSON 或 Parquet",
    "files of the type {kind} are not read; export CSV, Excel, JSON or Parquet",
)
_BOMB = Words(
    "解压后已超过 {size} MB（压缩包只有 {packed} KB）：可能是压缩炸弹，已停止",
    "it unpacks to more than {size} MB from {packed} KB: it may be a bomb, and was stopped",
)
PASSWORD = Words(
    "工作簿有密码保护；请另存为没有密码的文件", "the workbook is protected by a password; save it without one"
)
_BROKEN = Words("文件已损坏或不完整，不能打开", "the file is broken or not whole and cannot be opened")
