"""What brings plans to clusters: GitOps, Crossplane's control plane, policy engines."""
