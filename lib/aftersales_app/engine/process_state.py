"""What one notebook may change in the process, put back for the next one."""

from __future__ import annotations

import builtins
import locale
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import getcontext, setcontext

import numpy as np
import plotly.io as pio
import polars as pl

from aftersales_app.environment import environment

# JupyterLab draws it and the page turns it into a live chart (``page.with_charts``); plotly's own choice outside a
# kernel would open a browser or embed 5 MB of script
RENDERER = "plotly_mimetype"
# any fixed number will do: a notebook that draws numbers shows the same ones on every run
SEED = 20_261_109


@contextmanager
def restored_process_state() -> Iterator[None]:
    """Start from known seeds and renderer; afterwards environment, folder, settings and hooks are as they were.

    Modules stay imported, which is the point of running in one process; what a notebook stores in them stays too.
    """
    folder, template, renderer = os.getcwd(), pio.templates.default, pio.renderers.default
    hooks = sys.displayhook, sys.excepthook, builtins.__dict__.get("_")
    argv, path, filters = list(sys.argv), list(sys.path), list(warnings.filters)
    decimals, where, frames = getcontext().copy(), locale.setlocale(locale.LC_ALL), pl.Config.save()
    draws = random.getstate(), np.random.get_state()
    random.seed(SEED)
    np.random.seed(SEED)
    pio.renderers.default = RENDERER
    sys.argv = ["notebook"]
    try:
        with environment({"PLOTLY_RENDERER": RENDERER}):
            yield
    finally:
        os.chdir(folder)
        pio.renderers.default = renderer
        if pio.templates.default != template:  # setting it copies the template: 40 ms
            pio.templates.default = template
        sys.displayhook, sys.excepthook = hooks[0], hooks[1]
        sys.argv, sys.path[:] = argv, path
        warnings.filters[:] = filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
        setcontext(decimals)
        locale.setlocale(locale.LC_ALL, where)
        pl.Config.load(frames)
        random.setstate(draws[0])
        np.random.set_state(draws[1])
