"""What `scripts/bench` measures: one module for each part, with a function `measure`."""
