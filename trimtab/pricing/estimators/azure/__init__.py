"""What Azure takes money for."""
