"""A person's own data: taking it along, and taking it away."""
