"""What is built installs and runs; what is locked agrees with itself."""
