"""What a change costs, emits, risks and breaks: before, after, and the difference."""
