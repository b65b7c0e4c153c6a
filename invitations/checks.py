"""System checks: every misconfiguration that can be seen before the first call is named here with an id."""

TAG = "callinvite"
