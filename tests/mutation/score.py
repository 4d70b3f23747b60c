"""Counts what `mutmut results --all true` says, per module. Fails when too many mutants survive.

mutmut results --all true | python -m tests.mutation.score
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

REQUIRED = 0.90
KILLED = frozenset({"killed", "timeout"})
"""A mutant that never ends is noticed, too. Whatever else became of one, no test has noticed it."""


def counted(lines: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Killed and surviving mutants by module. A line is `<module>.<function>__mutmut_<number>: <status>`."""
    killed: Counter[str] = Counter()
    survived: Counter[str] = Counter()
    for line in lines:
        mutant, _, status = line.strip().rpartition(": ")
        module = mutant.rpartition(".")[0]
        (killed if status in KILLED else survived)[module] += 1
    return killed, survived


def main() -> int:
    killed, survived = counted(line for line in sys.stdin if "__mutmut_" in line)
    print(f"{'module':<50}{'killed':>8}{'survived':>10}{'share':>9}")
    for module in sorted(killed | survived):
        print(_row(module, killed[module], survived[module]))
    print(_row("total", killed.total(), survived.total()))
    return 0 if _share(killed.total(), survived.total()) >= REQUIRED else 1


def _row(name: str, killed: int, survived: int) -> str:
    return f"{name:<50}{killed:>8}{survived:>10}{_share(killed, survived):>9.1%}"


def _share(killed: int, survived: int) -> float:
    """Without any mutant nothing has been shown."""
    return killed / (killed + survived) if killed + survived else 0.0


if __name__ == "__main__":
    sys.exit(main())
