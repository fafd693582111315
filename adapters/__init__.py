"""One folder a technology; none imports another."""
