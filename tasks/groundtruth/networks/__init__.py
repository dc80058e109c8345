"""Three small networks, as people train them, with units whose function a program knows."""
