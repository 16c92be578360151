"""Analyses of several trainings: cross-validation, learning curve, label errors.

Each training is a process of its own. The files of all are in one folder, so that an interrupted
command can continue.
"""
