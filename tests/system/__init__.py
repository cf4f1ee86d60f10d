"""The whole program on whole classes."""
