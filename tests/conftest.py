"""What holds for every test."""

from hypothesis import settings

# How long an example takes is the machine's business; a busy one would fail tests that are right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
