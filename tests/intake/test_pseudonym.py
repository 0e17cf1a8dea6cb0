"""Pseudonyms and their key (PV06 to PV11)."""

import base64
import hashlib
import os
import stat

import pytest

from complaintlib.intake.pseudonym import Pseudonyms, key_id, load_key
from complaintlib.words import Trouble

KEY = bytes(range(32))


def test_against_hmac_by_definition():
    """RFC 2104 and RFC 5869, written out."""

    def hmac(key: bytes, message: bytes) -> bytes:
        key = key.ljust(64, b"\0")
        inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + message).digest()
        return hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).digest()

    derived = hmac(hmac(b"complaintkit", KEY), b"customer\x01")
    expected = base64.b32encode(hmac(derived, "客户007".encode()))[:20].decode().lower()
    assert Pseudonyms(KEY).tokens(["客户007"]) == [f"c-{expected}"]


def test_same_value_same_token_and_missing_stays_missing():
    tokens = Pseudonyms(KEY).tokens(["a", None, "b", "", "a"])
    assert tokens[0] == tokens[4] != tokens[2]
    assert tokens[1] is None and tokens[3] is None
    assert Pseudonyms(KEY).tokens([]) == []


def test_pv08_at_least_96_bits_in_a_plain_alphabet():
    tokens = Pseudonyms(KEY).tokens([str(i) for i in range(5000)], purpose="order")
    assert len(set(tokens)) == 5000
    assert all(
        t.startswith("o-") and len(t) == 22 and set(t[2:]) <= set("abcdefghijklmnopqrstuvwxyz234567")
        for t in tokens
    )
    assert 20 * 5 >= 96


def test_pv10_purposes_and_keys_cannot_be_linked():
    made = [
        Pseudonyms(key).tokens(["a"], purpose)[0][2:]
        for key in (KEY, KEY[::-1])
        for purpose in ("customer", "order", "clerk")
    ]
    assert len(set(made)) == 6


def test_a_hostile_identifier_is_taken():
    assert Pseudonyms(KEY).tokens(["\ud800", "x" * 100_000, "\x00"])[0].startswith("c-")


def test_pv09_the_name_of_a_key_does_not_tell_the_key():
    assert key_id(KEY) == key_id(bytes(KEY)) != key_id(KEY[::-1])
    assert len(key_id(KEY)) == 12 and key_id(KEY) not in KEY.hex()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("COMPLAINTKIT_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_the_key_from_the_environment(monkeypatch):
    for text in (KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode(), f" {KEY.hex()}\n"):
        monkeypatch.setenv("COMPLAINTKIT_KEY", text)
        assert load_key() == KEY
    for text in ("secret", KEY.hex()[:-2], base64.b64encode(KEY[:31]).decode(), "ключ" * 20):
        monkeypatch.setenv("COMPLAINTKIT_KEY", text)
        with pytest.raises(Trouble) as trouble:
            load_key()
        assert text not in trouble.value.say("en") + trouble.value.say("zh")
        assert "32" in trouble.value.say("en") and "32" in trouble.value.say("zh")


def test_the_key_is_made_on_first_use_with_a_warning_and_kept(home, capsys):
    key = load_key(home / "store")
    said = capsys.readouterr().err
    assert "Back it up" in said and "备份" in said and key.hex() not in said
    assert len(key) == 32
    assert load_key() == key
    assert capsys.readouterr().err == ""
    assert [p.name for p in (home / ".config" / "complaintkit").iterdir()] == ["key"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_pv23_only_the_owner_can_read_the_key(home):
    load_key()
    path = home / ".config" / "complaintkit" / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o640)
    with pytest.raises(Trouble, match="read by others"):
        load_key()


def test_a_key_file_in_the_store_or_spoiled_is_refused(home):
    with pytest.raises(Trouble, match="in the store"):
        load_key(home)
    load_key()
    (home / ".config" / "complaintkit" / "key").write_text("oops", encoding="utf-8")
    with pytest.raises(Trouble, match="not valid"):
        load_key()
    (home / ".config" / "complaintkit" / "key").write_bytes(b"\xff\xfe")
    with pytest.raises(Trouble, match="cannot be read"):
        load_key()
