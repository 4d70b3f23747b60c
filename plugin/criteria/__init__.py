"""Each criterion in words: what it asks, reads and answers, who owns it, and when it was reviewed."""

from plugin.criteria.load import load_criteria
from plugin.criteria.model import ATTRIBUTES, AttributeName, CriteriaContent, Criterion

__all__ = ["ATTRIBUTES", "AttributeName", "CriteriaContent", "Criterion", "load_criteria"]
