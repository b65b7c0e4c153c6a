"""Measurements of Callinvite against floors that run at the same time on the same core.

Never imported by the product."""
