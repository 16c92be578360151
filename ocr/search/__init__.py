"""What tunes: the space, the study, the trials, the winner."""
