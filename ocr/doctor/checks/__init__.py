"""The doctor's checks: one file for each kind of finding."""
