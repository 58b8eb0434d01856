"""One file each: the whole story of an analysis, from its settings to its result."""
