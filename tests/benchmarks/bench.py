"""How fast the service is beside what no Flask service can do without: `python -m tests.benchmarks.bench`.

Service and floor run side by side and are measured in turn, so that whatever else the machine does meets
both. What counts are the ratios and medians of the rounds. It fails nothing: what misses its target is
printed as missed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from plugin.store.database import upgrade_database
from tests.benchmarks import shipped
from tests.benchmarks.charts import hook_request
from tests.benchmarks.content import reading_and_judging
from tests.benchmarks.fhir_path import SECONDS_PER_SEARCH, measured
from tests.benchmarks.processes import Load, Server, answer_of, put_load, running, seconds_to_first_answer
from tests.benchmarks.tokens import ALGORITHMS, write_client, write_tokens
from tests.database_servers import MissingProgramError, postgresql, redis_server

SIZES = (30, 200, 1000)
CONNECTIONS = (1, 8)
_VARIANTS = 4
"""Different charts per size, sent in turn."""
_TARGET_RATIO = {30: 1.2, 200: 1.6, 1000: 2.0}
_TARGET_TAIL = {30: 2.5, 200: 2.5}
_TARGET_JUDGING = 0.5
"""Of the time that reading the chart takes."""
_TARGET_START_SECONDS = 1.0
_TARGET_RESIDENT_MB = 100.0
_TARGET_GROWTH_MB = 2.0
_TARGET_CHAINS: Mapping[str, float] = {"p50": 1.25, "p99": 2.0}
_TARGET_WITH_TOKENS = {"SQLite": 0.6, "PostgreSQL": 0.7, "Redis": 0.7}
_MIX = {30: 90, 200: 9, 1000: 1}
"""Of 100 calls of the memory test, how many have a chart of this size."""

Bodies = Mapping[int, tuple[Path, ...]]
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    starts: int
    memory_calls: int
    fhir_calls: int
    """Calls per round that are read from a FHIR server."""
    token_calls: int
    """Calls per round with tokens."""
    judgements: int
    """Rounds over the largest charts, for what the rules cost."""
    settled_after: int
    """Calls of the memory test after which memory must no longer grow."""


FULL = Plan(
    rounds=5,
    seconds=2.0,
    starts=5,
    memory_calls=10_000,
    fhir_calls=200,
    token_calls=600,
    judgements=25,
    settled_after=1_000,
)
QUICK = Plan(
    rounds=2,
    seconds=0.3,
    starts=1,
    memory_calls=600,
    fhir_calls=60,
    token_calls=120,
    judgements=5,
    settled_after=300,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a rough look, in about a minute")
    plan = QUICK if parser.parse_args().quick else FULL
    with TemporaryDirectory(prefix="spinal-cds-bench-") as name:
        folder = Path(name)
        bodies = _write_bodies(folder)
        for title, head, rows in _tables(plan, folder, bodies):
            print(f"\n{title}")
            _print_table([head, *rows])


def _write_bodies(folder: Path) -> Bodies:
    bodies: dict[int, tuple[Path, ...]] = {}
    for size in SIZES:
        bodies[size] = tuple(folder / f"{size}-{seed}.json" for seed in range(_VARIANTS))
        for seed, path in enumerate(bodies[size]):
            path.write_bytes(hook_request(size, seed))
    return bodies


def _tables(plan: Plan, folder: Path, bodies: Bodies) -> Iterator[tuple[str, Row, list[Row]]]:
    """Title, head and rows of each table, as soon as it is measured."""
    small = bodies[SIZES[0]][0].read_bytes()
    ours = ("--database", f"sqlite:///{folder}/cards.sqlite3")
    with running(*ours) as service:
        answer = folder / "answer.json"
        answer.write_bytes(answer_of(service, small))
        with running("--floor", str(answer)) as floor:
            rows = [row for size in SIZES for row in _speed(plan, service, floor, size, bodies[size])]
    head = ("resources", "body kB", "connections", "req/s", "floor", "p50 ms", "floor", "p99 ms", "floor")
    yield "Speed", (*head, "ratio", "target", "", "p99/p50", "target", ""), rows
    yield (
        "Calls with a token, beside the same service open: 30 resources, one connection",
        ("signature", "used tokens in", "req/s", "open", "ratio", "target", ""),
        list(_with_tokens(plan, folder, bodies[SIZES[0]])),
    )
    yield (
        f"All rules and all documents over a chart of {SIZES[-1]:,} resources, in one process",
        ("reading it, ms", "judging, ms", "ratio", "target", ""),
        [_judged(plan, bodies[SIZES[-1]])],
    )
    yield (
        f"Calls without prefetch, {SECONDS_PER_SEARCH * 1000:.0f} ms for each search of the FHIR server",
        ("", "p50 ms", "ratio", "target", "", "p99 ms", "ratio", "target", ""),
        list(_from_fhir(plan, folder, ours, bodies[SIZES[0]][0])),
    )
    first = median(seconds_to_first_answer(small, *ours) for _ in range(plan.starts))
    started: Row = ("start-up to first answer, s", f"{first:.2f}", *_at_most(first, _TARGET_START_SECONDS))
    yield (
        "Start-up and memory of the service",
        ("", "measured", "target", ""),
        [started, *_memory(plan, ours, bodies)],
    )
    yield (
        "As the image runs it: gunicorn, 2 workers, 8 calls at once in each, 30 resources",
        ("", "measured", "target", ""),
        list(shipped.rows(folder, bodies[SIZES[0]], plan.rounds, plan.seconds)),
    )


def _speed(plan: Plan, service: Server, floor: Server, size: int, bodies: tuple[Path, ...]) -> Iterator[Row]:
    """One row per number of connections."""
    kilobytes = sum(path.stat().st_size for path in bodies) / len(bodies) / 1000
    for server in (service, floor):
        put_load(server, bodies, connections=max(CONNECTIONS), calls=50)
    for connections in CONNECTIONS:
        pairs = [
            (
                put_load(service, bodies, connections=connections, seconds=plan.seconds),
                put_load(floor, bodies, connections=connections, seconds=plan.seconds),
            )
            for _ in range(plan.rounds)
        ]
        yield (str(size), f"{kilobytes:.0f}", str(connections), *_compared(pairs, size, connections))


def _compared(pairs: list[tuple[Load, Load]], size: int, connections: int) -> Row:
    """Medians of the rounds, service beside floor; each ratio is one of the same round."""
    ours, floor = [a for a, _ in pairs], [b for _, b in pairs]
    ratio = median(a.per_second / b.per_second for a, b in pairs)
    tail = median(a.p99 / a.p50 for a in ours)
    tail_target = _TARGET_TAIL.get(size) if connections == 1 else None
    return (
        f"{median(x.per_second for x in ours):.0f}",
        f"{median(x.per_second for x in floor):.0f}",
        f"{median(x.p50 for x in ours):.2f}",
        f"{median(x.p50 for x in floor):.2f}",
        f"{median(x.p99 for x in ours):.2f}",
        f"{median(x.p99 for x in floor):.2f}",
        f"{ratio:.2f}",
        *_at_least(ratio, _TARGET_RATIO[size]),
        f"{tail:.1f}",
        *(_at_most(tail, tail_target) if tail_target is not None else ("", "")),
    )


def _judged(plan: Plan, bodies: tuple[Path, ...]) -> Row:
    """Medians; each ratio is one of the same chart."""
    pairs = list(reading_and_judging(bodies, plan.judgements))
    ratio = median(judged / read for read, judged in pairs)
    return (
        f"{median(read for read, _ in pairs) * 1000:.2f}",
        f"{median(judged for _, judged in pairs) * 1000:.2f}",
        f"{ratio:.2f}",
        *_at_most(ratio, _TARGET_JUDGING),
    )


def _from_fhir(plan: Plan, folder: Path, ours: Iterable[str], request: Path) -> Iterator[Row]:
    """Each beside the longest chain of the same round, and medians of the rounds."""
    rounds = measured(folder, request, ours, rounds=plan.rounds, calls=plan.fhir_calls)
    chain = median(r.chain.p50 for r in rounds)
    yield ("the longest chain alone", f"{chain:.1f}", "1", "", "", "", "", "", "")
    for name, loads, is_ours in (
        ("the service, whole call", [r.service for r in rounds], True),
        ("fhirclient, one by one, no keep-alive", [r.naive for r in rounds], False),
    ):
        row = [name]
        for part, target in _TARGET_CHAINS.items():
            milliseconds = [getattr(load, part) for load in loads]
            ratio = median(m / r.chain.p50 for m, r in zip(milliseconds, rounds, strict=True))
            row += [f"{median(milliseconds):.1f}", f"{ratio:.2f}"]
            row += _at_most(ratio, target) if is_ours else ("", "")
        yield tuple(row)


def _with_tokens(plan: Plan, folder: Path, bodies: tuple[Path, ...]) -> Iterator[Row]:
    """One row per signature and per place where used tokens are noted; a place not installed is said so."""
    clients = write_client(folder)
    for place, opened in _STORES.items():
        try:
            with opened(folder) as (database, replay):
                authenticated = ["--database", database, "--clients", str(clients)]
                authenticated += ["--replay", replay] if replay else []
                with running(*authenticated) as closed, running("--database", database) as free:
                    for algorithm in ALGORITHMS:
                        yield _token_row(plan, folder, bodies, algorithm, place, closed, free)
        except MissingProgramError as missing:
            yield "", place, str(missing), "", "", "", ""


def _token_row(
    plan: Plan,
    folder: Path,
    bodies: tuple[Path, ...],
    algorithm: str,
    place: str,
    closed: Server,
    free: Server,
) -> Row:
    pairs: list[tuple[Load, Load]] = []
    for number in range(plan.rounds + 1):
        tokens = write_tokens(folder / "tokens", algorithm, plan.token_calls + len(bodies))
        with_token = put_load(closed, bodies, calls=plan.token_calls, tokens=tokens)
        without = put_load(free, bodies, calls=plan.token_calls)
        if number:  # The first round warms both up.
            pairs.append((with_token, without))
    ratio = median(a.per_second / b.per_second for a, b in pairs)
    return (
        algorithm,
        place,
        f"{median(a.per_second for a, _ in pairs):.0f}",
        f"{median(b.per_second for _, b in pairs):.0f}",
        f"{ratio:.2f}",
        *_at_least(ratio, _TARGET_WITH_TOKENS[place]),
    )


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[str, str | None]]:
    yield f"sqlite:///{folder}/tokens.sqlite3", None


@contextmanager
def _postgresql(_: Path) -> Iterator[tuple[str, str | None]]:
    with postgresql() as server:
        url = server.empty_database()
        upgrade_database(url)
        yield url, None


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[str, str | None]]:
    with redis_server() as (url, _):
        yield f"sqlite:///{folder}/beside-redis.sqlite3", url


_STORES = {"SQLite": _sqlite, "PostgreSQL": _postgresql, "Redis": _redis}


def _memory(plan: Plan, ours: Iterable[str], bodies: Bodies) -> Iterator[Row]:
    """Of one worker, one connection: what it holds once it is warm, and what many more calls add."""
    turns = _mixed(bodies)
    with running(*ours) as service:
        put_load(service, turns[:50], calls=50)
        warm = service.resident_mb()
        put_load(service, turns, calls=plan.settled_after)
        settled = service.resident_mb()
        put_load(service, turns, calls=plan.memory_calls - plan.settled_after)
        last = service.resident_mb()
    growth = last - settled
    yield "resident after warm-up, MB", f"{warm:.1f}", "", ""
    yield f"resident after {plan.settled_after:,} calls, MB", f"{settled:.1f}", "", ""
    final = f"resident after {plan.memory_calls:,} calls, MB"
    yield final, f"{last:.1f}", *_at_most(last, _TARGET_RESIDENT_MB)
    yield "growth between the last two, MB", f"{growth:.1f}", *_at_most(growth, _TARGET_GROWTH_MB)


def _mixed(bodies: Bodies) -> list[Path]:
    """100 bodies in the proportions of the mix, the large ones spread among the small."""
    turns = [
        ((place + 0.5) / share, bodies[size][place % _VARIANTS])
        for size, share in _MIX.items()
        for place in range(share)
    ]
    return [path for _, path in sorted(turns)]


def _at_least(value: float, target: float) -> tuple[str, str]:
    return f"≥ {target:g}", "" if value >= target else "missed"


def _at_most(value: float, target: float) -> tuple[str, str]:
    return f"≤ {target:g}", "" if value <= target else "missed"


def _print_table(rows: list[Row]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = (
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())


if __name__ == "__main__":
    main()
