"""The watch goes on, whatever happens to those it tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugin.control import Control, ControlWatch, Known
from plugin.store.database import connect, upgrade_database
from tests.waiting import wait_until

KNOWN = Known(frozenset({"a"}), frozenset({"IMG-1"}))


class Failing:
    """An observer that cannot do what it should, as a log on a full disk."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def changed(self, control: Control) -> None:
        self._fail("changed")

    def broken(self, faults: tuple[str, ...]) -> None:
        self._fail("broken")

    def mended(self) -> None:
        self._fail("mended")

    def _fail(self, what: str) -> None:
        self.told.append(what)
        raise OSError("No space left on device")


@contextmanager
def watching(url: str, file: Path, observer: Failing) -> Iterator[ControlWatch]:
    upgrade_database(url)
    watch = ControlWatch(file, connect(url, wait_seconds=1), KNOWN, {}, observer)
    yield watch
    watch.close()


def test_an_observer_that_fails_does_not_end_the_watch(sqlite_url: str, tmp_path: Path) -> None:
    file, observer = tmp_path / "control.toml", Failing()
    file.touch()
    with watching(sqlite_url, file, observer) as watch:
        file.write_text('off = "drill"', encoding="utf-8")
        wait_until(lambda: watch.control.is_off("a"))
        file.write_text("off = ", encoding="utf-8")
        wait_until(lambda: watch.faults != ())
        file.write_text("", encoding="utf-8")
        wait_until(lambda: not watch.control.is_off("a"))
        wait_until(lambda: observer.told[-1] == "mended")

        assert watch.is_watching
        assert sorted(observer.told) == ["broken", "changed", "changed", "mended"]


def test_a_file_that_is_broken_while_the_database_is_gone_is_told_and_mended_only_with_both(
    sqlite_url: str, tmp_path: Path
) -> None:
    file, observer = tmp_path / "control.toml", Failing()
    file.touch()
    with watching(sqlite_url, file, observer) as watch:
        connection = connect(sqlite_url)
        with connection.begin() as writing:
            writing.exec_driver_sql("ALTER TABLE switched_off RENAME TO elsewhere")
        wait_until(lambda: observer.told == ["broken"])
        file.write_text("off = ", encoding="utf-8")
        wait_until(lambda: observer.told == ["broken"] * 2)
        file.write_text("# mended", encoding="utf-8")
        wait_until(lambda: observer.told == ["broken"] * 3)
        with connection.begin() as writing:
            writing.exec_driver_sql("ALTER TABLE elsewhere RENAME TO switched_off")
        wait_until(lambda: observer.told[-1] == "mended")
        assert watch.faults == ()
        connection.dispose()
