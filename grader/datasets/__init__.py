"""The data that notebooks train on: found, verified, laid out."""
