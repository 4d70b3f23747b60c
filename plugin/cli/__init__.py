"""The command `spinal-cds`."""

from plugin.cli.main import main

__all__ = ["main"]
