"""Builds the built-in rates of AWS services by region from AWS's own price pages, as kept in public repositories."""
