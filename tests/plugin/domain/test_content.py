"""Faults of content, all of them at once."""

from __future__ import annotations

from plugin.domain.content import ContentError


def test_every_fault_has_its_line() -> None:
    error = ContentError("a.toml: no key 'x'", "b.toml: no rule 'y'")

    assert str(error) == "a.toml: no key 'x'\nb.toml: no rule 'y'"
    assert error.faults == ("a.toml: no key 'x'", "b.toml: no rule 'y'")
