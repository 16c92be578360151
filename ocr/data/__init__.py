"""Captioned images: found, decoded, split and batched."""
