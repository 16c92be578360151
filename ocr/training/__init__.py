"""A run: what it starts with, its Trainer, and what it leaves."""
