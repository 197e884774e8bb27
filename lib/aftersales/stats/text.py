"""Short texts as labels: character n-grams of one to three, a linear model, and a probability that can say "unsure".

Characters need no segmentation, so one model reads Chinese, English and both mixed. Weights: linear support vectors on
sublinear TF-IDF, the yardstick of the reference ("methods" 6); probabilities: softmax of the margins under one
temperature, fitted on margins of texts the model had not seen (Guo et al. 2017, "On calibration of modern neural
networks"). A model is plain arrays; nothing in it can run.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from aftersales.words.errors import DataError

UNSURE = "unsure"
# Below an even chance the answer is more likely wrong than right, and a person should read the text.
UNSURE_BELOW = 0.5
GRAMS = (1, 3)
MOST_GRAMS = 300_000  # the yardstick's; more adds memory and no accuracy
COST = 0.5  # the yardstick's; the result is flat between 0.2 and 1
# A gram that stands in one text alone says nothing of others; among few texts there is little else.
RARE_FROM_TEXTS = 1_000
# A complaint's matter stands in its first lines; the rest of a pasted megabyte would only cost time.
CLASSIFIED_CHARS = 4_000
FOLDS = 3
# What is read for claims and demands: so many characters from either end, some twenty pages each.
READ_CHARS = 20_000


def normal_text(text: pl.Expr) -> pl.Expr:
    r"""Text as it is compared: full-width forms as half-width (NFKC), lower case, one blank between words, nothing
    that cannot be seen (control characters, direction marks, zero-width joiners); null as "". Linear in its length,
    and its own normal form.

    >>> told = pl.DataFrame({"text": ["ＡＢＣ１２３，\u202e退 款\x00", None, "Not  OK", "0\r\x1f\r0"]})
    >>> told.select(normal_text(pl.col("text")))["text"].to_list()
    ['abc123,退 款', '', 'not ok', '0 0']
    """
    # Removed first: a hidden character may stand between letters that combine, or between two blanks. Composed again at
    # the end: a lower-case letter may combine with a mark that its capital does not take (J and caron).
    seen = text.fill_null("").str.replace_all(r"[\p{Cc}\p{Cf}\p{Co}--\s]", "")
    lower = seen.str.normalize("NFKC").str.to_lowercase().str.normalize("NFC")
    return lower.str.replace_all(r"\s+", " ").str.strip_chars()


def ends_of(text: pl.Expr) -> pl.Expr:
    """A text as it is; of one longer than two times ``READ_CHARS`` its beginning and its end.

    >>> told = pl.DataFrame({"text": ["short", "a" * 99_999 + "b"]})
    >>> told.select(ends_of(pl.col("text")).str.len_chars())["text"].to_list()
    [5, 40001]
    """
    both = pl.concat_str(text.str.head(READ_CHARS), text.str.tail(READ_CHARS), separator="\n")
    return pl.when(text.str.len_chars() > 2 * READ_CHARS).then(both).otherwise(text)


def normal_texts(texts: Sequence[str | None] | pl.Series) -> pl.Series:
    """A column of texts, each as `normal_text` has it.

    >>> normal_texts(["退款！", None, "ＯＫ"]).to_list()
    ['退款!', '', 'ok']
    """
    column = pl.Series("text", texts, dtype=pl.String)
    return column.to_frame().select(normal_text(pl.col("text")))["text"]


@dataclass(frozen=True, eq=False)
class TextModel:
    """A trained model: ``weights`` (labels × grams) and ``intercepts`` over TF-IDF with ``idf``; ``temperature``."""

    labels: tuple[str, ...]
    grams: tuple[str, ...] = field(repr=False)
    idf: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    intercepts: np.ndarray = field(repr=False)
    temperature: float


def train(texts: Sequence[str | None] | pl.Series, labels: Sequence[str] | pl.Series, *, seed: int = 0) -> TextModel:
    """A model of the labels, from texts that carry them. Each label needs two texts or more, to be tried on one unseen.

    Raises `DataError` where there are not as many labels as texts, fewer than two labels, or a label has one text.

    >>> model = train(["还没发货", "一直不发货", "碎了", "全碎了"], ["late_ship", "late_ship", "damaged", "damaged"])
    >>> predict(model, ["怎么还不发货"])["label"].to_list()
    ['late_ship']
    """
    from sklearn.feature_extraction.text import CountVectorizer  # over a second to import, and few shops have a model

    wanted = _checked(texts, labels)
    clean = _clipped(texts)
    least = 2 if len(clean) >= RARE_FROM_TEXTS else 1
    counter = CountVectorizer(
        analyzer="char", ngram_range=GRAMS, min_df=least, max_features=MOST_GRAMS, dtype=np.float32, lowercase=False
    )
    try:
        counts = counter.fit_transform(clean)
    except ValueError as error:
        raise DataError("The texts to learn from hold no letters", found=f"{len(clean)} texts") from error
    idf = (1 + np.log((1 + counts.shape[0]) / (1 + counts.getnnz(axis=0)))).astype(np.float32)
    features = _weighed(counts, idf)
    names, target = np.unique(np.asarray(wanted, dtype=str), return_inverse=True)
    weights, intercepts = _fitted(features, target, seed=seed)
    temperature = _temperature(features, target, seed=seed)
    grams = tuple(str(g) for g in counter.get_feature_names_out())
    return TextModel(tuple(str(n) for n in names), grams, idf, weights, intercepts, temperature)


def predict(
    model: TextModel, texts: Sequence[str | None] | pl.Series, *, unsure_below: float = UNSURE_BELOW
) -> pl.DataFrame:
    """What each text is about. One row a text, in order.

    Columns out: label (``unsure`` where its probability is below ``unsure_below``, or the text is empty), best (the
    likeliest label, whatever its probability; null for an empty text), probability (of best, 0..1; null likewise).

    >>> model = train(["还没发货", "一直不发货", "碎了", "全碎了"], ["late_ship", "late_ship", "damaged", "damaged"])
    >>> predict(model, ["收到都碎了", "", "hello"])["label"].to_list()
    ['damaged', 'unsure', 'unsure']
    """
    from sklearn.feature_extraction.text import CountVectorizer  # over a second to import, and few shops have a model

    clean = _clipped(texts)
    if not clean:
        return pl.DataFrame(schema={"label": pl.String, "best": pl.String, "probability": pl.Float64})
    counter = CountVectorizer(
        analyzer="char",
        ngram_range=GRAMS,
        vocabulary={gram: place for place, gram in enumerate(model.grams)},
        dtype=np.float32,
        lowercase=False,
    )
    features = _weighed(counter.transform(clean), model.idf)
    known = features.getnnz(axis=1) > 0
    shares = _softmax((features @ model.weights.T + model.intercepts) / model.temperature)
    place = shares.argmax(axis=1)
    best = pl.Series("best", np.asarray(model.labels)[place].tolist(), dtype=pl.String)
    frame = pl.DataFrame({"best": best, "probability": shares[np.arange(len(clean)), place].astype(float)})
    frame = frame.with_columns(pl.when(pl.Series(known)).then(pl.all()))
    sure = (pl.col("probability") >= unsure_below).fill_null(value=False)
    return frame.select(pl.when(sure).then("best").otherwise(pl.lit(UNSURE)).alias("label"), "best", "probability")


def model_bytes(model: TextModel) -> bytes:
    """The model as the bytes of an .npz of plain arrays, to be written to a file; `model_of_bytes` reads it.

    >>> model = train(["迟", "迟发", "碎", "碎了"], ["a", "a", "b", "b"])
    >>> model_of_bytes(model_bytes(model)).labels
    ('a', 'b')
    """
    packed = io.BytesIO()
    # grams stand one a line: normal texts hold no line ends
    np.savez_compressed(
        packed,
        allow_pickle=False,
        labels=np.array(model.labels),
        grams=np.array("\n".join(model.grams)),
        idf=model.idf,
        weights=model.weights.astype(np.float32),
        intercepts=model.intercepts,
        temperature=np.array(model.temperature),
    )
    return packed.getvalue()


def model_of_bytes(packed: bytes) -> TextModel:
    """The model that `model_bytes` packed. Nothing in the bytes is run; `DataError` where they are no such model."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as held:
            model = TextModel(
                labels=tuple(str(n) for n in held["labels"]),
                grams=tuple(str(held["grams"]).split("\n")),
                idf=held["idf"],
                weights=held["weights"],
                intercepts=held["intercepts"],
                temperature=float(held["temperature"]),
            )
    except (ValueError, KeyError, OSError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError("The file is no text model", hint="train one again from labelled texts") from error
    if model.weights.shape != (len(model.labels), len(model.grams)) or model.idf.shape != (len(model.grams),):
        raise DataError("The text model's arrays do not fit one another", found=str(model.weights.shape))
    return model


def _checked(texts: Sequence[str | None] | pl.Series, labels: Sequence[str] | pl.Series) -> list[str]:
    wanted = [str(label) for label in labels]
    if len(wanted) != len(texts):
        raise DataError("There are not as many labels as texts", found=f"{len(texts)} texts, {len(wanted)} labels")
    counts = {label: wanted.count(label) for label in set(wanted)} if len(wanted) < 100 else _counted(wanted)
    few = sorted(label for label, count in counts.items() if count < 2)
    if len(counts) < 2 or few:
        raise DataError(
            "A text model needs two labels or more, each with two texts or more",
            found=f"{len(counts)} labels" + (f"; one text only: {', '.join(few)}" if few else ""),
            hint="add labelled texts, or leave such a label out",
        )
    return wanted


def _counted(labels: list[str]) -> dict[str, int]:
    names, counts = np.unique(np.asarray(labels, dtype=str), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _clipped(texts: Sequence[str | None] | pl.Series) -> list[str]:
    column = pl.Series("text", texts, dtype=pl.String).str.slice(0, CLASSIFIED_CHARS)
    return normal_texts(column).to_list()


def _weighed(counts: csr_matrix, idf: np.ndarray) -> csr_matrix:
    from sklearn.preprocessing import normalize

    features = counts.tocsr(copy=True)
    features.data = (1 + np.log(features.data)) * idf[features.indices]
    return normalize(features, copy=False)


def _fitted(features: csr_matrix, target: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    with warnings.catch_warnings():
        # a last digit not yet settled moves no label
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine: Any = LinearSVC(C=COST, random_state=seed).fit(features, target)
    weights, intercepts = machine.coef_, machine.intercept_
    if len(weights) == 1:  # of two labels the machine keeps one side
        weights, intercepts = np.vstack([-weights, weights]), np.concatenate([-intercepts, intercepts])
    return weights.astype(np.float32), intercepts.astype(np.float32)


def _temperature(features: csr_matrix, target: np.ndarray, *, seed: int) -> float:
    from sklearn.model_selection import StratifiedKFold

    folds = min(FOLDS, int(np.bincount(target).min()))
    margins = np.zeros((len(target), len(np.unique(target))))
    for seen, unseen in StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, target):
        weights, intercepts = _fitted(features[seen], target[seen], seed=seed)
        margins[unseen] = features[unseen] @ weights.T + intercepts
    places = np.arange(len(target))

    def surprise(log_temperature: float) -> float:
        shares = _softmax(margins / np.exp(log_temperature))
        return float(-np.log(shares[places, target] + 1e-12).mean())

    # A temperature outside e±3 is a margin so wide, or so empty, that the next step changes no decision.
    from scipy.optimize import minimize_scalar  # half a second to import: only where results are not kept

    return float(np.exp(minimize_scalar(surprise, bounds=(-3.0, 3.0), method="bounded").x))


def _softmax(margins: np.ndarray) -> np.ndarray:
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
