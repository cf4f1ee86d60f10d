"""Evidence -> Grade: rubric tests in pytest, applied to what a run left behind."""
