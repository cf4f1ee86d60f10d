"""The web page for people who grade by hand."""
