"""An S3 server for the tests: moto, with uploads taken one after another, as S3 itself promises for conditional ones."""

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

_uploading = threading.Lock()
_moto = DomainDispatcherApplication(create_backend_app)


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Moto looks whether a file is there and then writes it, so that two uploads at once may both be told they were
    first; S3 tells exactly one (`If-None-Match: *`), and the lock of an import rests on that."""
    if environ["REQUEST_METHOD"] not in ("PUT", "POST", "DELETE"):
        return _moto(environ, start_response)
    with _uploading:
        return _moto(environ, start_response)


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), answer, threaded=True, request_handler=MotoRequestHandler)
