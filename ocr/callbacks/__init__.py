"""Lightning callbacks of a training: checkpoints, early stopping, averaging, progress."""
