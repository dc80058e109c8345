"""Pictures: regions and changes of their pixels, recipes that make them again, image models."""
