"""How many characters a forge lets a comment have."""

GITHUB_LIMIT = 65_536
GITLAB_LIMIT = 1_000_000
