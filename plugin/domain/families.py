"""The kinds of spinal injection and ablation that are reviewed, and what one is done for."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """The procedure families, the most invasive first: of several on one order, the first is reviewed."""

    BASIVERTEBRAL = "basivertebral"
    INTRADISCAL = "intradiscal"
    """Discography and injection into the disc."""
    FACET_RFA = "facet-rfa"
    SIJ_RFA = "sij-rfa"
    TRANSFORAMINAL = "transforaminal"
    INTERLAMINAR = "interlaminar"
    CAUDAL = "caudal"
    FACET_INJECTION = "facet-injection"
    """Into the joint, or a medial branch block: the codes do not separate the two."""
    SIJ_INJECTION = "sij-injection"
    LATERAL_BRANCH_BLOCK = "lateral-branch-block"
    TRIGGER_POINT = "trigger-point"
    BIOLOGIC = "biologic"
    """A biologic with no code that says where it goes."""


EPIDURAL = frozenset({Family.INTERLAMINAR, Family.CAUDAL, Family.TRANSFORAMINAL})
FACET = frozenset({Family.FACET_INJECTION, Family.FACET_RFA})
SACROILIAC = frozenset({Family.SIJ_INJECTION, Family.LATERAL_BRANCH_BLOCK, Family.SIJ_RFA})


class Purpose(StrEnum):
    """UNDETERMINED: nothing says which, or signs of both."""

    DIAGNOSTIC = "diagnostic"
    THERAPEUTIC = "therapeutic"
    UNDETERMINED = "undetermined"
