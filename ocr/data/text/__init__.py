"""Captions: charset, Unicode normalization, writing direction, file-name patterns."""
