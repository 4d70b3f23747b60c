"""Where an order goes: by its body site, by its words, by its code."""

from __future__ import annotations

from collections.abc import Sequence

from plugin.domain.families import Family
from plugin.domain.regions import Region
from plugin.evidence.reading import Chart, first_region, region_of
from plugin.evidence.views import OneOrMany
from plugin.terminology.text_hints import Wording


def sites_of(
    sites: OneOrMany, of_site: Sequence[Wording], of_order: Sequence[Wording], chart: Chart
) -> tuple[Region | None, Region | None]:
    """The region that the body site's code names, else its words, and the one that the order's words name."""
    return region_of(chart.concepts_of(sites)) or first_region(of_site), first_region(of_order)


def ordered_region(own: Region, site: Region | None, worded: Region | None, family: Family) -> Region:
    """Body site, then the words of the order within the code's region, then the code's region.

    A caudal injection enters at the sacrum and treats lumbar roots: its site says how, not where.
    """
    if family is Family.CAUDAL and own.stated:
        return own
    if site is not None:
        return own.refined_by(site) if site.atoms & own.atoms else site
    if not own.stated:
        return worded or own
    is_narrower = worded is not None and not worded.atoms >= own.atoms
    return own.refined_by(worded) if worded is not None and is_narrower else own


def are_apart(site: Region, own: Region) -> bool:
    """The joint beside the sacrum is not apart from it: the codes of its injections say sacral."""
    if site.atoms | own.atoms == {"sacral", "sacroiliac"}:
        return False
    return not (site.atoms & own.atoms) and not site.is_everywhere and not own.is_everywhere
