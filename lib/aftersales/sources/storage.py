"""Folders, local or in object storage, through one narrow door: list, read, write."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from mimetypes import guess_type
from pathlib import Path
from tempfile import mkdtemp
from threading import get_ident
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
from obstore.store import from_url

from aftersales.words.errors import SetupError

_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_REMOTE = re.compile(r"^[a-z][a-z0-9+.-]+://")
# deltalake takes a path apart as a URL and cannot write below folders with these in their names
_REFUSED = re.compile(r"[\[\]^|\\*?\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")


# what may go wrong where a folder is read or written, here or in object storage
TROUBLE = (BaseError, OSError, SetupError)


@dataclass(frozen=True)
class Folder:
    """A folder by path or URL. Credentials of object storage come from the environment, as its own tools take them.

    >>> import tempfile
    >>> folder = Folder(tempfile.mkdtemp())
    >>> folder.write("a/b.txt", b"three")
    >>> folder.names(), folder.read("a/b.txt")
    (['a/b.txt'], b'three')
    """

    path: str

    @property
    def remote(self) -> bool:
        """Whether it lies in object storage."""
        return bool(_REMOTE.match(self.path)) and not self.path.startswith("file://")

    @property
    def local(self) -> Path:
        """The local folder; only where it is not remote."""
        return Path(url2pathname(urlsplit(self.path).path)) if self.path.startswith("file://") else Path(self.path)

    @cached_property
    def _store(self) -> Any:
        return from_url(encoded_url(self.path), client_options={"allow_http": True} if plain_http() else {})

    def join(self, name: str) -> str:
        """The full path or URL of a file in it."""
        return f"{encoded_url(self.path).rstrip('/')}/{quote(name)}" if self.remote else str(self.local / name)

    def names(self, start: str = "") -> list[str]:
        """Every file below whose relative name begins so, sorted. A folder that is not there is a `SetupError`."""
        if self.remote:
            folder = start.rpartition("/")[0] or None  # object storage lists by whole parts of a name
            try:
                below = obstore.list(self._store, prefix=folder).collect()
                return sorted(entry["path"] for entry in below if entry["path"].startswith(start))
            except (BaseError, OSError) as error:
                raise SetupError(f"{self.path} cannot be listed", found=said_by_storage(error)) from None
        if not self.local.is_dir():
            raise SetupError(f"There is no folder {self.local}", hint="put the shop's export files there")
        inside = self.local / start.rpartition("/")[0]
        found = (p.relative_to(self.local).as_posix() for p in inside.rglob("*") if p.is_file())
        return sorted(name for name in found if name.startswith(start))

    def folders(self, name: str = "") -> list[str]:
        """The folders directly below it or below one of its folders, by relative name, sorted; none where it is not.

        >>> import tempfile
        >>> folder = Folder(tempfile.mkdtemp())
        >>> folder.write("a/b/c.txt", b"three")
        >>> folder.folders(), folder.folders("a"), folder.folders("nowhere")
        (['a'], ['a/b'], [])
        """
        if self.remote:
            try:
                return sorted(obstore.list_with_delimiter(self._store, prefix=name or None)["common_prefixes"])
            except (BaseError, OSError) as error:
                raise SetupError(f"{self.path} cannot be listed", found=said_by_storage(error)) from None
        below = self.local / name
        if not below.is_dir():
            return []
        return sorted(p.relative_to(self.local).as_posix() for p in below.iterdir() if p.is_dir())

    def read(self, name: str) -> bytes:
        """The bytes of one file; an error of the system is left to the caller, who knows what the file was for."""
        if self.remote:
            return bytes(obstore.get(self._store, name).bytes())
        return (self.local / name).read_bytes()

    def write(self, name: str, content: bytes, *, lasting: bool = False) -> None:
        """Write one file, whole or not at all; a ``lasting`` one is on the disk before this returns."""
        if self.remote:
            kind, _ = guess_type(name)
            text = kind is not None and (kind.startswith("text/") or kind.endswith("javascript"))
            header = {"Content-Type": f"{kind}; charset=utf-8" if text else kind} if kind else {}
            obstore.put(
                self._store, name, content, attributes=header
            )  # so that a browser shows it and does not save it
            return
        target = self.local / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(content)
        if lasting:
            sync([part])
        part.replace(target)
        if lasting:
            sync([target.parent])

    def write_private(self, name: str, content: bytes) -> None:
        """Write one file that names people, whole or not at all; on this machine its owner alone may read it."""
        if self.remote:
            self.write(name, content)
        else:
            write_private(self.local / name, content)

    def write_new(self, name: str, content: bytes) -> bool:
        """Write one file only if it is not there; whether it was written. Atomic and lasting, here and remotely."""
        if self.remote:
            try:
                obstore.put(self._store, name, content, mode="create")
            except AlreadyExistsError:
                return False
            return True
        target = self.local / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.{get_ident()}.part")
        part.write_bytes(content)
        sync([part])
        try:
            os.link(part, target)  # fails where it is there, on network folders too
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
        sync([target.parent])
        return True

    def stamped(self, name: str) -> tuple[bytes, str]:
        """The bytes of one file in object storage and their ETag; nothing where there is no such file."""
        try:
            found = obstore.get(self._store, name)
        except (FileNotFoundError, NotFoundError):
            return b"", ""
        return bytes(found.bytes()), str(found.meta["e_tag"])

    def write_over(self, name: str, content: bytes, stamp: str) -> bool:
        """Write one file in object storage only where it still is the one of this ETag; whether it was written."""
        try:
            obstore.put(self._store, name, content, mode={"e_tag": stamp})
        except (FileNotFoundError, NotFoundError, PreconditionError):
            return False
        return True

    def stamps(self, names: Collection[str]) -> dict[str, tuple[int, str]]:
        """Size of each of these files, and what changes when the file is written again; those not there are left out.

        Here inode and times, in object storage the ETag.
        """
        if self.remote:
            starts = {f"{name.split('/', 1)[0]}/" for name in names}
            listed = [e for start in sorted(starts) for e in obstore.list(self._store, prefix=start).collect()]
            return {e["path"]: (e["size"], str(e["e_tag"])) for e in listed if e["path"] in set(names)}
        found, folder = {}, str(self.local)
        for name in names:
            with suppress(OSError):
                seen = os.stat(f"{folder}/{name}")
                found[name] = (seen.st_size, f"{seen.st_ino} {seen.st_mtime_ns} {seen.st_ctime_ns}")
        return found

    def sha256(self, name: str) -> str:
        """The SHA-256 of one file's bytes."""
        if self.remote:
            return hashlib.sha256(self.read(name)).hexdigest()
        with (self.local / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def copy(self, name: str, to: str) -> None:
        """Copy one file within it, whole or not at all; in object storage without fetching it."""
        if self.remote:
            obstore.copy(self._store, name, to)
        else:
            self.write(to, self.read(name))

    def remove(self, name: str) -> None:
        """Remove one file; nothing happens where it is not there."""
        if self.remote:
            obstore.delete(self._store, name)
        else:
            (self.local / name).unlink(missing_ok=True)


def table_place(path: str) -> str:
    r"""Where tables meant for a folder really lie: there, or behind a link in the user's own data folder.

    A path that the table library cannot write to gets a folder below ``$XDG_DATA_HOME/aftersales`` (without it
    ``~/.local/share/aftersales``) and a link to it in its own place, so that the path is used, moved and renamed as
    ever. Raises `SetupError` where a folder lies there already, or no link can be made.

    >>> table_place("/srv/我的 店铺#1/store"), table_place("s3://bucket/a[x]b")
    ('/srv/我的 店铺#1/store', 's3://bucket/a[x]b')
    """
    if Folder(path).remote or not (found := _REFUSED.search(Path(path).as_posix())):
        return path
    there, home = Path(path), Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share").resolve()
    wrong = f"The store cannot lie in a folder with '{found[0]}' in its name"
    hint = "name another folder in the part store of shops.toml, or rename the folder that holds it"
    if _REFUSED.search(home.as_posix()) or (there.is_dir() and any(there.iterdir())):
        raise SetupError(wrong, found=path, hint=hint)
    try:
        there.parent.mkdir(parents=True, exist_ok=True)
        if there.is_dir():
            there.rmdir()
        (home / "aftersales").mkdir(parents=True, exist_ok=True)
        real = Path(mkdtemp(prefix="store-", dir=home / "aftersales")) / there.name
        real.mkdir()
        there.symlink_to(real, target_is_directory=True)
    except FileExistsError:  # made by another run at the same moment
        pass
    except OSError as error:
        raise SetupError(wrong, found=f"{path}: {error.strerror}", hint=hint) from None
    return str(there.resolve())


def encoded_url(url: str) -> str:
    """The URL with whatever may not stand in one percent-encoded; what is encoded already stays.

    >>> encoded_url("s3://bucket/我 的#1/50%/a%20b")
    's3://bucket/%E6%88%91%20%E7%9A%84%231/50%25/a%20b'
    """
    scheme, mark, rest = url.rpartition("://")
    return scheme + mark + quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", rest), safe="%/:@!$&'()+,;=~")


def sync(paths: Iterable[Path]) -> None:
    """Have files and folders on the disk before going on: a power cut takes nothing of them any more."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:  # some network folders cannot do it for a folder
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
                raise
        finally:
            os.close(handle)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, whatever the umask, and a folder made for it that no other may open.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "people" / "a.csv"
    >>> write_private(file, b"")
    >>> oct(file.stat().st_mode)[-3:], oct(file.parent.stat().st_mode)[-3:]
    ('600', '700')
    """
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o700)
    if path.exists() and not path.is_file():  # a pipe or a terminal has nobody to be kept from
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def plain_http() -> bool:
    """Whether object storage may be spoken to without TLS: on this very machine, or where AWS_ALLOW_HTTP says so."""
    allowed = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes")
    return allowed or os.environ.get("AWS_ENDPOINT_URL", "").startswith(_LOOPBACK)


def store_unreachable(path: str, error: BaseException) -> SetupError:
    """The sentence for a store that cannot be read: a folder, or object storage that does not answer."""
    if not Folder(path).remote:
        return SetupError(f"The store {path} cannot be read", found=getattr(error, "strerror", None) or str(error))
    return SetupError(
        f"The store {path} cannot be reached",
        found=said_by_storage(error),
        hint="look at AWS_ENDPOINT_URL, AWS_REGION and the credentials in the environment",
    )


def said_by_storage(error: BaseException) -> str:
    """What object storage says is wrong, in one line: what was tried, and the innermost cause.

    >>> said_by_storage(OSError(f"Generic S3 error: GET http://x{chr(10)} ↳ Connection refused"))
    'Generic S3 error: GET http://x: Connection refused'
    """
    text = re.sub(r"\x1b\[\d*m", "", str(error)).split("\n\nDebug source", 1)[0]
    if answer := re.search(r"<Message>([^<]+)</Message>", text):
        return answer[1][:160]
    lines = [line.strip(" ↳\t") for line in text.splitlines() if line.strip(" ↳\t")] or [type(error).__name__]
    return ": ".join(line[:160] for line in dict.fromkeys((lines[0], lines[-1])))
