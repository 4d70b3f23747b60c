"""What is shown to whom: the kill switch, and the modes of the criteria for each client."""

from plugin.control.file import ControlFile, Known, parse_control, read_control
from plugin.control.modes import ALL_LIVE, Control, Mode, Modes
from plugin.control.watch import ControlWatch, Observer

__all__ = [
    "ALL_LIVE",
    "Control",
    "ControlFile",
    "ControlWatch",
    "Known",
    "Mode",
    "Modes",
    "Observer",
    "parse_control",
    "read_control",
]
