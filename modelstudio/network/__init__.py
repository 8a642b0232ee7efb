"""What a network is: layers, graphs, shapes and checks, in plain Python."""
