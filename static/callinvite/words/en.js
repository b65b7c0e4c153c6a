// Made by `manage.py make_words` from the message files. Change those, not this.

export const WORDS = {};

export const plural = (/** @type {number} */ n) => Number((n != 1));
