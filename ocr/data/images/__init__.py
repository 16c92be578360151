"""Pixels: loading, preprocessing, augmentation, splicing."""
