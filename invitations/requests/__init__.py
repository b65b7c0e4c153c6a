"""The one door for all faces: what may be asked, who asks, which verb is meant, and what a refusal looks like."""
