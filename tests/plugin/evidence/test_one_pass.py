"""The record of a call is decoded along with the call, and is the same as when it is read key by key."""

from __future__ import annotations

import json

import pytest

from cds_hooks import PrefetchKeys, Reading, read_hook_request
from plugin.app import HOOKS, hook_services
from plugin.reviews import create_review
from plugin.settings import Settings
from tests.cds_hooks.wire import one_card
from tests.scenarios.scenario import FOLDERS, Json, load_scenario

REVIEW = create_review(Settings())
KEYS = {name: key for each in hook_services(REVIEW, one_card) for name, key in each.keys.items()}
DECODED = PrefetchKeys(KEYS)
REQUESTS = {folder.name: load_scenario(folder).request() for folder in sorted(FOLDERS.iterdir())}


@pytest.mark.parametrize("request_sent", REQUESTS.values(), ids=REQUESTS)
def test_every_story_is_read_alike(request_sent: Json) -> None:
    body = json.dumps(request_sent).encode()
    decoded, raw = (read_hook_request(body, HOOKS, keys).prefetch for keys in (DECODED, PrefetchKeys({})))

    for name, key in KEYS.items():
        fields = [[getattr(p.read(name, key), f) for f in Reading.__struct_fields__] for p in (decoded, raw)]
        assert fields[0] == fields[1]


def test_the_stories_are_decoded_in_one_pass() -> None:
    """But for those that are about a record that is not as it should be."""
    decoded = [DECODED.decode(json.dumps(request).encode()) is not None for request in REQUESTS.values()]

    assert sum(decoded) > 0.9 * len(decoded)
