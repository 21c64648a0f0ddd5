"""The repository's own commands: set-up, pins, hygiene, tests, engines. No distribution ships them."""
