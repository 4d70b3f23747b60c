"""Findings, said to a clinician."""
