"""The functions as a gRPC service."""
