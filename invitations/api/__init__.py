"""REST: validates, says who asks, calls a verb and answers in JSON. Holds no rule about calls."""
