"""Parameters of pages: read by declared type, checked before a run starts, said on the page that they change."""

from __future__ import annotations

import pytest
from toy_notebooks import CHART, job, toy

from aftersales.sources.settings import Shop
from aftersales.words.errors import SetupError, UsageError
from aftersales_app.reports.contents import check_job
from aftersales_app.reports.parameters import own_parameters, shop_parameters, text_parameters
from aftersales_app.reports.run import run_report

PRODUCTS = 'top: int = 20  # rows\nworse_than: float = 1.5  # ratio\ncategory: str = ""  # only\nnames: list[str] = []  # which'


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    return toy(folder, "05-problem-products", CHART, parameters=PRODUCTS), toy(
        folder, "06-malicious-orders", CHART, parameters="top: int = 5  # rows"
    )


def test_text_is_read_as_the_notebook_declares_it(books):
    given = ["problem-products.top=8", "category=2026", "names=a, b", "worse_than=2", "06-malicious-orders.top=3"]
    assert text_parameters(given, books) == {
        "problem-products.top": 8, "category": "2026", "names": ["a", "b"], "worse_than": 2.0,
        "06-malicious-orders.top": 3,
    }  # fmt: skip


def test_a_parameter_goes_to_the_notebooks_it_names(books):
    extra = {"top": 9, "05-problem-products.top": 8, "category": "x"}
    assert own_parameters(books[0], extra) == {"top": 8, "category": "x"}
    assert own_parameters(books[1], extra) == {"top": 9}


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("05-problem-products.tops=8", ["tops", "05-problem-products", "top: int"]),
        ("05-problem-product.top=8", ["05-problem-product", "05-problem-products"]),
        ("problem-products.worse_than=0.5", ["worse_than", "1.1 to 10", "0.5"]),
        ("top=many", ["top", "int", "many"]),
        ("05-problem-products.week=2026-W40", ["week"]),
        ("top", ["name=value"]),
    ],
)
def test_what_no_notebook_takes_is_refused_before_anything_starts(books, tmp_path, pair, words):
    with pytest.raises(UsageError) as refused:
        check_job(job(tmp_path, *books, parameters=text_parameters([pair], books)))
    assert all(word in str(refused.value) for word in words), refused.value


def test_shops_toml_sets_parameters_and_names_a_wrong_one(books):
    shop = Shop(id="s", name="s", exports="in", notebooks={"05-problem-products": {"top": 8}})
    assert shop_parameters(shop, books) == {"05-problem-products.top": 8}
    with pytest.raises(SetupError, match=r"shop 's' is wrong.*'topp'.*top: int"):
        shop_parameters(shop.model_copy(update={"notebooks": {"05-problem-products": {"topp": 8}}}), books)


def test_a_page_says_which_parameters_are_not_its_own(books, tmp_path):
    given = job(tmp_path, *books, languages=("en",), parameters={"problem-products.top": 8, "worse_than": 1.5})
    assert run_report(given).status == "ok"
    products, orders = (
        (given.folder / f"{page}.html").read_text("utf-8") for page in ("problem-products", "malicious-orders")
    )
    assert "top = 8 (default 20)" in products
    assert "worse_than" not in products, "given as it is by default"
    assert "changed parameters" not in orders
