// Made by `manage.py make_words` from the message files. Change those, not this.

"use strict";

const LANGUAGES = {
  "en": {
    plural: (/** @type {number} */ n) => Number((n != 1)),
    words: {
      "button.try_again": "Try again",
      "call.accept": "Accept",
      "call.call_back": "Call back",
      "call.decline": "Decline",
      "call.incoming.audio": "Incoming audio call",
      "call.incoming.group_audio": "Incoming group audio call",
      "call.incoming.group_video": "Incoming group video call",
      "call.incoming.video": "Incoming video call",
      "call.title.audio": "Audio call",
      "call.title.group_audio": "Group audio call",
      "call.title.group_video": "Group video call",
      "call.title.video": "Video call",
      "language.tag": "en",
      "notification.not_declined": "The call wasn't declined",
      "notification.not_declined.why": "The server can't be reached. {name} still hears it ringing.",
      "notification.not_declined.why_unknown": "The server can't be reached. The caller still hears it ringing.",
      "notification.open": "Open Callinvite",
      "notification.open_to_answer": "Open Callinvite to answer",
      "notification.unknown": "Someone may be calling. Open the app to see.",
      "notification.unknown_caller": "Unknown caller",
      "person.with_address": "{name} ({id})",
      "person.with_id": "{name} (@{id})",
      "push.answered_elsewhere": "Answered on another device",
      "push.call_ended": "The call has ended",
      "push.from.audio": "{name}, audio call",
      "push.from.group_audio": "{name}, group audio call",
      "push.from.group_video": "{name}, group video call",
      "push.from.video": "{name}, video call",
      "push.missed_call": "Missed call",
      "push.rejected_elsewhere": "Declined on another device",
      "push.request.title": "Contact request",
      "push.test.body": "This device will ring when someone calls you.",
      "push.test.title": "Test ring",
    },
  },
};
