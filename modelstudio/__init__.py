"""Model Studio: design, train, judge and export neural networks on the desktop."""

__version__ = "0.1.0"
