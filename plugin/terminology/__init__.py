"""What codes and words of the record mean: value sets, drug ingredients and text hints."""

from plugin.terminology.load import load_terminology
from plugin.terminology.local_codes import read_local_codes
from plugin.terminology.lookup import LocalCodes, Terminology
from plugin.terminology.text_hints import TextHints

__all__ = ["LocalCodes", "Terminology", "TextHints", "load_terminology", "read_local_codes"]
