"""Made-up contents of mails, and shops that they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl

from aftersales.charts.numbers import Unit
from aftersales.charts.tiles import Tile
from aftersales.charts.verdict import Conclusion
from aftersales.sources.settings import Mail, Settings, Shop
from aftersales.week.sections.plan import Step
from aftersales.words.periods import Week
from aftersales_app.mail.content import Bar, Effect, MailContent, Trend
from aftersales_app.mail.mail_parts import MailParts
from aftersales_app.mail.outbox import ShopMail

WEEK = Week.parse("2026-W46")
MOMENT = datetime(2026, 11, 16, 8, tzinfo=UTC)
SENDER = "weekly@aftersales.example"
WORDS = {
    "zh": ("退款率升到 18.7%，高于正常范围", "枕头：退款率 32.7%", "先停发再检查", "退款率", "比上周", "质量问题", "退款率连续两周偏高"),
    "en": ("Refunds rose to 18.7%, above normal", "Pillow: 32.7% refunds", "stop shipping and inspect", "Refund rate", "vs last week", "quality", "Refunds above normal for two weeks"),
}  # fmt: skip


PLANS = {
    "zh": ("本周行动：今天 1 项", "停发批次 1103", "王敏", "批次 1103 退款率 32.7%", "四周后退款率下降 30% 以上", "[今天] 停发批次 1103（王敏，11月16日前）"),
    "en": ("Actions this week: 1 today", "Pull batch 1103", "Wang", "Batch 1103: 32.7% refunds", "Down by 30% after four weeks", "[Today] Pull batch 1103 (Wang, by 16 Nov)"),
}  # fmt: skip
EFFECTS = {
    "zh": (
        "措施效果",
        (Effect("加强包装", "16.6% → 2.6%", "✓ 见效", "good"), Effect("限购", "", "○ 无法判断", "plain")),
    ),
    "en": ("Action results", (Effect("Packing", "16.6% → 2.6%", "✓ effective", "good"),)),
}


def content(language="zh", *, shop="demo", name="Yunqi Home", severity=(1, 0.4, 1), quiet=False):
    plan_title, what, who, why, tell, planned = PLANS[language]
    headline, fact, do, label, versus, reason, title = WORDS[language]
    rows = pl.DataFrame(
        {
            "week": [str(WEEK.shift(n)) for n in range(-5, 1)], "value": [0.11, 0.12, None, 0.13, 0.14, 0.187],
            "normal_low": [None, 0.1, 0.1, 0.1, 0.1, 0.1], "normal_high": [None, 0.13, 0.13, 0.13, 0.13, 0.13],
            "prior_year": [0.1, 0.11, 0.12, 0.12, 0.13, 0.149], "mature": [True] * 5 + [False],
            "verdict": ["routine"] * 5 + ["above"],
        },
        strict=False,
    )  # fmt: skip
    made = MailContent(
        kind="normal", shop=shop, shop_name=name, week=WEEK, language=language, headline=headline, finding=headline,
        plan_title=plan_title, lines=(planned,), effects_title=EFFECTS[language][0], effects=EFFECTS[language][1],
        plan=(Step("today", what, who, date(2026, 11, 16), why, tell, "policy-and-service.html#suggestion-1"),),
        conclusions=(Conclusion(fact, do=do),),
        tiles=(Tile(label, "18.7%", "signal_up", ((versus, "+4.9"),)), Tile(label, "1.2%", "not_enough_data")),
        trend=Trend("refund_request_rate", title, "11.0% 12.0% 18.7%", rows, Unit("pct", language)),
        reasons_title=title, reasons=(Bar(reason, 1.0, "612", "+371", True), Bar(reason, 0.0, "0", "−3", False)),
        data_to="2026-11-15", severity=severity, commit=3,
    )  # fmt: skip
    if quiet:
        return replace(
            made, kind="quiet", conclusions=(), trend=None, reasons_title="", reasons=(), severity=(0, 0.0, 0),
            plan_title="", plan=(), lines=(),
        )  # fmt: skip
    return made


def shop(name, *managers, analysts=(), languages=("zh",)):
    return Shop(id=name, name=name, exports="in", managers=managers, analysts=analysts, language=languages)


def settings(tmp_path, *shops, **mail):
    return Settings(
        shops=shops,
        file=tmp_path / "shops.toml",
        mail=Mail(**{"host": "127.0.0.1", "sender": SENDER, "tls": "none"} | mail),
    )


def ready(one, **values):
    """A shop ready to be mailed, without a picture: what is sent, not how it looks."""
    made = replace(content(one.language[0], shop=one.id, name=one.name, **values), trend=None)
    return ShopMail(one, {one.language[0]: MailParts(made, "", None, (), f"{one.id}/{WEEK}")})
