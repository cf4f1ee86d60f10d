"""What is known of a class, on disk: executions, grades, rulings."""
