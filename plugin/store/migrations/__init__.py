"""The steps from one schema to the next, run by Alembic."""

HEAD = "0002"
"""The revision this version of the program works with."""
