"""A rubric tested by planted mistakes."""
