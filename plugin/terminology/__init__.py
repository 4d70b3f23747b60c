"""What codes and words of the record mean: value sets, drug ingredients and text hints."""

from plugin.terminology.load import load_terminology
from plugin.terminology.lookup import Terminology
from plugin.terminology.text_hints import TextHints

__all__ = ["Terminology", "TextHints", "load_terminology"]
