"""What an experienced teaching assistant sees in plain data: numbers in text, pictures, a training run.

Pure functions over NumPy arrays and text; a rubric's tests are written with them.
"""
