"""What publications say about an injection, and who is for and against it in a given case."""

from plugin.guidelines.agreement import Agreement, Case, Library, Stance, agreement
from plugin.guidelines.load import load_guidelines
from plugin.guidelines.model import Guideline, Position

__all__ = [
    "Agreement",
    "Case",
    "Guideline",
    "Library",
    "Position",
    "Stance",
    "agreement",
    "load_guidelines",
]
