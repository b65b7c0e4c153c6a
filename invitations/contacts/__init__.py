"""What people settle about each other and about their own rings: contacts and blocks, and when nobody is to ring.

The only writer of contacts and blocks. What it changes takes effect on rings that are open at that moment."""
