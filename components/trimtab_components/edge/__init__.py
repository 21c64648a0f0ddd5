"""Clusters at the edge: machines that are reached over SSH, or make themselves nodes."""
