"""What brings a plan to its clusters: GitOps, Crossplane's control plane, policy engines."""
