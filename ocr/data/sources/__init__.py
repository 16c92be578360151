"""Where samples come from: folders, packs, drawings; and where a folder keeps its captions."""
