"""Where chunks run: worker processes of this machine.

The seam is small, so that a cluster can be put behind it: something that takes a function and
picklable arguments and gives a ``concurrent.futures.Future``. When a worker dies, the future of what
*it* ran, and no other, raises :class:`WorkerDied`. (A ``ProcessPoolExecutor`` cannot say that: it
breaks for good, with all that it ran, and can hang while it does. Hence workers of our own.)
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
import types
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
_Task = tuple["Future[Any]", bytes]


class EngineError(Exception):
    """Workers do not start or do not live: our own failure, not the data's."""


class WorkerDied(BrokenExecutor):
    """The process that ran this ended: killed, crashed, or out of time or memory."""


class Engine(Protocol):
    """What runs chunks. ``jobs`` is how many at once."""

    jobs: int

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """Run it on a worker. The future raises :class:`WorkerDied`, or what the function raised."""
        ...

    def close(self, *, kill: bool = False) -> None:
        """Let what runs finish (or kill it), cancel what waits, and end the workers.

        The engine can be used again: workers are started when there is work.
        """
        ...


class ProcessEngine:
    """``jobs`` spawned processes. They outlive neither this process nor are mourned when they crash:
    the next task starts another.

    One job runs in a process of its own, too: a file on which the reader dies must not end the
    command.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError("jobs must be at least 1")
        self.jobs = jobs
        self._changed = threading.Condition()
        self._tasks: deque[_Task] = deque()
        self._workers: list[_Worker] = []

    def __enter__(self) -> ProcessEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(kill=kind is not None)

    def warm(self, function: Callable[..., object], *arguments: Any) -> None:
        """Start all workers now and let each run ``function``: they import while we still list."""
        with self._changed:
            for _ in range(self.jobs - len(self._workers)):
                self._workers.append(_Worker(self._changed, self._tasks, _pack(function, arguments)))

    def submit(self, function: Callable[..., T], /, *arguments: Any) -> Future[T]:
        """See :meth:`Engine.submit`. Tasks run in the order in which they came."""
        task = _pack(function, arguments)
        with self._changed:
            waiting = len(self._tasks) + 1
            if len(self._workers) < self.jobs and sum(w.idle for w in self._workers) < waiting:
                self._workers.append(_Worker(self._changed, self._tasks))
            self._tasks.append(task)
            self._changed.notify()
        return task[0]

    def close(self, *, kill: bool = False) -> None:
        """See :meth:`Engine.close`."""
        with self._changed:
            workers, self._workers = self._workers, []
            for worker in workers:
                worker.wanted = False
            waiting = list(self._tasks)
            self._tasks.clear()
            self._changed.notify_all()
            if kill:
                for worker in workers:
                    worker.kill()
        for future, _ in waiting:
            future.cancel()
        for worker in workers:
            worker.thread.join()


class _Worker:
    """A process and the thread that feeds it. Attributes are read and set under ``changed``."""

    def __init__(self, changed: threading.Condition, tasks: deque[_Task], first: _Task | None = None) -> None:
        self._changed, self._tasks, self._first = changed, tasks, first
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self.idle = first is None
        self.wanted = True
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _feed(self) -> None:
        if sys.platform != "win32":
            # A terminal sends Ctrl-C to all of its processes; ours are born deaf to it.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        with suppress(OSError, EngineError):  # started ahead of the first task, which will tell
            self._start()
        while (task := self._next()) is not None:
            future, data = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                value, error = self._ask(data)
            except (OSError, EOFError):
                self._end()
                future.set_exception(WorkerDied())
            except Exception as broken:  # noqa: BLE001 (whatever it is, whoever waits must know)
                self._end()
                future.set_exception(broken)
            else:
                if error is None:
                    future.set_result(value)
                else:
                    future.set_exception(error)
        self._end(gently=True)

    def _next(self) -> _Task | None:
        with self._changed:
            if self._first is not None:
                first, self._first = self._first, None
                return first
            self.idle = True
            while self.wanted and not self._tasks:
                self._changed.wait()
            self.idle = False
            return self._tasks.popleft() if self._tasks and self.wanted else None

    def _ask(self, data: bytes) -> tuple[Any, BaseException | None]:
        self._start()
        assert self._pipe is not None
        self._pipe.send_bytes(data)
        value, error = pickle.loads(self._pipe.recv_bytes())
        return value, error

    def _start(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self._end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with self._changed:
            if not self.wanted:
                raise EngineError("closed")
            with _bare_main():
                try:
                    process.start()
                except OSError as error:
                    raise EngineError(f"a worker cannot be started: {error.strerror}") from error
            self._process, self._pipe = process, ours
        theirs.close()

    def _end(self, *, gently: bool = False) -> None:
        with self._changed:
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if pipe is not None:
            pipe.close()  # a worker that waits for work ends when nobody is there any more
        if process is not None:
            if gently:
                process.join(5)
            if process.is_alive():
                process.kill()
            process.join()
            process.close()


def _pack(function: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[Future[T], bytes]:
    return Future(), pickle.dumps((function, arguments), protocol=pickle.HIGHEST_PROTOCOL)


@contextmanager
def _bare_main() -> Iterator[None]:
    """Spawn would run the main script again in each worker (the command line with all its imports).

    Tasks name their functions by module, so nothing there is needed.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _serve(pipe: Connection) -> None:
    """A worker: answers tasks until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _answer(data: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(data)
        return pickle.dumps((function(*arguments), None), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 (it is raised where the future is asked)
        try:
            packed = pickle.dumps((None, error))
            pickle.loads(packed)  # exceptions with odd constructors pickle and do not come back
        except Exception:  # noqa: BLE001 (any exception may do that)
            packed = pickle.dumps((None, EngineError("".join(traceback.format_exception(error)))))
        return packed


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
