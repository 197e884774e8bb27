"""People become keyed hashes before anything is stored.

One key an installation lies beside the store. Without it the same buyer would hash differently from week to week, so
every commit keeps the key's fingerprint and another key is refused.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import secrets
from itertools import pairwise

import polars as pl

from aftersales.sources.storage import Folder
from aftersales.words.errors import SetupError

KEY_VARIABLE = "AFTERSALES_KEY"
KEY_NAME = "aftersales.key"
# Raised when people, phones or addresses are spelled otherwise before they are hashed: files are then read again.
KEYS_VERSION = 2
KEY_CHARACTERS = 32  # 128 bits where they are hexadecimal
# So many different steps from one character to the next; 32 random digits, the fewest letters a key is made of, have
# fewer once in ten thousand, hexadecimal ones once in a billion. A row (12345…) and a short word repeated have less.
_KEY_STEPS = 9
_DIGEST_BYTES = 12  # 96 bits: a billion buyers meet by chance once in 10^11 installations
_VISIBLE_PHONE_DIGITS = 7  # 131****1907 shows seven; fewer say too little to tell two people apart
_VISIBLE_ADDRESS_CHARACTERS = 6  # province, city and district


def installation_key(store_path: str) -> bytes:
    """The installation's secret: from the environment, else from the file beside the store, made on first use.

    Raises
    ------
    SetupError
        The key cannot be read, or is so short or so monotonous that the hashes of names and phones could be guessed.

    """
    if KEY_VARIABLE in os.environ:
        return _checked(os.environ[KEY_VARIABLE].strip().encode(), f"the environment variable {KEY_VARIABLE}")
    store = Folder(store_path)
    if store.remote:
        raise SetupError(
            "A store in object storage needs the key of this installation",
            found=f"the environment variable {KEY_VARIABLE} is not set",
            hint="set it to a long random text, the same on every machine, and keep a copy",
        )
    beside = Folder(str(store.local.parent))
    try:
        file = beside.local / KEY_NAME
        if not file.exists():
            beside.write_new(KEY_NAME, secrets.token_hex(32).encode())
        if not file.is_file():  # a pipe or device may never end
            raise OSError(errno.EINVAL, "it is no file")
        os.chmod(file, 0o600)
        return _checked(_plain(beside.read(KEY_NAME)).strip(), f"the file {beside.join(KEY_NAME)}")
    except OSError as error:
        raise SetupError(
            f"The key file {beside.join(KEY_NAME)} cannot be used",
            found=error.strerror,
            hint="put the kept copy of the key there, as a file of this user's",
        ) from None


def _plain(content: bytes) -> bytes:
    """The key as it was made, where an editor or a shell of Windows has saved it with a mark or as UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode()
    return content.removeprefix(codecs.BOM_UTF8)


def _checked(key: bytes, where: str) -> bytes:
    """The key, where it is one: with a short one every phone number's hash can be tried out in minutes."""
    repeats = key in (key + key)[1:-1]
    if len(key) >= KEY_CHARACTERS and not repeats and len({b - a for a, b in pairwise(key)}) >= _KEY_STEPS:
        return key
    found = f"{len(key)} characters" if len(key) < KEY_CHARACTERS else "a row or a repetition of characters"
    raise SetupError(
        f"The key in {where} is too weak: a key has at least {KEY_CHARACTERS} random characters",
        found=found if key else "nothing in it",
        hint="put the kept copy of the key back; a store written with a weak key cannot be kept: remove the store and "
        "the weak key, make a new one with `openssl rand -hex 32` (without a key file one is made), and import again",
    )


def fingerprint(key: bytes) -> str:
    """What may be stored of the key: enough to tell another key, nothing to rebuild it from."""
    return hashlib.blake2b(b"aftersales fingerprint", key=_short_key(key), digest_size=8).hexdigest()


def keyed_hash(values: pl.Series, *, key: bytes, purpose: str) -> pl.Series:
    """Each text as a keyed BLAKE2b hash, one hash a distinct value; null stays null.

    Two purposes (buyer, phone, address) never share a hash, so that a phone used as a name does not link.

    >>> hashed = keyed_hash(pl.Series(["tb1", "tb1", None]), key=b"k", purpose="buyer")
    >>> hashed[0] == hashed[1], len(hashed[0]), hashed[2]
    (True, 24, None)
    """
    distinct = values.drop_nulls().unique()
    salted = hashlib.blake2b(purpose.encode() + b":", key=_short_key(key), digest_size=_DIGEST_BYTES)

    def hashed(value: str) -> str:
        begun = salted.copy()  # half the time of beginning anew
        begun.update(value.encode())
        return begun.hexdigest()

    hashes = [hashed(value) for value in distinct.to_list()]
    return values.replace_strict(distinct, hashes, default=None, return_dtype=pl.String)


def _short_key(key: bytes) -> bytes:
    return key if len(key) <= hashlib.blake2b.MAX_KEY_SIZE else hashlib.blake2b(key).digest()


def _blank_to_null(column: str) -> pl.Expr:
    cleaned = pl.col(column).str.strip_chars()
    return pl.when(cleaned != "").then(cleaned)


def _masked(column: str) -> pl.Expr:
    return pl.col(column).str.contains(r"[*＊]|[#$]{2}")


def plain_phone(column: str) -> pl.Expr:
    """A phone number in one spelling: digits and mask stars only, without the country's code."""
    digits = pl.col(column).str.normalize("NFKC").str.replace_all(r"[^\d*]", "")
    return digits.str.replace(r"^(?:0086|86)(1\d{10})$", "$1")


def plain_address(column: str) -> pl.Expr:
    """An address in one spelling: no blanks, no punctuation, no postal code at its end."""
    return (
        pl.col(column)
        .str.replace(r"[(（]\d{6}[)）]\s*$", "")
        .str.replace_all(r"[\s,，.。、\-－—_/()（）]", "")
        .str.to_lowercase()
    )


def with_person_keys(records: pl.DataFrame, *, key: bytes) -> pl.DataFrame:
    """Replace the columns that name a person by keyed hashes.

    Takes buyer, receiver, address, phone, mobile (text, each may be null) and gives buyer_key, buyer_key_quality,
    address_key and phone_key instead, in the same row order. Quality: ``full`` — the platform gave the whole name;
    ``composite`` — all are masked, but masked name, masked phone and address prefix together tell buyers apart;
    ``masked`` — too much is hidden to know who bought (key null); ``none`` — the file names nobody. A masked name or
    phone alone is never an identity.
    """
    people = ("buyer", "receiver", "address", "phone", "mobile")
    frame = records.with_columns(_blank_to_null(c).alias(c) for c in people)
    frame = frame.with_columns(_phone=pl.coalesce(plain_phone("mobile"), plain_phone("phone"))).with_columns(
        _phone=pl.when(pl.col("_phone").str.len_chars() >= 5).then(pl.col("_phone")), _address=plain_address("address")
    )
    composite = pl.when(
        _masked("buyer").fill_null(True)
        & pl.col("receiver").is_not_null()
        & (pl.col("_phone").str.replace_all(r"\*", "").str.len_chars() >= _VISIBLE_PHONE_DIGITS)
        & (pl.col("_address").str.replace_all(r"\*", "").str.len_chars() >= _VISIBLE_ADDRESS_CHARACTERS)
    ).then(pl.concat_str("receiver", "_phone", "_address", separator="|"))
    full = pl.when(_masked("buyer") == False).then("buyer")  # noqa: E712 - null must stay null
    frame = frame.with_columns(_full=full, _composite=composite)
    quality = (
        pl.when(pl.col("_full").is_not_null())
        .then(pl.lit("full"))
        .when(pl.col("_composite").is_not_null())
        .then(pl.lit("composite"))
        .when(pl.any_horizontal(pl.col(*people).is_not_null()))
        .then(pl.lit("masked"))
        .otherwise(pl.lit("none"))
    )
    identity = frame.select(
        buyer=pl.coalesce(pl.col("_full"), pl.lit("composite|") + pl.col("_composite")),
        address=pl.when(_masked("address") == False).then("address"),  # noqa: E712
        phone=pl.when(_masked("_phone") == False).then("_phone"),  # noqa: E712
    )
    return frame.select(
        pl.exclude(*people, "_phone", "_address", "_full", "_composite"),
        keyed_hash(identity["buyer"], key=key, purpose="buyer").alias("buyer_key"),
        quality.alias("buyer_key_quality"),
        keyed_hash(address_place(identity["address"]), key=key, purpose="address").alias("address_key"),
        keyed_hash(identity["phone"], key=key, purpose="phone").alias("phone_key"),
    )


# One spelling for the place an address names, however its unit words, digits and remarks are written.


_UNIT_WORDS = ("号楼", "号院", "号房", "单元", "门洞", "栋", "幢", "座", "室", "号", "楼", "层", "户", "房", "弄", "组")
_TO_NINE = dict(zip("一二三四五六七八九", "123456789", strict=True))
_TENS = {"": 10} | {word: 10 * int(n) for word, n in _TO_NINE.items() if n != "1"}
_NUMERALS = _TO_NINE | {
    f"{tens}十{one}": str(ten + int(n)) for tens, ten in _TENS.items() for one, n in ({"": "0"} | _TO_NINE).items()
}
_WRITTEN_OUT = {f"{word}{unit}": f"{n}{unit}" for word, n in _NUMERALS.items() for unit in _UNIT_WORDS}
# each pattern with what stands in its place; "#" ends a number
_STEPS = (
    (r"(?:\([^()]*\)\s*)+$", ""),  # a postal code, or where to put the parcel
    (rf"(\d[a-z]?)\s*(?:{'|'.join(_UNIT_WORDS)}|#)|([a-z])\s*(?:号楼|[栋幢座楼])", "${1}${2}#"),
    *[(r"(\d[a-z]?)[-_/~,.:、。—–\s]+([a-z]?\d)", "${1}#${2}")] * 2,  # twice: matches do not overlap
    (r"[^\p{L}\p{N}#]+", ""),
    (r"特别行政区|维吾尔|壮族|回族|自治区|[省市]", ""),
    (r"#+", "#"),
    # a door or a letter behind the number of a flat, and a few words like 门口 behind a house's last number
    (r"(\d{3,4})#?(?:[a-z]|#\d)#?$", "${1}"),
    (r"(\d\D*\d[a-z]?)#?[^\d#]{1,6}$", "${1}"),
    (r"(\d{3,4})#?(?:[a-z]|#\d)#?$", "${1}"),
    (r"#$", ""),
)


def address_place(addresses: pl.Series) -> pl.Series:
    """The place each address names, in one spelling for comparing; null stays null, a masked address is no place.

    Full-width and Chinese numerals become digits; 号楼, 栋, 幢 and 座 are one; 室 and 号 only end a number; a remark in
    brackets, a few words behind the last number, and a door or letter behind the number of a flat say nothing.

    >>> address_place(pl.Series(["浙江省 杭州市 某路１３８号五幢302室", "浙江杭州某路138号5栋302（门口）"])).to_list()
    ['浙江杭州某路138#5#302', '浙江杭州某路138#5#302']
    """
    distinct = addresses.drop_nulls().unique()
    place = distinct.str.normalize("NFKC").str.to_lowercase()
    place = place.str.replace_many(list(_WRITTEN_OUT), list(_WRITTEN_OUT.values()), leftmost=True)
    for pattern, instead in _STEPS:
        place = place.str.replace_all(pattern, instead)
    return addresses.replace_strict(distinct, place, default=None, return_dtype=pl.String)
