"""One export file into typed rows: every row either in a frame or set aside with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from aftersales.sources.delimited import slices, whole_records
from aftersales.sources.encoding import MOST_BROKEN, SAMPLE_BYTES, Text, broken_share, decoded_sample
from aftersales.sources.layout import Layout, load_layouts, normalised
from aftersales.sources.lines import Form, is_whole
from aftersales.sources.notes import note
from aftersales.sources.reading import Part, Reading, readings
from aftersales.sources.recognition import known_headers
from aftersales.sources.repeated import told_apart
from aftersales.sources.sheets import sheets
from aftersales.sources.sniff import Header, find_text_header, quotes_hold_cells, sniffed
from aftersales.sources.typed import needed_columns
from aftersales.words.errors import DataError

__all__ = ["Reading", "read_export"]


def read_export(
    path: str | Path,
    *,
    layouts: Sequence[Layout] | None = None,
    zone: str = "Asia/Shanghai",
    currency: str | None = None,
    shop: str | None = None,
    content: bytes | None = None,
) -> list[Reading]:
    r"""The readings of one export file (csv, tsv, txt, xlsx, xls): one a sheet and kind of rows.

    ``layouts`` are `load_layouts()` unless given; ``content`` stands for the file's bytes where they are already at
    hand. Local times are read in ``zone``; rows in another ``currency`` or of another ``shop`` (its
    name in the file) are set aside where one is given. Raises `DataError` for a file that cannot be read at all.

    >>> report = "订单编号,总金额,订单创建时间\n77,12.50,2026-11-09 10:00:00\n78,abc,2026-11-09 10:05:00\n"
    >>> [reading] = read_export("a.csv", content=report.encode("gb18030"))
    >>> reading.kind, reading.frame["order_id"].to_list(), reading.set_aside["reason"].to_list()
    ('order_report', ['77'], ['unreadable_value'])
    """
    file = str(path)
    layouts = load_layouts() if layouts is None else layouts
    if content is None:
        content = _bytes(Path(path))
    content = without_unwritten_end(content)
    text = sniffed(content, file=file, layouts=layouts)
    if text is None:
        found = [
            reading
            for sheet in sheets(content, layouts, file=file)
            for reading in readings(
                file,
                sheet.name,
                sheet.header,
                zone,
                [Part(sheet.cells, (), _from_frame(sheet.cells))],
                currency=currency,
                shop=shop,
                notes=sheet.notes,
            )
        ]
    else:
        found = _delimited(content, text, layouts, file=file, zone=zone, currency=currency, shop=shop)
    return [part for reading in found for part in told_apart(reading)]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"The file {path} does not exist", hint="check the name and the exports folder") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, not a file", hint="name a file in it") from None
    except PermissionError:
        raise DataError(f"The file {path} may not be read", found="no permission", hint="allow reading it") from None
    except OSError as error:
        raise DataError(f"The file {path} cannot be read", found=error.strerror) from None


def _from_frame(cells: pl.DataFrame) -> Callable[[Sequence[int]], list[list[str]]]:
    def found(rows: Sequence[int]) -> list[list[str]]:
        wanted = pl.DataFrame({"row": rows}, schema={"row": pl.Int64}).join(
            cells, on="row", how="left", maintain_order="left"
        )
        return [list(row) for row in wanted.drop("row").rows()]

    return found


def _delimited(
    content: bytes,
    text: Text,
    layouts: Sequence[Layout],
    *,
    file: str,
    zone: str,
    currency: str | None,
    shop: str | None,
) -> list[Reading]:
    content, notes = without_nuls(content, text)
    head = decoded_sample(content[text.skip : text.skip + SAMPLE_BYTES], text.encoding)
    if "\n" not in head and "\r" in head:  # line ends of an old kind
        whole = content[text.skip :].decode(text.encoding, "replace").replace("\r", "\n").encode()
        text = replace(text, encoding="utf-8", skip=0)
        return _delimited(whole, text, layouts, file=file, zone=zone, currency=currency, shop=shop)
    header = find_text_header(head, layouts, file=file)
    if "\n" not in head[: len(head.rstrip("\r"))] and normalised(header.cells[-1]) not in known_headers(
        header.match.layout
    ):
        raise DataError(
            f"{file} is cut off in its header",
            found=f"{len(content):,} bytes without the end of a line",
            hint="download it again",
        )
    layout = header.match.layout
    form = Form(header.delimiter.encode(), len(header.cells))
    if layout.quoting is False or (layout.quoting is None and not _quoted(content, text, form, header.lines)):
        form = replace(form, quoting=False)
        notes.append(note("no_quoting"))
    if not text.encoding.startswith("utf-16"):
        content, told = with_one_line_end(content, form)
        notes += told
    if text.guessed:
        notes.append(note("encoding", encoding=text.encoding.upper()))
    read = partial(readings, file, None, header, zone, currency=currency, shop=shop)
    try:
        return read(_parts(content, text, form, header), notes=notes)
    except UnicodeDecodeError:
        content, text, told = with_marks(content, text, file=file)
    return read(_parts(content, text, form, header), notes=[*notes, *told])


def _parts(content: bytes, text: Text, form: Form, header: Header) -> Iterator[Part]:
    whole = whole_records(content, text, form, skip_lines=header.lines)
    for part in slices(whole, form, first_row=header.lines + 1, columns=needed_columns(header.match)):
        broken = tuple((row, b.reason, b.fields) for row, b in part.broken)
        yield Part(part.cells, broken, part.all_cells, tuple(part.first_row + line for line in part.requoted))


def _quoted(content: bytes, text: Text, form: Form, header_lines: int) -> bool:
    """Whether quotation marks hold cells together: looked at where the first of them stand."""
    at = text.skip if text.encoding.startswith("utf-16") else content.find(b'"', text.skip)
    if at < 0:
        return True
    start = max(content.rfind(b"\n", 0, at) + 1, text.skip)
    sample = decoded_sample(content[start : start + SAMPLE_BYTES], text.encoding)
    if start == text.skip:
        sample = "\n".join(sample.split("\n")[header_lines:])
    return quotes_hold_cells(sample, form)


# A text file made fit to be cut into lines: NULs dropped, line ends made one, bytes that are no text marked.


_LINES_LOOKED_AT = 200


_UNWRITTEN = 64  # NULs in a row at the end: more than any text or workbook ends with


def without_unwritten_end(content: bytes) -> bytes:
    r"""The file without the NULs behind its text: a download that was broken off may have its full length already.

    >>> without_unwritten_end(b"a,b\n1,2" + bytes(100)), without_unwritten_end(b"a\0\n\0")
    (b'a,b\n1,2', b'a\x00\n\x00')
    """
    if not content.endswith(bytes(_UNWRITTEN)) or content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return content
    written = content.rstrip(b"\0")
    wide = written.count(0) > len(written) // 4  # UTF-16: the last letter's own NUL goes back
    return written + bytes(len(written) % 2) if wide else written


def without_nuls(content: bytes, text: Text) -> tuple[bytes, list[str]]:
    r"""The file without NUL bytes, and a note where there were some.

    >>> without_nuls(b"a,b\n1,\0002\n", Text("utf-8", 0))[0]
    b'a,b\n1,2\n'
    """
    at = -1 if text.encoding.startswith("utf-16") or text.encoding.startswith("utf-32") else content.find(b"\0")
    if at < 0:
        return content, []
    row = content.count(b"\n", 0, at) + 1
    return content.replace(b"\0", b""), [note("removed_signs", places=content.count(b"\0"), signs="NUL", row=row)]


def with_one_line_end(content: bytes, form: Form) -> tuple[bytes, list[str]]:
    r"""The file with ``\n`` for every line end where some rows end with ``\r`` alone, and a note.

    A ``\r`` inside a cell is none: lines that are rows as they stand are left so.

    >>> with_one_line_end(b"1,2\r3,4\r\n5,6\n", Form(b",", 2))[0]
    b'1,2\n3,4\n5,6\n'
    """
    if content.count(b"\r") == content.count(b"\r\n"):
        return content, []
    lone = [line for line in content.replace(b"\r\n", b"\n").split(b"\n") if b"\r" in line][:_LINES_LOOKED_AT]
    if 2 * sum(is_whole(line + b"\n", form) for line in lone) > len(lone):
        return content, []
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), [note("line_ends")]


def with_marks(content: bytes, text: Text, *, file: str) -> tuple[bytes, Text, list[str]]:
    r"""The file as UTF-8, with � for bytes that are no text, and a note that counts them.

    Raises `DataError` where so many are broken that the encoding must be another one.

    >>> with_marks("好,1\n".encode("gb18030") * 99 + b"\xff,2\n", Text("gb18030", 0), file="a.csv")[2]
    ['{"note": "broken_bytes", "places": 1, "encoding": "GB18030", "row": 100}']
    """
    rest = content[text.skip :]
    plain = rest.decode(text.encoding, "replace")
    places, at = plain.count("\ufffd"), plain.find("\ufffd")
    row = plain.count("\n", 0, at) + 1
    if places > 1 and broken_share(rest, text.encoding) > MOST_BROKEN:
        raise DataError(
            f"{file} holds bytes that are no {text.encoding.upper()} text",
            found=f"{places} places, the first in row {row}",
            hint="export it again, or state its encoding in the layout; do not edit it with a program that changes it",
        )
    told = [note("broken_bytes", places=places, encoding=text.encoding.upper(), row=row)]
    return plain.encode(), replace(text, encoding="utf-8", skip=0), told
