"""The bytes of a text file: one streaming look at all of them, which encoding they are in, and a clean UTF-8 copy."""

import codecs
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..words import Words
from .notes import Note, Refused

CHUNK = 1 << 22
HEAD = 1 << 20  # bytes from which format and plausibility are judged

_BOMS = (  # the longer first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Four common Chinese characters in UTF-8 with nothing but ASCII between them: hardly ever found in other encodings.
_UTF8_CHINESE = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}[\x00-\x7f]{0,200}){4}")
_MULTIBYTE = ("gb18030", "big5", "big5hkscs", "cp950", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949")
_HINTS = ("big5", "cp1252", "shift_jis", "euc_kr")
_LAST_WESTERN = "™"  # the character of latin-1 and cp1252 with the highest number


@dataclass(frozen=True)
class Survey:
    """What one pass over the bytes shows. `utf8_error` is the offset of the first byte that is not UTF-8."""

    sha256: str
    size: int
    nul: int
    crlf: int
    lone_cr: int
    lone_lf: bool
    unreadable: int  # U+FFFD in UTF-8: characters that an earlier program has already lost
    ascii: bool
    utf8_error: int | None
    head: bytes

    @property
    def bom(self) -> str | None:
        return next((name for mark, name in _BOMS if self.head.startswith(mark)), None)


def survey(path: Path) -> Survey:
    """One pass over the file in constant memory; a file that was not written to since is not looked at again."""
    return _survey(path, *version(path))


def version(path: Path) -> tuple[int, int]:
    """Another one when the file was written to: its time in nanoseconds and its size."""
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=16)
def _survey(path: Path, *_version: int) -> Survey:
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    size = nul = cr = crlf = unreadable = 0
    lone_lf = False
    head, last, error, ascii_only = b"", b"", None, True
    with open(path, "rb") as file, ThreadPoolExecutor(1) as beside:  # both let go of Python's lock
        while chunk := file.read(CHUNK):
            head = head or chunk[:HEAD]
            digesting = beside.submit(digest.update, chunk)
            plain = chunk.isascii()
            if b"\0" in chunk:
                nul += chunk.count(b"\0")
            pairs = last == b"\r" and chunk.startswith(b"\n")
            if b"\r" in chunk:
                cr, pairs = cr + chunk.count(b"\r"), pairs + chunk.count(b"\r\n")
            lone_lf = lone_lf or (chunk.count(b"\n") > pairs if pairs else b"\n" in chunk)
            crlf += pairs
            pending = decoder.getstate()[0]
            if error is None and (pending or not plain):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as wrong:
                    error = size - len(pending) + wrong.start
            if not plain:
                ascii_only, unreadable = False, unreadable + chunk.count("\ufffd".encode())
            size, last = size + len(chunk), chunk[-1:]
            digesting.result()
    if error is None and decoder.getstate()[0]:
        error = size - len(decoder.getstate()[0])
    return Survey(
        digest.hexdigest(), size, nul, crlf, cr - crlf, lone_lf, unreadable, ascii_only, error, head
    )


def encoding_of(path: Path, seen: Survey, declared: str | None) -> str:
    """The encoding the whole file is in; Refused with the first byte that does not fit, where there is none."""
    if declared:
        return _declared(path, seen, declared)
    if seen.bom:
        return _checked(path, seen.bom)
    if seen.nul > seen.size / 5:
        raise Refused(path, Note("utf16_without_mark", _NO_MARK))
    if seen.utf8_error is None:
        return "utf-8"
    if _utf8_header(seen) or _utf8_chinese(path):
        if _incomplete(path, seen.utf8_error):
            raise Refused(path, _bad_byte(path, "cut_off", _CUT, seen.utf8_error))
        raise Refused(path, _bad_byte(path, "mixed_encodings", _MIXED, seen.utf8_error))
    if common_chinese(seen.head.decode("gb18030", "ignore")) >= 0.6:
        return _checked(path, "gb18030")
    fits = [name for name in _HINTS if _first_error(path, name) is None]
    raise Refused(path, _bad_byte(path, "unknown_encoding", _UNKNOWN, seen.utf8_error, fits=fits or ["?"]))


def _declared(path: Path, seen: Survey, declared: str) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise Refused(path, Note("no_such_encoding", _NO_SUCH, values={"name": declared})) from None
    if name in ("gbk", "gb2312"):
        name = "gb18030"  # which holds both
    marked = seen.bom
    if marked and name != codecs.lookup(marked).name and name.split("-")[:2] != marked.split("-")[:2]:
        raise Refused(path, Note("wrong_encoding", _OTHER, values={"name": declared, "found": marked}))
    if marked:
        return _checked(path, marked)
    if not name.startswith("utf") and not seen.ascii:
        chinese = _utf8_chinese(path)
        if seen.utf8_error is None and (chinese or name not in _MULTIBYTE):
            raise Refused(path, Note("wrong_encoding", _OTHER, values={"name": declared, "found": "utf-8"}))
        if seen.utf8_error is not None and chinese:
            raise Refused(path, _bad_byte(path, "mixed_encodings", _MIXED, seen.utf8_error))
    return _checked(path, name)


def _checked(path: Path, name: str) -> str:
    wrong = _first_error(path, name)
    if wrong is None:
        return name
    raise Refused(path, _bad_byte(path, "wrong_encoding", _DOES_NOT_FIT, wrong, name=name))


def _first_error(path: Path, name: str) -> int | None:
    """Offset of the first byte that cannot be decoded."""
    decoder, size = codecs.getincrementaldecoder(name)(), 0
    with open(path, "rb") as file:
        while True:
            chunk = file.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as wrong:
                return max(size - pending, 0) + wrong.start
            if not chunk:
                return None
            size += len(chunk)


def _bad_byte(path: Path, code: str, words: Words, offset: int, **values: object) -> Note:
    line, left = 1, offset
    with open(path, "rb") as file:
        while left and (chunk := file.read(min(CHUNK, left))):
            line, left = line + chunk.count(b"\n"), left - len(chunk)
        byte = file.read(1).hex().upper() or "--"
    return Note(code, words, 1, (line,), {"line": line, "offset": offset + 1, "byte": byte, **values})


def _incomplete(path: Path, offset: int) -> bool:
    """What stands there is the beginning of a UTF-8 character, and then the file ends."""
    with open(path, "rb") as file:
        file.seek(offset)
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(file.read(4)) == ""
        except UnicodeDecodeError:
            return False


def _utf8_chinese(path: Path) -> bool:
    """Somewhere in the file is Chinese in UTF-8."""
    with open(path, "rb") as file:
        return any(_UTF8_CHINESE.search(chunk) for chunk in iter(lambda: file.read(CHUNK), b""))


def _utf8_header(seen: Survey) -> bool:
    """The first line is UTF-8 with at least two characters beyond ASCII, though the file is not."""
    line = seen.head.split(b"\n", 1)[0]
    try:
        return sum(char > "\x7f" for char in line.decode("utf-8")) >= 2
    except UnicodeDecodeError:
        return False


def common_chinese(text: str) -> float:
    """The share of the characters beyond ASCII that are the 3,755 everyday ones of GB 2312 or Chinese punctuation."""
    beyond = [char for char in text if char > "\x7f"]
    common = 0
    for char in beyond:
        code = char.encode("gb2312", "ignore")
        common += len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3))
    return common / len(beyond) if beyond else 0.0


def mojibake(text: str) -> bool:
    """Most of the characters beyond ASCII are Chinese that was once read in a Western encoding."""
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    runs = (run for run in re.findall(r"[^\x00-\x7f]{4,}", text) if max(run) <= _LAST_WESTERN)
    wrong = sum(len(run) for run in runs if _was_chinese(run))
    return wrong >= 8 and wrong > beyond / 2


def _was_chinese(run: str) -> bool:
    for west in ("latin-1", "cp1252"):
        for east in ("utf-8", "gb18030"):
            try:
                if common_chinese(run.encode(west).decode(east)) >= 0.8:
                    return True
            except UnicodeError:
                continue
    return False


def to_utf8(path: Path, encoding: str, target: Path, *, lines: str) -> None:
    """A UTF-8 copy without NUL and with one kind of line end, in constant memory.

    `lines` is "cr" where the file ends its lines with CR alone. Else a lone CR is part of a field and becomes a space.
    """
    lone = "\n" if lines == "cr" else " "
    with (
        open(path, encoding=encoding, newline="") as source,
        open(target, "w", encoding="utf-8", newline="") as copy,
    ):
        held = ""
        while chunk := source.read(CHUNK):
            chunk = held + chunk
            held = "\r" if chunk.endswith("\r") else ""
            copy.write(_tidy(chunk[: len(chunk) - len(held)], lone))
        copy.write(_tidy(held, lone))


def _tidy(text: str, lone: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", lone)


_NO_MARK = Words(
    "看起来是没有 BOM 的 UTF-16（约半数字节为 0）；请另存为 UTF-8 或带 BOM 的 UTF-16",
    "this looks like UTF-16 without a byte order mark (about half of its bytes are 0); save it as UTF-8, or as "
    "UTF-16 with the mark",
)
_MIXED = Words(
    "同一文件混用了两种编码：有的行是 UTF-8，而第 {line} 行起出现非 UTF-8 字节（全文件第 {offset} 个字节，0x{byte}）",
    "two encodings in one file: some lines are UTF-8, but line {line} is not (byte {offset} of the file, 0x{byte})",
)
_CUT = Words(
    "文件在一个字符中间结束（第 {line} 行，全文件第 {offset} 个字节）：文件不完整，请重新导出",
    "the file ends within a character (line {line}, byte {offset} of the file): it is not whole; export it again",
)
_UNKNOWN = Words(
    "无法确定编码：既不是 UTF-8（第 {line} 行，全文件第 {offset} 个字节，0x{byte}），也不像 GB18030。"
    "请在映射文件的 [read] 中写明 encoding；能读通全文件的有：{fits}",
    "the encoding cannot be told: not UTF-8 (line {line}, byte {offset} of the file, 0x{byte}) and not likely GB18030. "
    "Write `encoding` under [read] in the profile; these could read the whole file: {fits}",
)
_NO_SUCH = Words("没有名为 {name} 的编码", "there is no encoding {name}")
_OTHER = Words(
    "映射文件写的编码是 {name}，而文件是 {found}",
    "the profile says the encoding is {name}, but the file is {found}",
)
_DOES_NOT_FIT = Words(
    "不能按 {name} 读取：第 {line} 行（全文件第 {offset} 个字节，0x{byte}）不合该编码。请核对文件与映射，或更正映射文件 [read] "
    "中的 encoding",
    "it cannot be read as {name}: line {line} does not fit (byte {offset} of the file, 0x{byte}). Check that file and "
    "profile belong together, or mend `encoding` under [read] in the profile",
)
