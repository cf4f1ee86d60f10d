"""What students get of an assignment."""
