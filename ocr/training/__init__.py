"""A training run: its checks, model, Trainer, run folder and results."""
