"""What is saved: the project as an immutable value, its files and its undo stack."""
