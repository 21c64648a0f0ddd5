"""Stand-ins for Pulumi's cloud providers: the real protocol, and a cloud that lives in the test."""
