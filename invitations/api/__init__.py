"""REST: validates, identifies the asker, runs a verb and answers in JSON. Contains no rules about calls."""
