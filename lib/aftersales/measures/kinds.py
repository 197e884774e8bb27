"""What rate is to be expected of each product, from what it is: category, title words, price, SKU attributes, age.

A dress is returned more often than a snack, whoever sells it. Where files name categories, these say which products are
alike; where they do not, titles do. The log odds of a request are modelled as a sum of small effects of title words
(character n-grams for Chinese, words elsewhere; those by name that the counts want), category, price and SKU
attributes, each drawn from a normal distribution whose spread the shop's own products determine (empirical Bayes),
plus a deviation of the product itself. Every product is judged by a model that has not seen it (leave-one-out in closed
form). In its first weeks it is held against what others showed at the same age since launch, as far as launches differ.
Sources: Breslow and Clayton 1993, JASA 88 (penalised quasi-likelihood); Rasmussen and Williams 2006, chapter 5.4.2
(leave-one-out); MacKay 1992, Neural Computation 4(3) (which words); Efron and Morris 1975, JASA 70.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from aftersales.stats.text import normal_texts

# A word that stands in fewer titles says nothing of other products.
LEAST_TITLES = 3
# So many of the words that stand in most titles are looked at, and of them so many that move the counts are tried.
MOST_WORDS, MOST_TRIED, MOST_CELLS = 4_000, 400, 800_000
# Effects of words on the log odds begin with the first spread, stay below the second, and below the third a word is
# no longer one by name.
WORD_SPREAD, WIDEST, NARROWEST = 0.5, 2.0, 0.1
TURNS = 18
# A word stays where the log likelihood gains three by it, even without the product that speaks loudest for it.
LEAST_GAIN = 4.5
# Below so many products with orders no spread between kinds can be fitted: the shop's rate stands for all.
LEAST_PRODUCTS = 8
# What was seen may not count for more than this: rates of 0 and 1 have no log odds.
EDGE = 1e-5
ROUNDS, AGE_TURNS = 12, 4
# Spreads (standard deviations of log odds) that are tried for categories, for price, and for products of one kind.
SPREADS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.4)
OWN_SPREADS = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 0.9, 1.3)
# … and for each word beside what it is known to do.
REST_SPREADS = (0.005, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4)
# Products of one kind lie no further apart than this.
SAME_KIND = 0.3
# Ages since launch are told apart by four weeks, the shortest time products are judged over, up to their twelve.
AGE_WEEKS, AGES = 4, 3
# A first sale is a launch where so many orders would have come before it at the pace since: none comes by luck in 5 %.
MISSED_ORDERS = 3.0
# A product that lies so many standard deviations above its kind does not shape it (Farrington's reweighting threshold).
OUTLYING = 2.58
_HAN = re.compile(r"[㐀-鿿豈-﫿]+")
_LATIN = re.compile(r"[^\W\d_]{3,}")


class Kinds(NamedTuple):
    """What is to be expected of each product, as arrays in the order of the products handed in.

    ``log_odds``: of a request, by a model that has not seen the product; ``std_err``: of that expectation;
    ``words``: the title words (or the category) that carried it, most telling first; ``alike``: how many other products
    share one of them.
    """

    log_odds: np.ndarray
    std_err: np.ndarray
    words: list[list[str]]
    alike: np.ndarray


class AtAge(NamedTuple):
    """What products at one age since launch differ by from their kind: ``shift`` of the log odds, its ``std_err``,
    ``peers`` (how many other launches tell it; 0 where launches show no difference). Arrays, one value a product.
    """

    shift: np.ndarray
    std_err: np.ndarray
    peers: np.ndarray


def title_tokens(title: str) -> list[str]:
    """Words of a title: Latin words, and two to four characters in a row of Chinese ones.

    >>> title_tokens("碎花连衣裙 Dress M")
    ['碎花', '花连', '连衣', '衣裙', '碎花连', '花连衣', '连衣裙', '碎花连衣', '花连衣裙', 'dress']
    """
    text = normal_texts([title])[0]
    runs = _HAN.findall(text)
    grams = [run[i : i + n] for run in runs for n in (2, 3, 4) for i in range(len(run) - n + 1)]
    return grams + list(_LATIN.findall(_HAN.sub(" ", text)))


def expected_by_kind(products: pl.DataFrame) -> Kinds:
    """The expected log odds of a request for each product, from products like it.

    Columns in, one row a product: ``title`` (text, may be null), ``category`` (text; null where unknown), ``price`` (in
    the shop's currency; null where unknown), ``attributes`` (list of text: names of SKU attributes, prefix of the
    merchant's code), ``events`` (requests) and ``exposure`` (matured orders).

    >>> rng = np.random.default_rng(1)
    >>> kind = np.repeat(["连衣裙", "坚果礼盒"], 40)
    >>> rate = np.where(kind == "连衣裙", 0.4, 0.04)
    >>> shop = pl.DataFrame({"title": [f"{k}{i}" for i, k in enumerate(kind)], "category": None, "price": None,
    ...     "attributes": [[]] * 80, "exposure": 100.0, "events": rng.binomial(100, rate)})
    >>> found = expected_by_kind(shop)
    >>> expit(found.log_odds[[0, 79]]).round(1).tolist(), found.words[0]
    ([0.4, 0.0], ['连衣裙'])
    """
    events = products["events"].cast(pl.Float64).fill_null(0).to_numpy()
    exposure = np.maximum(products["exposure"].cast(pl.Float64).fill_null(0).to_numpy(), events)
    one = np.ones(len(events))
    shares = _Shares(events, exposure, one, 0 * one, 0 * one)
    design, group = _given(products)
    words = _words(products)
    fit, taken = _fitted(design, group, words, shares)
    log_odds, std_err = _left_out(fit)
    given = products["category"].is_not_null().to_numpy() & (group == 1).any()
    unknown = _unknown(fit, taken, words, given)
    return Kinds(log_odds, np.sqrt(std_err**2 + unknown), *_told_by(products, words, taken, given))


def launch_ages(units: pl.DataFrame) -> pl.DataFrame:
    """Weeks of products since their launch: product_id, cohort (Monday, Date), age (0: the first four weeks, up to 2).

    ``units``: product_id, cohort, orders; any number of rows a week. Later weeks are left out, and products that may be
    older than the counts.

    >>> from datetime import date, timedelta
    >>> weeks = [date(2026, 1, 5) + timedelta(weeks=w) for w in range(12)]
    >>> units = pl.DataFrame({"product_id": ["old"] * 12 + ["new"] * 6, "cohort": weeks + weeks[6:], "orders": 5})
    >>> launch_ages(units)["age"].sort().to_list()
    [0, 0, 0, 0, 1, 1]
    """
    day, launch = pl.col("cohort"), pl.col("cohort").min().over("product_id")
    pace = pl.col("orders").sum().over("product_id") / ((day.max() - launch).dt.total_days() + 7)
    dated = units.filter(pace * (launch - day.min()).dt.total_days() >= MISSED_ORDERS)
    aged = dated.select("product_id", "cohort", age=(day - launch).dt.total_days() // (7 * AGE_WEEKS))
    return aged.filter(pl.col("age") < AGES).unique()


def at_age(kinds: Kinds, events: np.ndarray, exposure: np.ndarray) -> AtAge:
    """How far products of one age lie from what their kind leads to expect, each known from the others.

    ``events``, ``exposure``: requests and matured orders of each product at that age (0 where there are none). The
    difference is the shop's, and beside it one of each kind, with spreads that the launches determine: none where they
    show none. Too few launches show none.

    >>> kinds = Kinds(np.full(12, -2.0), np.zeros(12), [["lamp"]] * 12, np.full(12, 11))
    >>> found = at_age(kinds, np.full(12, 21.0), np.full(12, 100.0))
    >>> found.shift[:2].round(1).tolist(), found.peers[:2].tolist()
    ([0.7, 0.7], [11, 11])
    """
    found = AtAge(np.zeros(len(events)), np.zeros(len(events)), np.zeros(len(events), dtype=np.int64))
    there = np.flatnonzero(exposure > 0)
    if len(there) < LEAST_PRODUCTS:
        return found
    words = pl.Series([kinds.words[i] for i in there], dtype=pl.List(pl.String)).explode().drop_nulls().value_counts()
    shared = words.filter(pl.col("count") > 1)[:, 0].sort().to_list()
    of_kind = np.array([[word in kinds.words[i] for word in shared] for i in there], dtype=float)
    design = np.column_stack([np.ones(len(there)), of_kind])
    group, spreads, own = np.array([1] + [2] * len(shared)), {1: 0.4, 2: 0.2}, 0.15
    shares = _Shares(events[there], exposure[there], np.ones(len(there)), kinds.log_odds[there], kinds.std_err[there])
    for _ in range(AGE_TURNS):
        fit = _climbed(design, _penalty(group, spreads), own, shares)
        own, spreads = _spreads(fit, group, spreads, shares)
        shares = shares._replace(clean=_clean(fit))
    if not any(spreads.values()):
        return found
    found.shift[there], found.std_err[there] = _left_out(_climbed(design, _penalty(group, spreads), own, shares))
    alike = (of_kind @ of_kind.T > 0).sum(axis=1) - 1 if spreads[2] else np.zeros(len(there))
    found.peers[there] = np.where(alike > 0, alike, len(there) - 1)
    return found


class _Shares(NamedTuple):
    """Counts of the products, and the weight of each in shaping its kind; log odds expected before, and their error."""

    events: np.ndarray
    exposure: np.ndarray
    clean: np.ndarray
    before: np.ndarray
    err: np.ndarray


class _Words(NamedTuple):
    """Which product's title holds which word (sparse, 0 or 1); none where there are too few products."""

    names: list[str]
    held: csr_matrix


class _Fit(NamedTuple):
    """Effects of the design's columns; ``inverse`` of X'WX + penalty; weights and working response of the products."""

    design: np.ndarray
    penalty: np.ndarray
    beta: np.ndarray
    inverse: np.ndarray
    weight: np.ndarray
    working: np.ndarray
    own: float


def _given(products: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What is known beside the title: an intercept, categories (group 1), price (group 2)."""
    columns, group = [np.ones((products.height, 1))], [0]
    category = products["category"].cast(pl.String)
    if category.n_unique() > 1:  # a category that only some products have tells these from the others
        named = category.drop_nulls().unique().sort()
        columns.append(np.column_stack([(category == name).fill_null(value=False).to_numpy() for name in named]) * 1.0)
        group += [1] * len(named)
    price = products["price"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = np.isfinite(price) & (price > 0)
    if known.sum() >= LEAST_PRODUCTS and np.unique(price[known]).size > 2:
        log = np.where(known, np.log(np.where(known, price, 1.0)), np.nan)
        z = np.nan_to_num((log - np.nanmean(log)) / (np.nanstd(log) + 1e-9))
        columns.append(np.column_stack([z, np.abs(z) - np.abs(z).mean()]))
        group += [2, 2]
    return np.hstack(columns), np.array(group)


def _words(products: pl.DataFrame) -> _Words:
    from sklearn.feature_extraction.text import CountVectorizer  # over a second to import

    count = products.height
    nothing = _Words([], csr_matrix((count, 0)))
    if count < LEAST_PRODUCTS:
        return nothing
    titles = products["title"].cast(pl.String).fill_null("").to_list()
    rows = [
        title_tokens(title) + [f"·{name}" for name in (more or [])]
        for title, more in zip(titles, products["attributes"].to_list(), strict=True)
    ]
    counter = CountVectorizer(
        analyzer=lambda row: row,
        binary=True,
        min_df=LEAST_TITLES,
        max_df=count - LEAST_TITLES,
        max_features=MOST_WORDS,
        dtype=np.float64,
    )
    try:
        held = counter.fit_transform(rows).tocsc()
    except ValueError:  # no word stands in enough titles
        return nothing
    names = [str(n) for n in counter.get_feature_names_out()]
    # of words that stand in the same titles, the longest says what they are
    same: dict[bytes, int] = {}
    for j in sorted(range(len(names)), key=lambda j: (-len(names[j]), names[j])):
        same.setdefault(held.indices[held.indptr[j] : held.indptr[j + 1]].tobytes(), j)
    kept = sorted(same.values())
    return _Words([names[j] for j in kept], held[:, kept].tocsr())


def _fitted(design: np.ndarray, group: np.ndarray, words: _Words, shares: _Shares) -> tuple[_Fit, list[int]]:
    """The likeliest spreads and effects; words that the evidence does not want fall out (MacKay 1992, ARD)."""
    spreads, own = {1: 0.8, 2: 0.2}, 0.15
    fixed = len(group)
    if (shares.exposure > 0).sum() < LEAST_PRODUCTS:
        return _climbed(design, _penalty(group, spreads), own, shares), []
    tried = _screened(_climbed(design, _penalty(group, spreads), own, shares), words)
    taken = list(tried)
    design = np.hstack([design, words.held[:, taken].toarray()])
    penalty = np.concatenate([_penalty(group, spreads), np.full(len(taken), WORD_SPREAD**-2)])
    fit = _climbed(design, penalty, own, shares)
    for turn in range(TURNS):
        known = 1 - penalty * np.diag(fit.inverse)  # how far each effect is settled by the counts
        settled = np.maximum(known[fixed:], 1e-6) / np.maximum(fit.beta[fixed:] ** 2, 1e-12)
        penalty = np.concatenate([penalty[:fixed], np.maximum(settled, WIDEST**-2)])
        kept = np.flatnonzero(np.append(np.ones(fixed, bool), penalty[fixed:] < NARROWEST**-2))
        taken = [taken[j - fixed] for j in kept[fixed:]]
        design, penalty = design[:, kept], penalty[kept]
        if turn % 3 == 2:
            here = fit._replace(design=design, penalty=penalty, beta=fit.beta[kept], own=own)
            own, spreads = _spreads(here, group, spreads, shares)
            penalty = np.concatenate([_penalty(group, spreads), penalty[fixed:]])
            shares = shares._replace(clean=_clean(_climbed(design, penalty, own, shares)))
        fit = _climbed(design, penalty, own, shares)
    while taken and (weak := _weakest(fit, fixed)) is not None:
        kept = np.delete(np.arange(design.shape[1]), weak)
        design, penalty = design[:, kept], penalty[kept]
        del taken[weak - fixed]
        fit = _climbed(design, penalty, own, shares)
    return _with_the_rest(fit, taken, tried, words, shares), taken


def _with_the_rest(fit: _Fit, taken: list[int], tried: list[int], words: _Words, shares: _Shares) -> _Fit:
    """The fit with all words tried, each free to move a little: a kind not told apart is then known to be uncertain."""
    fixed = len(fit.penalty) - len(taken)
    design = np.hstack([fit.design[:, :fixed], words.held[:, tried].toarray()])
    telling = dict(zip(taken, 1 / fit.penalty[fixed:], strict=True))
    spread = np.array([telling.get(j, 0.0) for j in tried])
    own, before = fit.own, dict(zip(taken, fit.beta[fixed:], strict=True))
    beta = np.concatenate([fit.beta[:fixed], [before.get(j, 0.0) for j in tried]])
    fit = fit._replace(design=design, beta=beta)
    scores = {
        (rest, mine): _evidence(fit, np.append(fit.penalty[:fixed], 1 / (spread + rest**2)), mine, shares)
        for rest in REST_SPREADS
        for mine in OWN_SPREADS
    }
    rest, own = max(scores, key=scores.__getitem__)
    return _climbed(design, np.append(fit.penalty[:fixed], 1 / (spread + rest**2)), own, shares)


def _screened(fit: _Fit, words: _Words) -> list[int]:
    """The words that by themselves move the counts most."""
    if not words.names:
        return []
    q = words.held.T @ (fit.weight * (fit.working - fit.design @ fit.beta))
    s = np.maximum(words.held.T @ fit.weight, 1e-12)
    most = max(20, min(MOST_TRIED, len(fit.design), MOST_CELLS // len(fit.design)))
    return sorted(np.argsort(-(q**2) / s, kind="stable")[:most].tolist())


def _spreads(
    fit: _Fit, group: np.ndarray, spreads: dict[int, float], shares: _Shares
) -> tuple[float, dict[int, float]]:
    """The likeliest spreads of categories and of price, and of products of one kind."""
    for place in (1, 2):
        if (group == place).any():
            tried = [{**spreads, place: value} for value in SPREADS]
            scores = [_evidence(fit, _spread_over(fit.penalty, group, t), fit.own, shares) for t in tried]
            spreads = tried[int(np.argmax(scores))]
    penalty = _spread_over(fit.penalty, group, spreads)
    return OWN_SPREADS[int(np.argmax([_evidence(fit, penalty, v, shares) for v in OWN_SPREADS]))], spreads


def _clean(fit: _Fit) -> np.ndarray:
    """Weights of the products: those far above their kind count for less."""
    mean, err = _left_out(fit)
    rest = (fit.working - mean) / np.sqrt(err**2 + 1 / np.maximum(fit.weight, 1e-12))
    return np.where(rest > OUTLYING, (OUTLYING / np.maximum(rest, OUTLYING)) ** 2, 1.0)


def _weakest(fit: _Fit, fixed: int) -> int | None:
    """The column of the word that the counts want least, if by too little: without the product that speaks loudest."""
    held = fit.design[:, fixed:]
    err = np.sqrt(np.diag(fit.inverse)[fixed:])
    # what each product of a word adds to its effect
    pull = held * (fit.weight * (fit.working - fit.design @ fit.beta))[:, None]
    own_part = (held * fit.weight[:, None]).max(axis=0) * np.abs(fit.beta[fixed:])
    loudest = err**2 * (np.abs(pull).max(axis=0) + own_part)
    score = (np.maximum(np.abs(fit.beta[fixed:]) - loudest, 0) / err) ** 2 / 2
    worst = int(np.argmin(score))
    return fixed + worst if score[worst] < LEAST_GAIN else None


def _penalty(group: np.ndarray, spreads: dict[int, float]) -> np.ndarray:
    flat = 1e-4  # the intercept is hardly held
    return np.array([flat if g == 0 else 1 / max(spreads[g], 1e-4) ** 2 for g in group.tolist()])


def _spread_over(penalty: np.ndarray, group: np.ndarray, spreads: dict[int, float]) -> np.ndarray:
    return np.concatenate([_penalty(group, spreads), penalty[len(group) :]])


def _working(eta: np.ndarray, own: float, shares: _Shares) -> tuple[np.ndarray, np.ndarray]:
    """The working response on the log odds and its weight: the product's own spread beside chance."""
    p = np.clip(expit(shares.before + eta), EDGE, 1 - EDGE)
    slope = p * (1 - p)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = np.where(shares.exposure > 0, shares.events / shares.exposure, p)
        variance = np.where(shares.exposure > 0, 1 / (shares.exposure * slope) + shares.err**2 + own**2, np.inf)
    z = eta + np.clip((seen - p) / slope, -4, 4)
    return z, shares.clean / variance


def _solve(design: np.ndarray, weight: np.ndarray, z: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inverse = np.linalg.inv((design * weight[:, None]).T @ design + np.diag(penalty))
    return inverse @ (design.T @ (weight * z)), inverse


def _climbed(design: np.ndarray, penalty: np.ndarray, own: float, shares: _Shares) -> _Fit:
    """The effects under their spreads, by iterated weighted least squares."""
    total = (shares.events.sum() + 0.5) / (shares.exposure.sum() + 1.0)
    eta = np.full(len(design), logit(np.clip(total, EDGE, 1 - EDGE)) - shares.before.mean())
    for _ in range(ROUNDS):
        z, weight = _working(eta, own, shares)
        beta, inverse = _solve(design, weight, z, penalty)
        before, eta = eta, np.clip(design @ beta, -12, 12)
        if np.abs(before - eta).max() < 1e-4:
            break
    return _Fit(design, penalty, beta, inverse, weight, z, own)


def _evidence(fit: _Fit, penalty: np.ndarray, own: float, shares: _Shares) -> float:
    """The log marginal likelihood of the working response (normal), where the effects have these spreads."""
    z, weight = _working(np.clip(fit.design @ fit.beta, -12, 12), own, shares)
    there = weight > 0
    x, w, y = fit.design[there], weight[there], z[there]
    chol = np.linalg.cholesky((x * w[:, None]).T @ x + np.diag(penalty))
    half = np.linalg.solve(chol, x.T @ (w * y))
    log_det = 2 * np.log(np.diag(chol)).sum() - np.log(penalty).sum() - np.log(w).sum()
    return float(-((w * y**2).sum() - half @ half + log_det) / 2)


def _left_out(fit: _Fit) -> tuple[np.ndarray, np.ndarray]:
    """Each product's expectation and its standard error without its own counts."""
    variance = np.einsum("ij,jk,ik->i", fit.design, fit.inverse, fit.design)
    lever = np.minimum(variance * fit.weight, 0.999)
    mean = (fit.design @ fit.beta - lever * fit.working) / (1 - lever)
    return np.clip(mean, -12, 12), np.sqrt(variance / (1 - lever))


def _unknown(fit: _Fit, taken: list[int], words: _Words, given: np.ndarray) -> np.ndarray:
    """What is added to the error (variance) of products whose kind is not known: no category, no word that tells.

    They are whatever the shop sells besides: what they lie apart by more than products of one kind do (`SAME_KIND`) is
    put down to kinds that nobody has told us.
    """
    known = given | (np.asarray(words.held[:, taken].sum(axis=1)).ravel() > 0) if taken else given
    told = ~known & (fit.weight > 0)
    if not told.any():
        return np.zeros(len(fit.design))
    mean, err = _left_out(fit)
    weight = fit.weight[told]
    due = err**2 + 1 / np.maximum(fit.weight, 1e-12)
    # a broken product tells of no kind: none counts for more than twice its standard error
    rest = (np.minimum((fit.working - mean) ** 2, 4 * due) - due)[told]
    apart = float((weight * rest).sum() / weight.sum()) + fit.own**2
    return np.where(known, 0.0, max(apart - SAME_KIND**2, 0.0))


def _told_by(
    products: pl.DataFrame, words: _Words, taken: list[int], given: np.ndarray
) -> tuple[list[list[str]], np.ndarray]:
    """The category (else the words) that says what each product is, and how many others share it (or one of them)."""
    count = products.height
    category = products["category"].cast(pl.String)
    like = category.to_frame("c").select(pl.len().over("c")).to_series().to_numpy() - 1
    telling = [j for j in taken if not words.names[j].startswith("·")]
    held = words.held[:, telling].tocsr()
    shared = (held @ held.T).tocsr()
    alike = np.diff(shared.indptr) - 1
    names = [words.names[j] for j in telling]
    found = [[names[j] for j in held.indices[held.indptr[i] : held.indptr[i + 1]]] for i in range(count)]
    alike = np.where(given, like, np.where([bool(f) for f in found], alike, count - 1))
    return [[c] if g else f for c, g, f in zip(category.to_list(), given, found, strict=True)], alike
