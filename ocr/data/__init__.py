"""What comes in: captioned images, prepared and split."""
