"""What Kubernetes objects cost: the machines, disks and balancers that they make a cloud provide."""
