"""The hyperparameter search: its space, study, trials and winner."""
