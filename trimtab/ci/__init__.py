"""A change's comment on its pull request: found by its marker, updated in place."""
