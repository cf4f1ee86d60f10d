"""Speed and memory, as ratios taken within one run: `python -m tests.benchmarks`. None of it can fail a build."""
