"""No regular expression of the package takes more than linear time, whatever a buyer writes.

Every compiled pattern that a module holds, in tables too, and every pattern of a layout's value maps is searched in texts
of one unit repeated; four times the text may take four times as long, with room for the clock.
"""

import importlib
import pkgutil
import re
import sys
import time
from dataclasses import fields, is_dataclass
from inspect import isclass

import aftersales
import aftersales_app
from aftersales.sources.layout import load_layouts
from aftersales.sources.masking import masked

UNITS = (
    "a", "A", "1", " ", "省", "李", "-", "@", ".", "/", "0 ", "1-", "a.", "a@", "+86 ", "\n", "\t", '"', "年1", "x1", "<", "一", "号", "“", "微信", "(", "：", ",", "1,",
    "%", "\\", "VX", "市区", "a b ", "，", "1 2", "é", "http://", "=", "_", "Ab ", "Aa, ", "name ", "one ", "1栋", "路1号", "[手机号]", "13800138000 ",
)  # fmt: skip
GLANCE, SHORT, LONG = 200, 2_000, 8_000  # characters
# processor seconds: a glance that is worth a longer look, a search too short to compare, one that is too long
WORTH, LEAST, MOST = 0.00004, 0.002, 0.3


def _patterns():
    for package in (aftersales, aftersales_app):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name != "aftersales_app.form":  # wants ipywidgets
                importlib.import_module(module.name)
    found = {}

    def walk(thing, depth=0):
        if isinstance(thing, re.Pattern):
            found.setdefault((thing.pattern, thing.flags), thing)
        elif depth < 5 and isinstance(thing, dict):
            walk([*thing.keys(), *thing.values()], depth)
        elif depth < 5 and isinstance(thing, list | tuple | set | frozenset):
            for one in thing:
                walk(one, depth + 1)
        elif depth < 5 and is_dataclass(thing) and not isclass(thing):
            walk([getattr(thing, f.name, None) for f in fields(thing)], depth)

    for name, module in list(sys.modules.items()):
        if name.startswith("aftersales"):
            walk(vars(module))
    for layout in load_layouts():
        walk([p for values in layout.maps.values() for p, _ in values.compiled])
    return found.values()


def _seconds(pattern, text, tries=1):
    text = text.encode() if isinstance(pattern.pattern, bytes) else text
    taken = []
    for _ in range(tries):
        start = time.process_time()
        for _ in pattern.finditer(text):
            pass
        pattern.fullmatch(text)
        taken.append(time.process_time() - start)
    return min(taken)


def test_no_pattern_is_slower_than_linear():
    patterns = list(_patterns())
    assert len(patterns) > 150
    slow = []
    for pattern in patterns:
        for unit in UNITS:
            glance, text, longer = (unit * (n // len(unit)) + "!" for n in (GLANCE, SHORT, LONG))
            if _seconds(pattern, glance) < WORTH or _seconds(pattern, text) < LEAST:
                continue
            for tries in (1, 4):  # a loaded machine gets a second chance
                short, long = _seconds(pattern, text, tries), _seconds(pattern, longer, tries)
                if long <= min(MOST, 8 * max(short, LEAST)):
                    break
            else:
                slow.append(f"{unit!r}: {short:.3f} s, four times the text {long:.3f} s: {str(pattern.pattern)[:90]}")
                break
    assert not slow, "\n".join(slow)


def test_no_group_is_repeated_possessively():
    """Python before 3.11.5 matches such a group wrongly where its inside gives way (gh-106052); ``(?>…)`` is sound."""
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d+(?:,\d*)?\})\+")
    found = [p.pattern for p in _patterns() if isinstance(p.pattern, str) and possessive.search(p.pattern)]
    assert found == []
    assert possessive.search("(?:ab?)*+")


def test_masking_a_hostile_cell_takes_linear_time():
    def seconds(text):
        masked.cache_clear()
        start = time.process_time()
        masked(text)
        return time.process_time() - start

    for unit in ("1-", "市区", "a@", "13800138000 "):
        short, long = (seconds(unit * (n // len(unit))) for n in (SHORT, LONG))
        assert long < max(8 * short, 0.5), (unit, short, long)
