"""Reports and exports. Each function takes grades and returns text; none of them writes a file."""
