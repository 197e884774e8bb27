"""People become keyed hashes, and what names them inside free text is masked, before anything is stored.

One key an installation lies beside the store. Without it the same buyer would hash differently from week to week, so
every commit keeps the key's fingerprint and another key is refused.
"""

from __future__ import annotations

import hashlib
import os
import secrets

import polars as pl

from aftersales.sources.places import Folder
from aftersales.words.errors import SetupError

KEY_VARIABLE = "AFTERSALES_KEY"
KEY_NAME = "aftersales.key"
_DIGEST_BYTES = 12  # 96 bits: a billion buyers meet by chance once in 10^11 installations
_VISIBLE_PHONE_DIGITS = 7  # 131****1907 shows seven; fewer say too little to tell two people apart
_VISIBLE_ADDRESS_CHARACTERS = 6  # province, city and district


def installation_key(store_path: str) -> bytes:
    """The installation's secret: from the environment, else from the file beside the store, made on first use."""
    if os.environ.get(KEY_VARIABLE):
        return os.environ[KEY_VARIABLE].encode()
    store = Folder(store_path)
    if store.remote:
        raise SetupError(
            "A store in object storage needs the key of this installation",
            found=f"the environment variable {KEY_VARIABLE} is not set",
            hint="set it to a long random text, the same on every machine, and keep a copy",
        )
    beside = Folder(str(store.local.parent))
    try:
        beside.write_new(KEY_NAME, secrets.token_hex(32).encode())
        os.chmod(beside.local / KEY_NAME, 0o600)
        return beside.read(KEY_NAME).strip()
    except OSError as error:
        raise SetupError(f"The key file {beside.join(KEY_NAME)} cannot be used", found=error.strerror) from None


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
    return pl.col(column).str.replace_all(r"[^\d*]", "").str.replace(r"^(?:0086|86)(1\d{10})$", "$1")


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
        address=pl.when(_masked("_address") == False).then("_address"),  # noqa: E712
        phone=pl.when(_masked("_phone") == False).then("_phone"),  # noqa: E712
    )
    return frame.select(
        pl.exclude(*people, "_phone", "_address", "_full", "_composite"),
        keyed_hash(identity["buyer"], key=key, purpose="buyer").alias("buyer_key"),
        quality.alias("buyer_key_quality"),
        keyed_hash(identity["address"], key=key, purpose="address").alias("address_key"),
        keyed_hash(identity["phone"], key=key, purpose="phone").alias("phone_key"),
    )


_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景"
    "薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾"
    "郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙伏岑习胥保和蔺"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|司徒|端木|南宫|夏侯"
_EDGE, _GAP = r"(^|[^\d])", r"[\s\-－·.]?"
_FREE_TEXT_MASKS = (
    # an identity number: 17 digits with a birthday inside and a check mark; order numbers have no such birthday
    (
        _EDGE + r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]([^\d]|$)",
        "${1}[证件号]${2}",
    ),
    (_EDGE + rf"(?:\+?86{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}([^\d]|$)", "${1}[手机号]${2}"),
    (_EDGE + r"0\d{2,3}[\-－]\d{7,8}([^\d]|$)", "${1}[电话]${2}"),
    (
        r"[\p{Han}]{2,8}(?:省|自治区|市)[\p{Han}]{1,10}(?:市|区|县|旗|镇|乡|街道)[\p{Han}\w\-]{0,24}?"
        r"(?:路|街|巷|道|弄|村|苑|小区|花园|大厦|号楼)[\w\p{Han}\-#]{0,20}(?:号|室|楼|单元|栋|幢|层)?(?:\d+室?)?",
        "[地址]",
    ),
    (r"[\w.+-]+@[\w-]+\.[\w.-]+", "[邮箱]"),
    # a name is told from other words by what stands before it and by its surname ("收件人拒收" names nobody)
    (
        rf"(收件人|收货人|联系人|姓名|名字|我叫)([是为：:\s]{{0,3}})(?:{_COMPOUND}|[{_SURNAMES}])\p{{Han}}{{1,2}}"
        r"(电话|手机|地址|[^\p{Han}]|$)",
        "${1}${2}[姓名]${3}",
    ),
    (r"((?:微信|薇信|QQ|qq)(?:号|：|:|\s){0,3})[A-Za-z][A-Za-z0-9_\-]{5,19}", "${1}[账号]"),
    (r"((?:QQ|qq|微信)(?:号|：|:|\s){0,3})\d{5,12}([^\d]|$)", "${1}[账号]${2}"),
)


def without_numbers_of_people(column: str) -> pl.Expr:
    """Free text with phone, identity and account numbers, mail and postal addresses, and told names masked.

    Order numbers stay. A name counts as told where the words before it say so (收件人, 联系人, 我叫 …).

    >>> frame = pl.DataFrame({"text": ["打138 0013 8000找我", "订单3515313123456789012", None]})
    >>> frame.select(without_numbers_of_people("text")).to_series().to_list()
    ['打[手机号]找我', '订单3515313123456789012', None]
    """
    expression = pl.col(column)
    for pattern, shown in _FREE_TEXT_MASKS:
        # twice: neighbours share the character between them, which one pass uses up
        expression = expression.str.replace_all(pattern, shown).str.replace_all(pattern, shown)
    return expression
