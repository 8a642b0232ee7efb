"""Trained networks for other tools."""
