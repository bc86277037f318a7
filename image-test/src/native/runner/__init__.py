"""Runs the tests of an image's environments inside its container; only the standard library is needed."""
