"""A hospital's site that Callinvite is installed in: its users, prefix, REST defaults and pages are its own."""
