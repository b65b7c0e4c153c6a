// Made by `manage.py make_words` from the message files. Change those, not this.

"use strict";

const LANGUAGES = {
  "en": {
    plural: (/** @type {number} */ n) => Number((n != 1)),
    words: {},
  },
};
