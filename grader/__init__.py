"""An automated grading harness for deep-learning notebooks."""
