"""One use case a file; they reach the outside through the domain's ports."""
