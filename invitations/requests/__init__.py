"""The one door that all faces use: what may be asked, who asks, which verb is meant, and what a refusal looks like."""
