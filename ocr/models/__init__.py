"""What learns: encoder, recurrent part and head, and the loss that teaches them."""
