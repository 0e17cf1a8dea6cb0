"""Keyed pseudonyms for direct identifiers, and where the key lies.

A plain hash of a phone number is undone in minutes by trying all numbers; an HMAC is not, as long as the key is kept
apart from the data. Pseudonymised data are still personal data (GDPR Art. 4(5); PIPL Art. 73). Whoever loses the key
can no longer link new months to old ones: back it up, away from the store.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from ..words import Trouble, Words

_LEAST_BYTES = 32
_LENGTH = 20  # characters of base32: 100 bits


class Pseudonyms:
    """Turns identifiers into tokens such as `c-k3xq...`: the same value, key and purpose give the same token.

    Tokens of different purposes cannot be linked, since each purpose has a key of its own, derived as in HKDF
    (RFC 5869). A token is the first 100 bits of an HMAC-SHA-256 in lower-case base32 after the first letter of its
    purpose: among ten million values the chance of any two sharing one is below 1e-16.
    """

    def __init__(self, key: bytes):
        self._root = hmac.digest(b"complaintkit", key, "sha256")

    def tokens(self, values: Sequence[str | None], purpose: str = "customer") -> list[str | None]:
        """One token a value; missing and empty values are missing. Values are taken as they come: tidy them first."""
        key = hmac.digest(self._root, purpose.encode() + b"\x01", "sha256")
        known = {
            value: _token(key, value, purpose[:1])
            for value in set(values)
            if isinstance(value, str) and value
        }
        return [known.get(value) for value in values]


def _token(key: bytes, value: str, prefix: str) -> str:
    digest = hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256")
    return f"{prefix}-{base64.b32encode(digest)[:_LENGTH].decode().lower()}"


def key_id(key: bytes) -> str:
    """A short name for the key that tells nothing about it: for a manifest that says which key made its tokens."""
    return hmac.digest(key, b"complaintkit key id", "sha256").hex()[:12]


def load_key(store: Path | str | None = None) -> bytes:
    """The key: from `COMPLAINTKIT_KEY` (hex or base64, at least 32 bytes), else from `~/.config/complaintkit/key`.

    The file is made on first use, readable by its owner only; one that others can read, or that lies within the
    `store`, beside the data it protects, is refused.
    """
    if text := os.environ.get("COMPLAINTKIT_KEY", "").strip():
        return _decoded(text, "COMPLAINTKIT_KEY")
    path = Path.home() / ".config" / "complaintkit" / "key"
    if store and path.resolve().is_relative_to(Path(store).resolve()):
        raise Trouble(
            Words("密钥文件 {path} 不得放在数据仓内", "the key file {path} must not lie in the store"),
            path=path,
        )
    try:
        if not path.exists():
            _make(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Trouble(
                Words(
                    "密钥文件 {path} 可被他人读取，请执行 chmod 600",
                    "the key file {path} can be read by others: chmod 600 it",
                ),
                path=path,
            )
        return _decoded(path.read_text(encoding="ascii").strip(), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(
            Words("密钥文件 {path} 无法读写：{error}", "the key file {path} cannot be read or made: {error}"),
            path=path,
            error=getattr(error, "strerror", None) or type(error).__name__,
        ) from None


def _make(path: Path) -> None:
    """A new random key. Of two runs that make one at the same time, one wins and both read the winner's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_LEAST_BYTES) + "\n")
    try:
        os.link(made, path)
    except FileExistsError:
        return
    finally:
        made.unlink()
    said = Words(
        f"已生成新的假名密钥 {path}。请另行备份：丢失后新旧月份的客户无法对应。",
        f"A new key for pseudonyms was made: {path}. Back it up elsewhere: without it new months cannot be linked to old.",
    )
    print(said.zh, said.en, sep="\n", file=sys.stderr)


def _decoded(text: str, where: str) -> bytes:
    try:
        key = (
            bytes.fromhex(text)
            if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text)
            else base64.b64decode(text, validate=True)
        )
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _LEAST_BYTES:
        raise Trouble(
            Words(
                "{where} 中的密钥无效：应为十六进制或 base64，不少于 32 字节",
                "the key in {where} is not valid: hex or base64 of at least 32 bytes",
            ),
            where=where,
        )
    return key
