"""From networks of other programs to blocks: ONNX files and modules in Python files."""
