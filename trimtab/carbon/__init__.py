"""What machines emit: in use and in the making."""
