"""Random changes to training batches: distortions of one image, and splices of two."""
