"""Epidural orders for pain of long standing, and the studies on record."""

from __future__ import annotations

from plugin.domain.case import Case
from plugin.domain.evidence import Diagnosis, Modality, Study, StudyState
from plugin.domain.regions import Region
from tests.builders import case, diagnosis, section

SINCE = "2024-01-01"
LONG = diagnosis("M54.16", SINCE)
PACEMAKER = diagnosis("Z95.0")
SACRUM = Region.of("sacral")
CT, MYELOGRAM, FILM, EMG = (
    Modality.CT,
    Modality.CT_MYELOGRAM,
    Modality.PLAIN_FILM,
    Modality.NERVE_TEST,
)
PRELIMINARY, ORDERED = StudyState.POSSIBLE, StudyState.ORDERED


def with_studies(*studies: Study, problems: tuple[Diagnosis, ...] = (LONG,)) -> Case:
    return case(problems=problems, studies=section(*studies))
