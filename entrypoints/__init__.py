"""Where parts are wired and the outside world comes in."""
