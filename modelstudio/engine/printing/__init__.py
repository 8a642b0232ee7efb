"""Networks as text: the classes of the printed Python."""
