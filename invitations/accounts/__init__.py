"""How people get in: the pages of django-allauth in our look and words. Optional: a project with a sign-in of its own
leaves them out.

What allauth does is not done again here. docs/accounts.md says what is set how, and why."""
