"""What a complaint claims that a record can be held against: not received, shipped late, goods in hand."""

# ruff: noqa: E501 - the alternatives of a pattern stay on one line

from __future__ import annotations

import polars as pl

from aftersales.stats.text import ends_of, normal_text

NOT_RECEIVED = (
    r"(?:没有?|未|还没|从未|根本没有?|一直没有?|没有?)(?:能)?(?:收到|拿到|见到|看到)(?:货|包裹|快递|东西|商品|任何|过|我的)|没收到|未收到货|收不到货"
    r"|(?:never|not|n't)(?: \w+)? (?:yet )?(?:received?|arrived?|delivered|got|turned up)|nothing (?:has )?(?:arrived|came)"
)
# Parts of what was bought are missing: something did arrive.
PART_RECEIVED = r"少(?:了|发|件|寄)|漏发|只(?:收到|有)|配件|赠品|收到(?:一|两|二|半)|only (?:received|got)|missing"
LATE = (
    r"(?:没有?|不|未|还没|迟迟不|一直不|超时|超时不|超时未|拖着不)(?:按时|及时|按约定)?(?:给我?)?发货|未按约定时间发货|延迟发货|虚假发货|发货超时"
    r"|(?:not|n't|never)(?: \w+)? (?:yet )?(?:shipped|dispatched)|(?:shipped|dispatched) late|late (?:shipping|shipment|dispatch)"
)
IN_HAND = (
    r"用了|穿了|戴了|吃了|洗了|收到(?:就|的|后|时|货|是|了|都|一|来)|打开|拆开|开箱|质量(?:太差|问题|差|很差|不行)|坏了|就坏|次品|瑕疵|碎|破损|异味"
    r"|不能用|尺码|太大|太小|穿不|掉色|发错|少件|漏发|空包|过敏"
    r"|after (?:using|wearing|a few days)|used it|opened|arrived (?:broken|damaged)|broke|poor quality|defect|stopped working"
    r"|does(?:n't| not) (?:work|fit)|empty box|wrong (?:item|size|colou?r)"
)
# The buyer speaks of the signature themselves: nothing is held back, it may have been another's.
SIGNATURE_TOLD = r"签收|代签|驿站|快递柜|显示(?:已)?送达|signed|says (?:it was )?delivered|marked (?:as )?delivered|locker|neighbou?r"
HAS_RECEIVED = r"(?:已经?|我|今天|昨天|刚)(?:刚)?(?:收到|拿到|取到)(?:了|货|包裹|快递)?|收到了|拿到了|取件了|received it|it (?:has )?arrived|got it|picked it up"
NOT_YET = r"没|未|不|还|not|n't|never"


def claims(complaint: pl.Expr) -> list[pl.Expr]:
    """Expressions over a text (kind, words and demand joined): what it claims.

    Columns out: says_not_received (nothing arrived; a part missing is another matter), says_late (shipped late or not
    shipped), says_in_hand (speaks of goods as one who has them), tells_signature (speaks of the signature itself).

    >>> told = pl.DataFrame({"text": ["一直没收到货", "超过48小时没发货", "用了两天就坏", "显示签收但我没收到货"]})
    >>> told.select(claims(pl.col("text"))).rows()[0]
    (True, False, False, False)
    >>> told.select(claims(pl.col("text"))).rows()[3]
    (True, False, False, True)
    """
    text = normal_text(ends_of(complaint))
    missing = text.str.contains(NOT_RECEIVED) & ~text.str.contains(PART_RECEIVED)
    return [
        missing.alias("says_not_received"),
        (text.str.contains(LATE) & ~missing).alias("says_late"),
        (text.str.contains(IN_HAND) & ~missing).alias("says_in_hand"),
        text.str.contains(SIGNATURE_TOLD).alias("tells_signature"),
    ]


def admits_receipt(message: pl.Expr) -> pl.Expr:
    """Whether a buyer's message says that the goods arrived, with no word of doubt before it.

    >>> told = pl.DataFrame({"text": ["收到了,谢谢", "还没收到了吗", "OK I received it today"]})
    >>> told.select(admits_receipt(pl.col("text")))["text"].to_list()
    [True, False, True]
    """
    text = normal_text(ends_of(message))
    return text.str.contains(HAS_RECEIVED) & ~text.str.contains(rf"(?:{NOT_YET}).{{0,6}}(?:{HAS_RECEIVED})")
