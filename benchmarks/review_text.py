"""The text model on real Chinese reviews: polarity, category, and the 18 causes on own sentences.

How to run, from the project's root, with the reviews beside it in ../shared/data (about two minutes):

    .venv/bin/python benchmarks/review_text.py

The reviews say nothing of the causes of complaints. The sentences of tests/data/causes.csv were written for the
purpose, by those who wrote the words of the lexicon: their figures compare methods, they are no accuracy in a shop.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.model_selection import StratifiedKFold, train_test_split

from aftersales.measures.causes import causes
from aftersales.stats.text import UNSURE, predict, train

REVIEWS = Path("../shared/data/zh_reviews_10_categories.parquet")
CAUSES = Path(__file__).resolve().parents[1] / "tests" / "data" / "causes.csv"
TARGETS = {"label": 0.93, "cat": 0.895}


def held_out(frame: pl.DataFrame, *, column: str) -> tuple[float, float, float, float]:
    """Accuracy on a held-out fifth, share unsure, accuracy where sure, seconds of training."""
    wanted = frame[column].cast(pl.String).to_numpy()
    places = np.arange(len(frame))
    seen, unseen = train_test_split(places, test_size=0.2, stratify=wanted, random_state=0)
    start = time.perf_counter()
    model = train(frame["review"].gather(seen), wanted[seen].tolist())
    seconds = time.perf_counter() - start
    told = predict(model, frame["review"].gather(unseen))
    right = told["best"].to_numpy() == wanted[unseen]
    sure = (told["label"] != UNSURE).to_numpy()
    return float(right.mean()), float(1 - sure.mean()), float(right[sure].mean()), seconds


def causes_held_out(frame: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Share right and share unsure of lexicon, model, and both, over five stratified folds."""
    wanted = frame["cause"].to_numpy()
    told = {"lexicon": causes(frame["text"])["cause"].to_numpy().astype(object)}
    told |= {name: np.empty(len(frame), dtype=object) for name in ("model", "both")}
    for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=0).split(wanted, wanted):
        model = train(frame["text"].gather(seen), wanted[seen].tolist())
        told["model"][unseen] = predict(model, frame["text"].gather(unseen))["best"].to_numpy()
        told["both"][unseen] = causes(frame["text"].gather(unseen), model=model)["cause"].to_numpy()
    return {name: (float((t == wanted).mean()), float((t == UNSURE).mean())) for name, t in told.items()}


def main() -> int:
    """Print the figures; 1 where a target is missed."""
    frame = pl.read_parquet(REVIEWS).drop_nulls("review").unique("review", keep="first", maintain_order=True)
    print(f"{len(frame)} distinct reviews")
    missed = 0
    for column, target in TARGETS.items():
        accuracy, unsure, when_sure, seconds = held_out(frame, column=column)
        missed += accuracy < target
        print(
            f"{column}: accuracy {accuracy:.4f} (target {target}), unsure {unsure:.3f}, "
            f"accuracy where sure {when_sure:.4f}, trained in {seconds:.0f} s"
        )
    sentences = pl.read_csv(CAUSES)
    print(f"{len(sentences)} sentences written for the purpose, {sentences['cause'].n_unique()} causes, five folds:")
    for name, (right, unsure) in causes_held_out(sentences).items():
        print(f"  {name}: right {right:.3f}, unsure {unsure:.3f}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
