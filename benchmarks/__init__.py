"""Measurements of Callinvite against floors that run in the same minute on the same core.

Never imported by the product."""
