"""The model, its rules and its ports: standard library, attrs and NumPy alone."""
