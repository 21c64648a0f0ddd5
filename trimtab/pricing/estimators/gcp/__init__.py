"""What Google Cloud takes money for."""
