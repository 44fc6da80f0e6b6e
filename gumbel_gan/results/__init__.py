"""What a training leaves, in memory and in a directory. No TensorFlow until a network is asked for."""
