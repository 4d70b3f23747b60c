"""Where a region lies."""

from __future__ import annotations

import pytest

from plugin.domain.regions import Region
from plugin.domain.truth import Truth


@pytest.mark.parametrize(
    ("region", "is_upper"),
    [
        (Region.of("cervical"), Truth.TRUE),
        (Region.of("thoracic"), Truth.TRUE),
        (Region.pair("cervical", "thoracic"), Truth.TRUE),
        (Region.of("thoracic", "lumbar"), Truth.TRUE),
        (Region.everywhere(), Truth.TRUE),
        (Region.of("lumbar"), Truth.FALSE),
        (Region.pair("lumbar", "sacral"), Truth.FALSE),
        (Region.of("sacroiliac"), Truth.FALSE),
        (Region.unspecified(), Truth.UNKNOWN),
    ],
)
def test_a_region_that_takes_in_neck_or_mid_back_is_an_upper_one(region: Region, is_upper: Truth) -> None:
    assert region.is_upper is is_upper
