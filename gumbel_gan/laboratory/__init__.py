"""What is measured over many trainings: studies, leaks, baselines, gradients, speed."""
