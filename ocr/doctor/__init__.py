"""What is in a folder of captioned images, and what training would make of it."""
