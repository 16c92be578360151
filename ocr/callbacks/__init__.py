"""Lightning callbacks and loggers of a run: checkpoints, early stopping, monitoring, progress."""
