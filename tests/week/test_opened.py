"""A shop's week as an analyst opens it: every parameter changes what it says, wrong ones are refused by name."""

from __future__ import annotations

import polars as pl
import pytest
from mypy import api
from nbformat import read

import aftersales as asa
from aftersales.week.options import LIMITS, READERS
from aftersales.week.where import Where
from aftersales.words.errors import UsageError
from aftersales_app.reports.parameters import declared_parameters

# of each analysis a parameter, a value that is not its own, and what is to differ
CHANGES = [
    ("refund_rate", {"by": "week", "weeks": 8}, lambda r: r.plot().data.height),
    ("refund_rate", {"by": "courier"}, lambda r: r.table.columns),
    ("refund_rate", {"by": ("courier", "category")}, lambda r: r.plot().id),
    ("refund_rate", {"by": "province", "weeks": 20}, lambda r: r.table["paid_orders"].sum()),
    ("requests", {"by": "kind"}, lambda r: r.plot().id),
    ("requests", {"weeks": 8}, lambda r: r.table["week"].n_unique()),
    ("complaints", {"by": "kind"}, lambda r: r.table.columns),
    ("complaint_kinds", {"weeks": 4}, lambda r: r.table["week"].n_unique()),
    ("hours", {"weeks": 5}, lambda r: r.table.height),
    ("suspicious_orders", {"weeks": 1}, lambda r: r.table.height),
    ("suspicious_orders", {"patterns": ["ring"]}, lambda r: r.table["pattern"].unique().to_list()),
    ("suspicious_orders", {"min_likelihood": 0.97}, lambda r: r.headline),
    ("data_health", {"weeks": 3}, lambda r: r.plot().caption),
    ("suspicious_complaints", {"weeks": 1}, lambda r: (r.table.height, r.looked_at)),
    ("suspicious_complaints", {"patterns": ["never_paid"]}, lambda r: r.table["pattern"].to_list()),
    ("suspicious_complaints", {"min_likelihood": 0.97}, lambda r: r.headline),
    ("actions", {"capacity_days": 0.1}, lambda r: r.table.height),
    ("actions", {"lever": "minimum_order"}, lambda r: r.plot().items[0].id),
    ("actions", {"thresholds": [5.0, 2.0]}, lambda r: r.plot().items[0].data["threshold"].to_list()),
    ("decisions", {"weeks_after": 4}, lambda r: r.table["weeks_after"].to_list()),
    ("decisions", {"level": 0.5}, lambda r: r.table["effect_low"].to_list()),
]


@pytest.fixture(scope="module")
def shop(demo):
    return asa.open("demo", language="en", config=str(demo / "shops.toml"))


@pytest.mark.parametrize(("name", "changed", "seen"), CHANGES, ids=lambda c: str(c) if isinstance(c, dict) else "")
def test_each_parameter_changes_what_is_found(shop, name, changed, seen):
    own = {"by": "province"} if changed.get("by") == "province" or ("by" in changed and name == "refund_rate") else {}
    if changed.get("by") == "week":
        own = {"by": "week"}
    usual, other = (getattr(shop, name)(**given) for given in (own, changed))
    assert seen(usual) != seen(other)
    assert other.headline
    assert isinstance(other.table, pl.DataFrame)


def test_parameters_of_products_change_the_list_and_its_picture(shop):
    usual = shop.problem_products()
    other = shop.problem_products(weeks=5, worse_than=4.0, fdr=0.5, top=1)  # one run: each is seen elsewhere
    assert usual.plot().caption != other.plot().caption
    assert "4" in other.plot().caption
    assert "50%" in other.declared().text or other.table.is_empty()
    views = [r.report.data.product_views.filter(pl.col("against") == "category") for r in (usual, other)]
    assert views[0]["orders"].sum() > views[1]["orders"].sum()
    assert other.ranking().frame.height <= 1
    category = usual.table["category"][0]
    only = shop.problem_products(category=category)
    assert set(only.table["category"]) == {category}
    assert category in only.headline
    assert only.plot().data.height < usual.plot().data.height
    assert only.report.data is usual.report.data, "a category is judged with all others"


def test_parameters_of_the_overview_and_the_start_change_what_is_listed(shop):
    overview, start = asa.weekly_overview, asa.start_here
    many = shop.problem_products(weeks=52, worse_than=1.1, fdr=0.5).report
    assert overview.products(many, top=1).frame.height == 1 < overview.products(many).frame.height
    assert str(overview.reasons(shop, most=2).figure) != str(overview.reasons(shop).figure)
    assert [part.frame.height for part in overview.cases(shop, most=1).items] == [1, 1]
    whole = start.pages(shop).frame
    for reader in READERS:
        some = start.pages(shop, reader=reader).frame
        assert 0 < some.height < whole.height
        assert set(some["title"]) <= set(whole["title"])
    for wrong in (lambda: overview.products(shop, top=0), lambda: start.pages(shop, reader="boss")):
        with pytest.raises(UsageError):
            wrong()


def test_every_parameter_of_the_notebooks_has_its_limit(root):
    for book in sorted((root / "notebooks").glob("*.ipynb")):
        own = set(declared_parameters(book)) - {"shop", "week", "language", "case_id"}
        free = {"category", "decision"}  # what these may be the shop's own data say
        assert own - free == set(LIMITS.get(book.stem.partition("-")[2], {})), book.stem


def test_defaults_of_the_notebooks_are_the_analyses_own(shop, root):
    """A page without parameters is the page of the defaults: nothing is computed a second time for it."""
    for analysis, book in {
        "problem_products": "05-problem-products", "suspicious_orders": "06-malicious-orders",
        "suspicious_complaints": "07-malicious-complaints",
        "actions": "08-policy-and-service", "decisions": "09-did-it-work",
    }.items():  # fmt: skip
        cell = next(c for c in read(root / "notebooks" / f"{book}.ipynb", 4).cells if "parameters" in str(c.metadata))
        given: dict[str, object] = {}
        exec(cell.source, given)
        own = {k: v for k, v in given.items() if k in declared_parameters(root / "notebooks" / f"{book}.ipynb")}
        own = {k: v for k, v in own.items() if k not in ("shop", "week", "language")}
        assert getattr(shop, analysis)(**own).report.data is shop.data


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("problem_products", {"worse_than": 0.5}, ["worse_than", "1.1 to 10"]),
        ("problem_products", {"category": "床"}, ["category", "床品"]),
        ("suspicious_orders", {"patterns": ["rings"]}, ["patterns", "ring", "burst"]),
        ("suspicious_complaints", {"patterns": ["paid"]}, ["patterns", "never_paid"]),
        ("suspicious_complaints", {"weeks": 13}, ["weeks", "1 to 12"]),
        ("actions", {"lever": "purchase_limits"}, ["lever", "purchase_limit"]),
        ("decisions", {"decision": "none"}, ["decision", "none"]),
        ("refund_rate", {"by": "couriers"}, ["couriers", "courier", "province"]),
        ("trend", {"measure": "rate"}, ["rate", "refund_request_rate"]),
        ("where", {"courier": "申通"}, ["courier", "申通快递"]),
        ("where", {"where": "colour=red"}, ["colour", "courier", "province"]),
    ],
)
def test_a_wrong_value_is_refused_with_those_that_are_right(shop, name, wrong, words):
    with pytest.raises(UsageError) as refused:
        _ = getattr(shop, name)(**wrong).table
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_part_of_a_shop_is_counted_by_its_own_orders(shop):
    part = shop.where(courier="申通快递", province=["河南省", "广东省"])
    orders = shop.data.tables["orders"].filter(
        pl.col("courier") == "申通快递", pl.col("province").is_in(["河南省", "广东省"])
    ).collect()  # fmt: skip
    assert 0 < orders.height < shop.data.tables.rows("orders")
    assert part.data.tables["orders"].collect().equals(orders)
    refunds = part.data.tables["refunds"].collect()
    assert set(refunds["order_id"]) <= set(orders["order_id"])
    rows = part.refund_rate(by="week", weeks=60).table
    paid = orders.filter(pl.col("paid_at").dt.date().is_between(part.data.since, part.data.until), pl.col("paid") > 0)
    assert rows["paid_orders"].sum() == paid["order_id"].n_unique()
    assert part.refund_rate(by="courier").table["courier"].to_list() == ["申通快递"]
    assert "申通快递" in part.refund_rate().headline
    assert part.refund_rate().caveats
    narrower = part.where(province="河南省").data.tables["orders"].collect()
    assert narrower.equals(orders.filter(province="河南省")), "a part of a part keeps the first filter"
    # what is judged on the whole shop stays what it is
    assert part.data.weeks_unsound.equals(shop.data.weeks_unsound)
    assert part.decisions().table.equals(shop.decisions().table)
    assert set(part.suspicious_orders().table["case_id"]) <= set(shop.suspicious_orders().table["case_id"])
    about = shop.suspicious_complaints().table.filter(pl.col("order_id").is_in(orders["order_id"].implode()))
    assert part.suspicious_complaints().table.equals(about)


def test_so_many_complaints_are_quoted_as_asked_for(shop):
    words = shop.complaint_words(top=2)
    assert words.table.height == len(words.plot().quotes) == 2
    assert shop.complaint_words(top=20).table.height == 20


def test_an_earlier_week_is_the_shop_as_it_stood_then(shop):
    part = shop.where(courier="申通快递")
    then = part.earlier(8)
    assert (then.data.week, then.data.where) == (shop.data.week.shift(-8), part.data.where)
    assert then.refund_rate(by="province", weeks=8).table.equals(
        asa.open("demo", week=str(then.data.week), config=str(shop.data.settings.file)).where(courier="申通快递")
        .refund_rate(by="province", weeks=8).table
    )  # fmt: skip
    with pytest.raises(UsageError, match="no data for week"):
        part.earlier(800)


def test_a_refund_of_another_product_of_the_order_is_not_the_products_own(shop):
    orders, refunds = (shop.data.tables[name].collect() for name in ("orders", "refunds"))
    lines = orders.filter(pl.len().over("order_id") > 1, pl.col("product_id").n_unique().over("order_id") > 1)
    named = refunds.filter(pl.col("product_id").is_not_null()).join(
        lines.select("order_id", "product_id"), on=["order_id", "product_id"], how="semi"
    )
    assert named.height
    order, product = named.row(0, named=True)["order_id"], named.row(0, named=True)["product_id"]
    other = lines.filter(pl.col("order_id") == order, pl.col("product_id") != product)["product_id"][0]
    kept = shop.where(product=other).data.tables["refunds"].filter(pl.col("order_id") == order).collect()
    assert named["refund_id"][0] not in kept["refund_id"].to_list()
    assert (
        shop.where(product=product).data.tables["refunds"].collect()["refund_id"].is_in([named["refund_id"][0]]).any()
    )


def test_a_filter_is_written_as_text_or_as_columns():
    assert Where.parse("快递=申通快递；province=河南省|山东省") == Where.parse(
        {"courier": "申通快递", "province": ["河南省", "山东省"]}
    )
    with pytest.raises(UsageError, match="column=value"):
        Where.parse("courier")


def test_one_decision_has_its_weeks_and_what_it_is_compared_with(shop):
    decisions = shop.decisions()
    drawn = decisions.table.filter(pl.col("weeks").list.len() > 0)["decision_id"][0]
    one = decisions[drawn]
    assert one.table.height
    assert one.plot().title == one.headline
    assert shop.decisions(decision=drawn).plot().items[0].title == one.headline
    assert (one.placebo_test() is None) == one.controls.is_empty()


@pytest.mark.slow
def test_a_misspelt_name_is_a_type_error(tmp_path, root, monkeypatch):
    monkeypatch.chdir(root)
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import aftersales as asa\nasa.refund_raet\nasa.open('demo').reasns()\nasa.refund_rate\n", "utf-8")
    said, _, code = api.run([str(wrong)])
    assert code == 1
    assert [line.split(":")[1] for line in said.splitlines() if ": error:" in line] == ["2", "3"], said


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_s_analysis_runs_as_it_stands(demo, root, monkeypatch, name):
    monkeypatch.setenv("AFTERSALES_CONFIG", str(demo / "shops.toml"))
    code = (root / name).read_text("utf-8").split("```python\n", 1)[1].split("```", 1)[0]
    made: dict[str, object] = {}
    exec(code, made)
    part = made["part"]
    assert isinstance(part, asa.Shop)
    assert part.data.where
    rates = part.refund_rate(by="product", weeks=8).table
    assert 0 < rates["paid_orders"].sum() <= part.data.tables["orders"].collect()["order_id"].n_unique()
