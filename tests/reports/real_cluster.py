"""A Dask cluster as an agency would have one: a scheduler and workers, each a process of its own, on this machine."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from distributed import Client


class Cluster:
    """A scheduler and its workers. The workers start in empty folders and know nothing of shops.toml or the key."""

    def __init__(self, root: Path, *, workers: int, deaths_allowed: int = 1) -> None:
        self.root, self.processes = root, []
        file = root / "scheduler.json"
        self._start(
            "scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file),
            variables={"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(deaths_allowed)},
        )  # fmt: skip
        until = time.monotonic() + 180
        while not file.is_file() or not file.read_text():
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]
        for number in range(workers):  # each under a nanny that starts it again when it dies
            self._start(f"worker-{number}", "worker", self.address, "--nthreads", "1", "--host", "127.0.0.1")
        if workers:
            with self._client(timeout=60) as client:
                client.wait_for_workers(workers, timeout=300)

    def _start(self, name: str, *words: str, variables: dict[str, str] | None = None) -> None:
        home = self.root / name
        home.mkdir()
        env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")} | (variables or {})
        log = (home / "log.txt").open("w")
        program = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        self.processes.append(subprocess.Popen(program, cwd=home, env=env, stdout=log, stderr=log))

    def pids(self) -> dict[str, int]:
        """The process of each worker, by its address."""
        with self._client(timeout=30) as client:
            return client.run(os.getpid)

    def _client(self, *, timeout: int) -> Client:
        """A client; a second try where its thread did not get a turn within distributed's own ten seconds."""
        with contextlib.suppress(AssertionError):
            return Client(self.address, set_as_default=False, timeout=timeout)
        gc.collect()  # the half-made client closes when collected; in the start of the next one it would wait for ever
        return Client(self.address, set_as_default=False, timeout=timeout)

    def stop(self) -> None:
        """End everything, whoever has to be killed for it."""
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
