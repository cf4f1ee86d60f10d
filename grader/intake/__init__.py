"""A folder of hand-ins -> one `Submission` a student."""
