"""A FHIR reader that notes what each of its searches gave and how long it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cds_hooks import FhirReader, Query, Reading


@dataclass(frozen=True, slots=True)
class Search:
    """One search with all its pages, or one read."""

    key: str
    path: str
    reading: Reading[Any]
    milliseconds: float


class TimedReader(FhirReader):
    """Hands each query to the reader by itself, all at once, so that the deadline holds as it always does."""

    def __init__(self, reader: FhirReader) -> None:
        self._reader = reader
        self.searches: list[Search] = []

    def fetch(self, queries: Mapping[str, Query]) -> Mapping[str, Reading[Any]]:
        with ThreadPoolExecutor(max_workers=max(1, len(queries))) as pool:
            searches = list(pool.map(self._search, queries, queries.values()))
        self.searches += searches
        return {search.key: search.reading for search in searches}

    def _search(self, key: str, query: Query) -> Search:
        started = time.perf_counter()
        reading = self._reader.fetch({key: query})[key]
        return Search(key, query.path, reading, (time.perf_counter() - started) * 1000)
