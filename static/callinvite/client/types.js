/**
 * The shapes that the client takes and gives, as JSDoc types. Holds no code.
 *
 * What is snake_case here is exactly what the server puts on the wire.
 */

/**
 * @typedef {{id: string, name: string}} Person
 *
 * @typedef {"pending" | "accepted" | "rejected" | "busy" | "cancelled" | "timed_out"} InvitationState
 * @typedef {"sent" | "notified" | "ringing"} Progress how far a pending invitation has come
 * @typedef {"calling" | "ringing" | "ringing_silently" | "unreachable" | "accepted" | "declined" | "busy" | "no_answer" | "never_reached" | "cancelled" | "cancelled_before_ring" | "cancelled_by_admin"} Standing
 * @typedef {"declined" | "busy" | "later"} RejectReason
 * @typedef {"completed" | "rejected" | "busy" | "cancelled" | "timed_out" | "caller_lost" | "connection_lost" | "media_failed" | "max_duration" | "ended_by_admin"} EndReason
 * @typedef {"left" | "moved" | "connection_lost" | "media_failed" | "call_ended" | "removed"} LeftReason
 *
 * @typedef {object} Invitation one invitee asked into one call; a further attempt is a further invitation
 * @property {Person} invitee
 * @property {Person} inviter
 * @property {InvitationState} state
 * @property {Progress} progress
 * @property {Standing} standing where it stands, as a caller is told
 * @property {string | null} ringing_on the kind of the first device that alerts, such as "Chrome on Linux"
 * @property {number} ringing_devices how many devices said that they alert
 * @property {boolean} ringing_audibly at least one of them can be heard
 * @property {RejectReason | null} reject_reason
 * @property {string} custom_data of the act that closed it
 * @property {string} expires_at
 * @property {string | null} responded_at
 * @property {string | null} answered_on label of the device that answered
 * @property {"you_blocked" | "blocked" | "not_from_you" | "cooling_down" | "silenced" | "rings"} [verdict] what the
 *     rules decided, for services alone
 *
 * @typedef {object} Participant a user in the call on one device, from joining to leaving
 * @property {Person} user
 * @property {string} device_id
 * @property {string} joined_at
 * @property {string | null} connected_at
 * @property {string | null} left_at
 * @property {LeftReason | null} left_reason
 *
 * @typedef {object} Call the whole state of one call as one user sees it
 * @property {string} call_id
 * @property {number} attempt
 * @property {number} revision grows with every change
 * @property {"ringing" | "active" | "ended"} state
 * @property {EndReason | null} end_reason
 * @property {boolean} is_video_call
 * @property {Person} caller
 * @property {string} custom_data
 * @property {string | null} resource_id
 * @property {string | null} ringtone_url
 * @property {boolean} silent its ring neither sounds nor vibrates
 * @property {number[]} vibration milliseconds on, off, on; empty: the client's own
 * @property {string | null} accent `#rrggbb`
 * @property {string} notification_title who calls, with the id if it is no contact
 * @property {string} notification_message what it is, and what the sender says, as a quote
 * @property {string} sender_title what the sender gave, by itself
 * @property {string} sender_message the same
 * @property {number} timeout_seconds
 * @property {string} created_at
 * @property {string} ring_expires_at
 * @property {number} remaining_ms
 * @property {string} server_time
 * @property {string | null} answered_at
 * @property {string | null} ended_at
 * @property {number | null} duration_seconds
 * @property {Invitation[]} invitations in the order in which they were made
 * @property {Participant[]} participants in the order in which they joined
 * @property {You | null} you null for one who is neither its caller nor an invitee
 *
 * @typedef {"accept" | "cancel" | "end" | "invite" | "join" | "leave" | "reject" | "remove"} OpenVerb
 *
 * @typedef {object} You the viewer's own part in a call
 * @property {"caller" | "invitee"} role
 * @property {InvitationState | "joined" | "left"} state
 * @property {OpenVerb[]} can the verbs that are open to them now
 * @property {boolean} missed
 * @property {number | null} duration_seconds how long they were in it themselves
 * @property {"rings" | "silenced" | "not_from_you" | null} verdict what their rules said about the ring; null for a caller
 * @property {boolean | null} from_contact whoever rang them was a contact of theirs; null for a caller
 * @property {boolean} urgent a contact rang them and said that it is urgent
 *
 * @typedef {{user: string, device_id: string}} Peer one participant's device, for signalling
 *
 * @typedef {"everyone" | "known" | "contacts" | "nobody"} RingsFrom whose calls ring
 * @typedef {"everyone" | "contacts" | "nobody"} Audience
 * @typedef {"favourites" | "repeat" | "urgent"} LetThrough
 * @typedef {"everything" | "name" | "nothing"} PushShows
 * @typedef {"mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun"} Weekday
 *
 * @typedef {object} QuietHours when no call rings, day by day
 * @property {Weekday[]} days on which they begin
 * @property {string} from such as "22:00", in the user's time zone
 * @property {string} to on the next day unless it is later than `from`
 *
 * @typedef {object} Me the own profile and settings
 * @property {string} id
 * @property {string} name
 * @property {boolean} call_waiting
 * @property {number} missed_unseen
 * @property {number} requests how many people ask to be let in and wait for an answer
 * @property {RingsFrom} rings_from
 * @property {boolean} rings_from_chosen false if that is the server's own choice
 * @property {string | null} do_not_disturb_until as was said by hand; null if that is over
 * @property {QuietHours | null} quiet_hours
 * @property {string | null} quiet_until until when this user is not to be disturbed, quiet hours counted in; null if they may be
 * @property {string} time_zone
 * @property {LetThrough[]} let_through what rings nevertheless
 * @property {Audience} show_presence who sees whether they are online or in a call
 * @property {boolean} show_in_people whether others find them in the list of people
 * @property {PushShows} push_shows how much of a call a notification shows
 * @property {boolean} mail_if_unreachable one is written to when calls no longer reach one
 * @property {string | null} [token_created_at] when the token was made, or prolonged by use; not in live frames
 * @property {string | null} [token_expires_at] when the token ends unless it is used; not in live frames
 *
 * @typedef {object} MeChanges what is left out stays; null goes back to the server's own choice, or ends it
 * @property {string} [name]
 * @property {boolean} [call_waiting]
 * @property {RingsFrom | null} [rings_from]
 * @property {string | null} [do_not_disturb_until] at most a year ahead
 * @property {QuietHours | null} [quiet_hours]
 * @property {string | null} [time_zone] such as "Europe/Berlin"
 * @property {LetThrough[]} [let_through]
 * @property {Audience} [show_presence]
 * @property {boolean | null} [show_in_people]
 * @property {PushShows} [push_shows]
 * @property {boolean} [mail_if_unreachable] only with a confirmed email address
 *
 * @typedef {"asked" | "asks_you" | "contact"} ContactState
 *
 * @typedef {object} Contact how one stands to another person; it says nothing of how they stand to oneself
 * @property {Person} user
 * @property {ContactState} state one has asked them, they ask, or one has let them in
 * @property {boolean} favourite
 * @property {string} message what was written with the request
 * @property {string} changed_at
 * @property {boolean} [online] only in what `contacts` and `contact` read
 * @property {boolean} [in_call] the same
 *
 * @typedef {object} BlockedCall a call of somebody whom this user has blocked
 * @property {Person} user who called
 * @property {boolean} is_video_call
 * @property {string} created_at
 *
 * @typedef {object} Block somebody who never rings this user
 * @property {Person} user
 * @property {string} created_at
 *
 * @typedef {object} ContactFilters
 * @property {ContactState} [state]
 * @property {string} [search] words, each in the id or the shown name
 * @property {string | null} [cursor]
 * @property {number} [pageSize] 1 to 100
 *
 * @typedef {Person & {online: boolean, in_call: boolean}} Presence a person one may call, as the list of people has them
 *
 * @typedef {"browser" | "android" | "ios" | "other"} DeviceKind
 *
 * @typedef {object} ReachedDevice how it stands with one device when somebody calls
 * @property {string} device_id
 * @property {string} label
 * @property {"ok" | "failing" | "unheard" | "lost" | "open" | "none"} reach
 * @property {string | null} reason why it is lost, or fails
 * @property {string | null} since since when it is so, or when it was last heard of
 *
 * @typedef {object} Reachability whether calls reach this user
 * @property {"reached" | "doubtful" | "open" | "unreached"} state
 * @property {string} text the one line to show
 * @property {number} devices_reached
 * @property {ReachedDevice[]} devices
 *
 * @typedef {object} Device where one user can be rung
 * @property {string} device_id
 * @property {string} label
 * @property {DeviceKind} kind
 * @property {{transport: string, host: string} | null} push of its push address no more is shown
 * @property {"ok" | "no_address" | "disabled"} health whether it can be rung by push, as far as is known
 * @property {"gone" | "vapid_key_changed" | "permission" | "unsubscribed" | null} disabled_reason
 * @property {string} created_at when it was registered
 * @property {string | null} disabled_since
 * @property {string | null} last_seen_at
 * @property {string | null} last_ringing_at
 *
 * @typedef {object} PushAddress as `PushSubscription.toJSON()` has it
 * @property {"webpush"} transport
 * @property {string} endpoint
 * @property {{p256dh: string, auth: string}} keys
 * @property {string} [public_key] the server's key that it was made with
 *
 * @typedef {object} DeviceChanges
 * @property {string} [label] at most 64 characters
 * @property {DeviceKind} [kind]
 * @property {PushAddress | null} [push] null takes the address away; left out keeps it
 *
 * @typedef {object} PairingCode a code that connects a phone, once
 * @property {string} pairing_code
 * @property {string} expires_at
 * @property {number} expires_in_seconds
 * @property {string} link opens the app, and has all that it needs
 * @property {string} qr the link as a picture in SVG, black on white
 *
 * @typedef {object} Pairing what became of such a code
 * @property {"open" | "used" | "expired"} state
 * @property {string} expires_at
 * @property {string | null} device_id the device that used it
 * @property {string} device_name
 *
 * @typedef {object} SignedInApp an app that has a token
 * @property {string} id
 * @property {string} device_id
 * @property {string} device_name may be empty
 * @property {string} created_at
 * @property {string | null} last_used_at to the hour
 * @property {string} expires_at when it ends unless it is used
 * @property {boolean} current
 *
 * @typedef {object} SignedInBrowser a session of a browser
 * @property {string} id
 * @property {string[]} device_ids the devices that come with it, as a rule one
 * @property {string} user_agent how the browser names itself; may be empty
 * @property {string | null} address the IP address that it was used from, if known
 * @property {string | null} created_at
 * @property {string | null} last_used_at to two hours
 * @property {string} expires_at when it ends unless it is used
 * @property {boolean} current
 *
 * @typedef {object} TestRing a real ring to one device, with nobody behind it
 * @property {string} test_id
 * @property {string} device_id
 * @property {"waiting" | "sent" | "arrived" | "failed"} state
 * @property {TestRingHop[]} hops in the order in which they happened
 * @property {string} created_at
 * @property {string} expires_at from then on nothing more comes of it
 *
 * @typedef {object} TestRingHop
 * @property {"planned" | "sent" | "retrying" | "failed" | "arrived"} code
 * @property {string} at of `retrying`: when it is tried again
 * @property {string} text a sentence for people
 *
 * @typedef {object} Resource a named ringtone and look of rings, kept by admins
 * @property {string} resource_id
 * @property {string} name
 * @property {boolean} is_default
 * @property {string | null} ringtone_url
 * @property {string | null} icon_url
 * @property {string | null} badge_url
 * @property {number[]} vibration milliseconds on, off, on
 * @property {boolean} silent
 * @property {boolean} require_interaction
 * @property {string | null} accent a colour
 * @property {string} title_template
 * @property {string} message_template
 *
 * @typedef {object} TimelineEntry one thing that happened in a call
 * @property {string} at
 * @property {string} code
 * @property {string} text a sentence for people
 * @property {string | null} user whom it is about
 * @property {string | null} device on which of one's own devices
 * @property {Record<string, unknown>} data
 *
 * @typedef {{call_id: string, entries: TimelineEntry[]}} Timeline
 *
 * @typedef {{urls: string[], username?: string, credential?: string}} IceServer as `RTCPeerConnection` takes it
 *
 * @typedef {object} IceServers
 * @property {IceServer[]} ice_servers
 * @property {string} expires_at from then on the credentials are worthless
 */

/**
 * @template T
 * @typedef {object} Page one page of a list
 * @property {T[]} results
 * @property {string | null} next cursor of the next page
 * @property {string | null} previous cursor of the page before
 */

/**
 * @typedef {"connecting" | "open" | "polling" | "waiting" | "closed" | "signed_out"} Connection
 *
 * @typedef {object} State what an application shows; frozen, replaced on every change
 * @property {Connection} connection
 * @property {Person | null} user
 * @property {readonly Call[]} calls open calls that concern this user, newest first
 * @property {Call | null} incoming
 * @property {Call | null} outgoing
 * @property {Call | null} active
 * @property {readonly Call[]} onHold further answered calls that this device is in, the last active one first
 * @property {Call | null} elsewhere
 * @property {number} missedUnseen
 * @property {number} requests how many people ask to be let in and wait for an answer
 * @property {string | null} doNotDisturbUntil as was said by hand
 * @property {string | null} quietUntil until when this user is not to be disturbed, quiet hours counted in, as last told
 * @property {number} serverOffsetMs server's clock minus this client's monotonic clock
 *
 * @typedef {object} AboutCall what every event of one call tells
 * @property {string} callID
 * @property {Call} call
 * @property {Person} caller
 * @property {boolean} isVideoCall
 *
 * @typedef {object} InvitationChange
 * @property {Person} user
 * @property {InvitationState} state
 * @property {Progress} progress
 * @property {InvitationState | null} previousState
 * @property {RejectReason | null} reason
 * @property {string} customData
 *
 * @typedef {AboutCall & {callee: Person, invitation: Invitation}} AboutCallee
 * @typedef {AboutCall & {user: Person, participant: Participant}} AboutPlace
 * @typedef {AboutCall & {endReason: EndReason | null, leftReason: LeftReason | null, durationSeconds: number | null}} CallEnd
 * @typedef {AboutCall & {isDone: boolean}} OwnAct `isDone` is false if the server refused it, or could not be reached
 * @typedef {AboutCall & {callees: Person[], customData: string, dialBack: () => Promise<boolean>}} MissedCallClick
 * @typedef {{expiresAt: string, remainingMs: number}} TokenEnd
 * @typedef {{code: string, detail: string, callID: string | null}} ServiceError
 *
 * @typedef {object} ServiceEvents each event's detail by its name
 * @property {{state: State, previous: State}} change
 * @property {{connection: Connection, previous: Connection}} connectionChanged
 * @property {AboutCall & {users: InvitationChange[]}} invitationUserStateChanged
 * @property {AboutCall & {inviter: Person, callees: Person[], customData: string}} incomingCallReceived
 * @property {AboutCall & {customData: string}} incomingCallCanceled
 * @property {AboutCall} incomingCallTimeout
 * @property {OwnAct} incomingCallAcceptButtonPressed
 * @property {OwnAct} incomingCallDeclineButtonPressed
 * @property {AboutCall & {inviter: Person}} incomingMissed
 * @property {MissedCallClick} incomingMissedCallClicked
 * @property {ServiceError} incomingMissedCallDialBackFailed
 * @property {AboutCall & {answeredOn: string | null}} incomingCallAnsweredElsewhere
 * @property {AboutCall & {answeredOn: string | null, reason: RejectReason | null}} incomingCallRejectedElsewhere
 * @property {AboutCall & {callees: Person[], customData: string}} outgoingCallSent
 * @property {OwnAct} outgoingCallCancelButtonPressed
 * @property {AboutCallee & {ringingOn: string | null}} outgoingCallRinging
 * @property {AboutCallee & {customData: string}} outgoingCallAccepted
 * @property {AboutCallee & {customData: string, reason: RejectReason | null}} outgoingCallDeclined
 * @property {AboutCallee & {customData: string}} outgoingCallRejectedCauseBusy
 * @property {AboutCallee} outgoingCallTimeout
 * @property {AboutPlace} userEntered
 * @property {AboutPlace} userMoved
 * @property {AboutPlace & {leftReason: LeftReason | null}} userLeft
 * @property {AboutCall} callStarted
 * @property {CallEnd} callEnded
 * @property {{user: Person, contact: Contact | null, requests: number}} contactChanged
 * @property {{user: Person, block: Block | null}} blockChanged
 * @property {{me: Me}} meChanged
 * @property {TokenEnd} tokenWillExpire
 * @property {{callID: string, from: Peer, data: unknown}} signal
 * @property {{verb: string, callID: string | null}} performed
 * @property {ServiceError} error
 *
 * @typedef {{[Name in keyof ServiceEvents]: {name: Name, detail: ServiceEvents[Name]}}[keyof ServiceEvents]} NamedEvent
 *
 * @typedef {{invitee: string, code: string, detail?: string, retry_after_seconds?: number, can_ask?: boolean}} InviteeError why one of several
 *   people was left out
 * @typedef {Record<string, string[]>} FieldErrors sentences by the field that they are about
 *
 * @typedef {object} Problem what the server says of a refusal (RFC 9457)
 * @property {string} code of the closed list
 * @property {string} title
 * @property {string} detail a sentence for people
 * @property {Call} [call] the call concerned, where one may see it
 * @property {FieldErrors | InviteeError[]} [errors] per field or per invitee
 * @property {number} [retry_after_seconds]
 * @property {boolean} [reauthenticate] it would be done for somebody who had just signed in
 *
 * @typedef {object} VerbResult what a verb was answered with; which of these there are depends on the verb
 * @property {Call} call
 * @property {InviteeError[]} [errors] invitees that could not be invited, or cancelled
 * @property {{code: string}[]} [warnings] what was understood otherwise: `unknown_resource`
 * @property {boolean} [merged] whether `send` met a call from the very person it was for
 * @property {boolean} [rejoin] whether the two are in this call already
 *
 * @typedef {object} Asked
 * @property {string} verb such as `send` or `accept`
 * @property {string | null} callID null for `send`, whose body may name the id
 * @property {number | null} attempt which of the calls under that id; null for the open one
 * @property {object} body
 * @property {string} [key] by which a repeat is known
 *
 * @typedef {{getItem: (key: string) => string | null, setItem: (key: string, value: string) => void}} KeyValues such as
 *   `localStorage`
 *
 * @typedef {object} Clock
 * @property {() => number} now monotonic milliseconds
 * @property {(callback: () => void, ms: number) => unknown} setTimeout
 * @property {(timer: unknown) => void} clearTimeout
 *
 * @typedef {{type: "snapshot", user: Person, calls: Call[], missed_unseen: number, server_time: string, requests?: number,
 *   do_not_disturb_until?: string | null, quiet_until?: string | null, token_created_at?: string | null,
 *   token_expires_at?: string | null}
 *   | {type: "call", call: Call, user?: Person, server_time?: undefined}
 *   | {type: "synced", calls: Call[], gone: string[], server_time: string}
 *   | {type: "history", missed_unseen: number, server_time?: undefined}} StateFrame a frame down that carries state
 *
 * @typedef {StateFrame
 *   | {type: "contact", user: Person, contact: Contact | null, requests: number, server_time: string}
 *   | {type: "block", user: Person, block: Block | null, server_time: string}
 *   | {type: "me", me: Me, server_time: string}
 *   | {type: "signal", call_id: string, from: Peer, data: unknown}
 *   | {type: "error", code: string, detail: string, id?: string, call_id?: string}} Frame any frame down but results
 *
 * @typedef {{status: number, body: any}} Answer what a verb or a read was answered with, when it was not refused; its body
 *   is JSON of the server's own making, and is given its type by who asked for it
 *
 * @typedef {(wake: () => void) => (() => void)} Wakeups subscribes to moments worth trying at once; returns the way to stop
 *
 * @typedef {string | (() => string | null | undefined | Promise<string | null | undefined>)} Secret
 *
 * @typedef {object} ServiceOptions
 * @property {string} [baseUrl] where the server is; the page's origin by default
 * @property {string} [deviceId] 1 to 64 of `[A-Za-z0-9._~-]`; made once and kept in `storage` by default
 * @property {string} [label] what others read when this device rings or answers, such as "Chrome on Linux"
 * @property {boolean} [audible] whether this page can make sound now
 * @property {Secret} [csrfToken] for pages signed in by a session cookie
 * @property {string} [csrfHeader] the header that carries it: `X-CSRFToken` by default
 * @property {Secret} [token] for apps: the Bearer token
 * @property {typeof globalThis.WebSocket} [WebSocket]
 * @property {boolean} [polling] whether REST stands in for the socket where none opens; true by default
 * @property {typeof globalThis.fetch} [fetch]
 * @property {KeyValues | null} [storage] where the device id is kept
 * @property {Wakeups} [wakeups]
 * @property {Clock} [clock]
 * @property {() => number} [random] 0 to 1, for the jitter of reconnects
 * @property {number} [requestTimeoutMs] how long a verb may take, repeats included
 *
 * @typedef {object} SendOptions
 * @property {Array<Person | string>} invitees people or their ids
 * @property {boolean} isVideoCall
 * @property {string} [customData] at most 4096 bytes of UTF-8, handed over exactly
 * @property {string} [callID] made by the server by default
 * @property {string | null} [resourceID]
 * @property {string | null} [notificationTitle] at most 128 characters
 * @property {string | null} [notificationMessage] at most 512 characters
 * @property {number} [timeoutSeconds] 1 to 600
 * @property {boolean} [endWhenCallerLeaves]
 * @property {boolean} [urgent] it matters now, to those who have this user in their contacts
 *
 * @typedef {object} InviteOptions
 * @property {Array<Person | string>} invitees people or their ids
 * @property {string} [customData] at most 4096 bytes of UTF-8, handed over exactly
 * @property {string | null} [resourceID]
 * @property {string | null} [notificationTitle]
 * @property {string | null} [notificationMessage]
 * @property {number} [timeoutSeconds] 1 to 600
 * @property {boolean} [urgent] as for `send`
 * @property {string} [callID] the active call by default, else the outgoing one
 *
 * @typedef {object} UserFilters
 * @property {string} [search] words, each in the id or the shown name
 * @property {string} [id] only this person
 * @property {"id" | "near"} [order] `near`: online, called with lately, then by name; a person may come on two pages
 * @property {string | null} [cursor]
 * @property {number} [pageSize] 1 to 100
 *
 * @typedef {object} HistoryFilters
 * @property {"ringing" | "active" | "ended"} [state]
 * @property {"incoming" | "outgoing"} [direction]
 * @property {boolean} [missed]
 * @property {string} [with] the other person's id
 * @property {boolean} [isVideoCall]
 * @property {string | null} [cursor]
 * @property {number} [pageSize] 1 to 100
 */

export {};
