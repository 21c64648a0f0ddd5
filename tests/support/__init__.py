"""What tests of several areas share; on pytest's path as `support`."""
