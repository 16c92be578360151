"""The network (encoder, recurrent part, head), its loss, decoding, metrics and checkpoints."""
