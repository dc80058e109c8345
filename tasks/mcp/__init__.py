"""The door for other programs: the tools, served over the Model Context Protocol."""
