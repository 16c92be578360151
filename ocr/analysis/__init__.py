"""What several trainings tell together: cross-validation, learning curve, label errors.

Each run is a process of train.py; the files of all runs are in one folder, so that a command that
was interrupted can go on.
"""
