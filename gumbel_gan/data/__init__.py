"""Where categories come from: distributions, files, feeds, strings. No TensorFlow."""
