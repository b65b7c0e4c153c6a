/** The Callinvite client: call invitations over one live connection. Made by `make declarations`. */

export type Person = {
    id: string;
    name: string;
};
export type InvitationState = "pending" | "accepted" | "rejected" | "busy" | "cancelled" | "timed_out";
/**
 * how far a pending invitation has come
 */
export type Progress = "sent" | "notified" | "ringing";
export type Standing = "calling" | "ringing" | "ringing_silently" | "unreachable" | "accepted" | "declined" | "busy" | "no_answer" | "never_reached" | "cancelled" | "cancelled_before_ring" | "cancelled_by_admin";
export type RejectReason = "declined" | "busy" | "later";
export type EndReason = "completed" | "rejected" | "busy" | "cancelled" | "timed_out" | "caller_lost" | "connection_lost" | "media_failed" | "max_duration" | "ended_by_admin";
export type LeftReason = "left" | "moved" | "connection_lost" | "media_failed" | "call_ended" | "removed";
/**
 * one invitee asked into one call; a further attempt is a further invitation
 */
export type Invitation = {
    invitee: Person;
    inviter: Person;
    state: InvitationState;
    progress: Progress;
    /**
     * where it stands, as a caller is told
     */
    standing: Standing;
    /**
     * the kind of the first device that alerts, such as "Chrome on Linux"
     */
    ringing_on: string | null;
    /**
     * how many devices said that they alert
     */
    ringing_devices: number;
    /**
     * at least one of them can be heard
     */
    ringing_audibly: boolean;
    reject_reason: RejectReason | null;
    /**
     * of the act that closed it
     */
    custom_data: string;
    expires_at: string;
    responded_at: string | null;
    /**
     * label of the device that answered
     */
    answered_on: string | null;
    /**
     * what the
     * rules decided, for services alone
     */
    verdict?: "blocked" | "you_blocked" | "not_from_you" | "cooling_down" | "silenced" | "rings" | undefined;
};
/**
 * a user in the call on one device, from joining to leaving
 */
export type Participant = {
    user: Person;
    device_id: string;
    joined_at: string;
    connected_at: string | null;
    left_at: string | null;
    left_reason: LeftReason | null;
};
/**
 * the whole state of one call as one user sees it
 */
export type Call = {
    call_id: string;
    attempt: number;
    /**
     * grows with every change
     */
    revision: number;
    state: "ringing" | "active" | "ended";
    end_reason: EndReason | null;
    is_video_call: boolean;
    caller: Person;
    custom_data: string;
    resource_id: string | null;
    ringtone_url: string | null;
    /**
     * its ring neither sounds nor vibrates
     */
    silent: boolean;
    /**
     * milliseconds on, off, on; empty: the client's own
     */
    vibration: number[];
    /**
     * `#rrggbb`
     */
    accent: string | null;
    /**
     * who calls, with the id if it is no contact
     */
    notification_title: string;
    /**
     * what it is, and what the sender says, as a quote
     */
    notification_message: string;
    /**
     * what the sender gave, by itself
     */
    sender_title: string;
    /**
     * the same
     */
    sender_message: string;
    timeout_seconds: number;
    created_at: string;
    ring_expires_at: string;
    remaining_ms: number;
    server_time: string;
    answered_at: string | null;
    ended_at: string | null;
    duration_seconds: number | null;
    /**
     * in the order in which they were made
     */
    invitations: Invitation[];
    /**
     * in the order in which they joined
     */
    participants: Participant[];
    /**
     * null for one who is neither its caller nor an invitee
     */
    you: You | null;
};
export type OpenVerb = "accept" | "cancel" | "end" | "invite" | "join" | "leave" | "reject" | "remove";
/**
 * the viewer's own part in a call
 */
export type You = {
    role: "caller" | "invitee";
    state: InvitationState | "joined" | "left";
    /**
     * the verbs that are open to them now
     */
    can: OpenVerb[];
    missed: boolean;
    /**
     * how long they were in it themselves
     */
    duration_seconds: number | null;
    /**
     * what their rules said about the ring; null for a caller
     */
    verdict: "rings" | "silenced" | "not_from_you" | null;
    /**
     * whoever rang them was a contact of theirs; null for a caller
     */
    from_contact: boolean | null;
    /**
     * a contact rang them and said that it is urgent
     */
    urgent: boolean;
};
/**
 * one participant's device, for signalling
 */
export type Peer = {
    user: string;
    device_id: string;
};
/**
 * whose calls ring
 */
export type RingsFrom = "everyone" | "known" | "contacts" | "nobody";
export type Audience = "everyone" | "contacts" | "nobody";
export type LetThrough = "favourites" | "repeat" | "urgent";
export type PushShows = "everything" | "name" | "nothing";
export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
/**
 * when no call rings, day by day
 */
export type QuietHours = {
    /**
     * on which they begin
     */
    days: Weekday[];
    /**
     * such as "22:00", in the user's time zone
     */
    from: string;
    /**
     * on the next day unless it is later than `from`
     */
    to: string;
};
/**
 * the own profile and settings
 */
export type Me = {
    id: string;
    name: string;
    call_waiting: boolean;
    missed_unseen: number;
    /**
     * how many people ask to be let in and wait for an answer
     */
    requests: number;
    rings_from: RingsFrom;
    /**
     * false if that is the server's own choice
     */
    rings_from_chosen: boolean;
    /**
     * as was said by hand; null if that is over
     */
    do_not_disturb_until: string | null;
    quiet_hours: QuietHours | null;
    /**
     * until when this user is not to be disturbed, quiet hours counted in; null if they may be
     */
    quiet_until: string | null;
    time_zone: string;
    /**
     * what rings nevertheless
     */
    let_through: LetThrough[];
    /**
     * who sees whether they are online or in a call
     */
    show_presence: Audience;
    /**
     * whether others find them in the list of people
     */
    show_in_people: boolean;
    /**
     * how much of a call a notification shows
     */
    push_shows: PushShows;
    /**
     * one is written to when calls no longer reach one
     */
    mail_if_unreachable: boolean;
    /**
     * when the token was made, or prolonged by use; not in live frames
     */
    token_created_at?: string | null | undefined;
    /**
     * when the token ends unless it is used; not in live frames
     */
    token_expires_at?: string | null | undefined;
};
/**
 * what is left out stays; null goes back to the server's own choice, or ends it
 */
export type MeChanges = {
    name?: string | undefined;
    call_waiting?: boolean | undefined;
    rings_from?: RingsFrom | null | undefined;
    /**
     * at most a year ahead
     */
    do_not_disturb_until?: string | null | undefined;
    quiet_hours?: QuietHours | null | undefined;
    /**
     * such as "Europe/Berlin"
     */
    time_zone?: string | null | undefined;
    let_through?: LetThrough[] | undefined;
    show_presence?: Audience | undefined;
    show_in_people?: boolean | null | undefined;
    push_shows?: PushShows | undefined;
    /**
     * only with a confirmed email address
     */
    mail_if_unreachable?: boolean | undefined;
};
export type ContactState = "asked" | "asks_you" | "contact";
/**
 * how one stands to another person; it says nothing of how they stand to oneself
 */
export type Contact = {
    user: Person;
    /**
     * one has asked them, they ask, or one has let them in
     */
    state: ContactState;
    favourite: boolean;
    /**
     * what was written with the request
     */
    message: string;
    changed_at: string;
    /**
     * only in what `contacts` and `contact` read
     */
    online?: boolean | undefined;
    /**
     * the same
     */
    in_call?: boolean | undefined;
};
/**
 * a call of somebody whom this user has blocked
 */
export type BlockedCall = {
    /**
     * who called
     */
    user: Person;
    is_video_call: boolean;
    created_at: string;
};
/**
 * somebody who never rings this user
 */
export type Block = {
    user: Person;
    created_at: string;
};
export type ContactFilters = {
    state?: ContactState | undefined;
    /**
     * words, each in the id or the shown name
     */
    search?: string | undefined;
    cursor?: string | null | undefined;
    /**
     * 1 to 100
     */
    pageSize?: number | undefined;
};
/**
 * a person one may call, as the list of people has them
 */
export type Presence = Person & {
    online: boolean;
    in_call: boolean;
};
export type DeviceKind = "browser" | "android" | "ios" | "other";
/**
 * how it stands with one device when somebody calls
 */
export type ReachedDevice = {
    device_id: string;
    label: string;
    reach: "ok" | "failing" | "unheard" | "lost" | "open" | "none";
    /**
     * why it is lost, or fails
     */
    reason: string | null;
    /**
     * since when it is so, or when it was last heard of
     */
    since: string | null;
};
/**
 * whether calls reach this user
 */
export type Reachability = {
    state: "reached" | "doubtful" | "open" | "unreached";
    /**
     * the one line to show
     */
    text: string;
    devices_reached: number;
    devices: ReachedDevice[];
};
/**
 * where one user can be rung
 */
export type Device = {
    device_id: string;
    label: string;
    kind: DeviceKind;
    /**
     * of its push address no more is shown
     */
    push: {
        transport: string;
        host: string;
    } | null;
    /**
     * whether it can be rung by push, as far as is known
     */
    health: "ok" | "no_address" | "disabled";
    disabled_reason: "gone" | "vapid_key_changed" | "permission" | "unsubscribed" | null;
    /**
     * when it was registered
     */
    created_at: string;
    disabled_since: string | null;
    last_seen_at: string | null;
    last_ringing_at: string | null;
};
/**
 * as `PushSubscription.toJSON()` has it
 */
export type PushAddress = {
    transport: "webpush";
    endpoint: string;
    keys: {
        p256dh: string;
        auth: string;
    };
    /**
     * the server's key that it was made with
     */
    public_key?: string | undefined;
};
export type DeviceChanges = {
    /**
     * at most 64 characters
     */
    label?: string | undefined;
    kind?: DeviceKind | undefined;
    /**
     * null takes the address away; left out keeps it
     */
    push?: PushAddress | null | undefined;
};
/**
 * a code that connects a phone, once
 */
export type PairingCode = {
    pairing_code: string;
    expires_at: string;
    expires_in_seconds: number;
    /**
     * opens the app, and has all that it needs
     */
    link: string;
    /**
     * the link as a picture in SVG, black on white
     */
    qr: string;
};
/**
 * what became of such a code
 */
export type Pairing = {
    state: "open" | "used" | "expired";
    expires_at: string;
    /**
     * the device that used it
     */
    device_id: string | null;
    device_name: string;
};
/**
 * an app that has a token
 */
export type SignedInApp = {
    id: string;
    device_id: string;
    /**
     * may be empty
     */
    device_name: string;
    created_at: string;
    /**
     * to the hour
     */
    last_used_at: string | null;
    /**
     * when it ends unless it is used
     */
    expires_at: string;
    current: boolean;
};
/**
 * a session of a browser
 */
export type SignedInBrowser = {
    id: string;
    /**
     * the devices that come with it, as a rule one
     */
    device_ids: string[];
    /**
     * how the browser names itself; may be empty
     */
    user_agent: string;
    /**
     * the IP address that it was used from, if known
     */
    address: string | null;
    created_at: string | null;
    /**
     * to two hours
     */
    last_used_at: string | null;
    /**
     * when it ends unless it is used
     */
    expires_at: string;
    current: boolean;
};
/**
 * a real ring to one device, with nobody behind it
 */
export type TestRing = {
    test_id: string;
    device_id: string;
    state: "waiting" | "sent" | "arrived" | "failed";
    /**
     * in the order in which they happened
     */
    hops: TestRingHop[];
    created_at: string;
    /**
     * from then on nothing more comes of it
     */
    expires_at: string;
};
export type TestRingHop = {
    code: "planned" | "sent" | "retrying" | "failed" | "arrived";
    /**
     * of `retrying`: when it is tried again
     */
    at: string;
    /**
     * a sentence for people
     */
    text: string;
};
/**
 * a named ringtone and look of rings, kept by admins
 */
export type Resource = {
    resource_id: string;
    name: string;
    is_default: boolean;
    ringtone_url: string | null;
    icon_url: string | null;
    badge_url: string | null;
    /**
     * milliseconds on, off, on
     */
    vibration: number[];
    silent: boolean;
    require_interaction: boolean;
    /**
     * a colour
     */
    accent: string | null;
    title_template: string;
    message_template: string;
};
/**
 * one thing that happened in a call
 */
export type TimelineEntry = {
    at: string;
    code: string;
    /**
     * a sentence for people
     */
    text: string;
    /**
     * whom it is about
     */
    user: string | null;
    /**
     * on which of one's own devices
     */
    device: string | null;
    data: Record<string, unknown>;
};
export type Timeline = {
    call_id: string;
    entries: TimelineEntry[];
};
/**
 * as `RTCPeerConnection` takes it
 */
export type IceServer = {
    urls: string[];
    username?: string;
    credential?: string;
};
export type IceServers = {
    ice_servers: IceServer[];
    /**
     * from then on the credentials are worthless
     */
    expires_at: string;
};
/**
 * one page of a list
 */
export type Page<T> = {
    results: T[];
    /**
     * cursor of the next page
     */
    next: string | null;
    /**
     * cursor of the page before
     */
    previous: string | null;
};
export type Connection = "connecting" | "open" | "polling" | "waiting" | "closed" | "signed_out";
/**
 * what an application shows; frozen, replaced on every change
 */
export type State = {
    connection: Connection;
    user: Person | null;
    /**
     * open calls that concern this user, newest first
     */
    calls: readonly Call[];
    incoming: Call | null;
    outgoing: Call | null;
    active: Call | null;
    /**
     * further answered calls that this device is in, the last active one first
     */
    onHold: readonly Call[];
    elsewhere: Call | null;
    missedUnseen: number;
    /**
     * how many people ask to be let in and wait for an answer
     */
    requests: number;
    /**
     * as was said by hand
     */
    doNotDisturbUntil: string | null;
    /**
     * until when this user is not to be disturbed, quiet hours counted in, as last told
     */
    quietUntil: string | null;
    /**
     * server's clock minus this client's monotonic clock
     */
    serverOffsetMs: number;
};
/**
 * what every event of one call tells
 */
export type AboutCall = {
    callID: string;
    call: Call;
    caller: Person;
    isVideoCall: boolean;
};
export type InvitationChange = {
    user: Person;
    state: InvitationState;
    progress: Progress;
    previousState: InvitationState | null;
    reason: RejectReason | null;
    customData: string;
};
export type AboutCallee = AboutCall & {
    callee: Person;
    invitation: Invitation;
};
export type AboutPlace = AboutCall & {
    user: Person;
    participant: Participant;
};
export type CallEnd = AboutCall & {
    endReason: EndReason | null;
    leftReason: LeftReason | null;
    durationSeconds: number | null;
};
/**
 * `isDone` is false if the server refused it, or could not be reached
 */
export type OwnAct = AboutCall & {
    isDone: boolean;
};
export type MissedCallClick = AboutCall & {
    callees: Person[];
    customData: string;
    dialBack: () => Promise<boolean>;
};
export type TokenEnd = {
    expiresAt: string;
    remainingMs: number;
};
export type ServiceError = {
    code: string;
    detail: string;
    callID: string | null;
};
/**
 * each event's detail by its name
 */
export type ServiceEvents = {
    change: {
        state: State;
        previous: State;
    };
    connectionChanged: {
        connection: Connection;
        previous: Connection;
    };
    invitationUserStateChanged: AboutCall & {
        users: InvitationChange[];
    };
    incomingCallReceived: AboutCall & {
        inviter: Person;
        callees: Person[];
        customData: string;
    };
    incomingCallCanceled: AboutCall & {
        customData: string;
    };
    incomingCallTimeout: AboutCall;
    incomingCallAcceptButtonPressed: OwnAct;
    incomingCallDeclineButtonPressed: OwnAct;
    incomingMissed: AboutCall & {
        inviter: Person;
    };
    incomingMissedCallClicked: MissedCallClick;
    incomingMissedCallDialBackFailed: ServiceError;
    incomingCallAnsweredElsewhere: AboutCall & {
        answeredOn: string | null;
    };
    incomingCallRejectedElsewhere: AboutCall & {
        answeredOn: string | null;
        reason: RejectReason | null;
    };
    outgoingCallSent: AboutCall & {
        callees: Person[];
        customData: string;
    };
    outgoingCallCancelButtonPressed: OwnAct;
    outgoingCallRinging: AboutCallee & {
        ringingOn: string | null;
    };
    outgoingCallAccepted: AboutCallee & {
        customData: string;
    };
    outgoingCallDeclined: AboutCallee & {
        customData: string;
        reason: RejectReason | null;
    };
    outgoingCallRejectedCauseBusy: AboutCallee & {
        customData: string;
    };
    outgoingCallTimeout: AboutCallee;
    userEntered: AboutPlace;
    userMoved: AboutPlace;
    userLeft: AboutPlace & {
        leftReason: LeftReason | null;
    };
    callStarted: AboutCall;
    callEnded: CallEnd;
    contactChanged: {
        user: Person;
        contact: Contact | null;
        requests: number;
    };
    blockChanged: {
        user: Person;
        block: Block | null;
    };
    meChanged: {
        me: Me;
    };
    tokenWillExpire: TokenEnd;
    signal: {
        callID: string;
        from: Peer;
        data: unknown;
    };
    performed: {
        verb: string;
        callID: string | null;
    };
    error: ServiceError;
};
export type NamedEvent = { [Name in keyof ServiceEvents]: {
    name: Name;
    detail: ServiceEvents[Name];
}; }[keyof ServiceEvents];
/**
 * why one of several
 * people was left out
 */
export type InviteeError = {
    invitee: string;
    code: string;
    detail?: string;
    retry_after_seconds?: number;
    can_ask?: boolean;
};
/**
 * sentences by the field that they are about
 */
export type FieldErrors = Record<string, string[]>;
/**
 * what the server says of a refusal (RFC 9457)
 */
export type Problem = {
    /**
     * of the closed list
     */
    code: string;
    title: string;
    /**
     * a sentence for people
     */
    detail: string;
    /**
     * the call concerned, where one may see it
     */
    call?: Call | undefined;
    /**
     * per field or per invitee
     */
    errors?: FieldErrors | InviteeError[] | undefined;
    retry_after_seconds?: number | undefined;
    /**
     * it would be done for somebody who had just signed in
     */
    reauthenticate?: boolean | undefined;
};
/**
 * what a verb was answered with; which of these there are depends on the verb
 */
export type VerbResult = {
    call: Call;
    /**
     * invitees that could not be invited, or cancelled
     */
    errors?: InviteeError[] | undefined;
    /**
     * what was understood otherwise: `unknown_resource`
     */
    warnings?: {
        code: string;
    }[] | undefined;
    /**
     * whether `send` met a call from the very person it was for
     */
    merged?: boolean | undefined;
    /**
     * whether the two are in this call already
     */
    rejoin?: boolean | undefined;
};
export type Asked = {
    /**
     * such as `send` or `accept`
     */
    verb: string;
    /**
     * null for `send`, whose body may name the id
     */
    callID: string | null;
    /**
     * which of the calls under that id; null for the open one
     */
    attempt: number | null;
    body: object;
    /**
     * by which a repeat is known
     */
    key?: string | undefined;
};
/**
 * such as
 * `localStorage`
 */
export type KeyValues = {
    getItem: (key: string) => string | null;
    setItem: (key: string, value: string) => void;
};
export type Clock = {
    /**
     * monotonic milliseconds
     */
    now: () => number;
    setTimeout: (callback: () => void, ms: number) => unknown;
    clearTimeout: (timer: unknown) => void;
};
/**
 * a frame down that carries state
 */
export type StateFrame = {
    type: "snapshot";
    user: Person;
    calls: Call[];
    missed_unseen: number;
    server_time: string;
    requests?: number;
    do_not_disturb_until?: string | null;
    quiet_until?: string | null;
    token_created_at?: string | null;
    token_expires_at?: string | null;
} | {
    type: "call";
    call: Call;
    user?: Person;
    server_time?: undefined;
} | {
    type: "synced";
    calls: Call[];
    gone: string[];
    server_time: string;
} | {
    type: "history";
    missed_unseen: number;
    server_time?: undefined;
};
/**
 * any frame down but results
 */
export type Frame = StateFrame | {
    type: "contact";
    user: Person;
    contact: Contact | null;
    requests: number;
    server_time: string;
} | {
    type: "block";
    user: Person;
    block: Block | null;
    server_time: string;
} | {
    type: "me";
    me: Me;
    server_time: string;
} | {
    type: "signal";
    call_id: string;
    from: Peer;
    data: unknown;
} | {
    type: "error";
    code: string;
    detail: string;
    id?: string;
    call_id?: string;
};
/**
 * what a verb or a read was answered with, when it was not refused; its body
 * is JSON of the server's own making, and is given its type by who asked for it
 */
export type Answer = {
    status: number;
    body: any;
};
/**
 * subscribes to moments worth trying at once; returns the way to stop
 */
export type Wakeups = (wake: () => void) => (() => void);
export type Secret = string | (() => string | null | undefined | Promise<string | null | undefined>);
export type ServiceOptions = {
    /**
     * where the server is; the page's origin by default
     */
    baseUrl?: string | undefined;
    /**
     * 1 to 64 of `[A-Za-z0-9._~-]`; made once and kept in `storage` by default
     */
    deviceId?: string | undefined;
    /**
     * what others read when this device rings or answers, such as "Chrome on Linux"
     */
    label?: string | undefined;
    /**
     * whether this page can make sound now
     */
    audible?: boolean | undefined;
    /**
     * for pages signed in by a session cookie
     */
    csrfToken?: Secret | undefined;
    /**
     * the header that carries it: `X-CSRFToken` by default
     */
    csrfHeader?: string | undefined;
    /**
     * for apps: the Bearer token
     */
    token?: Secret | undefined;
    WebSocket?: {
        new (url: string | URL, protocols?: string | string[]): WebSocket;
        prototype: WebSocket;
        readonly CONNECTING: 0;
        readonly OPEN: 1;
        readonly CLOSING: 2;
        readonly CLOSED: 3;
    } | undefined;
    /**
     * whether REST stands in for the socket where none opens; true by default
     */
    polling?: boolean | undefined;
    fetch?: typeof fetch | undefined;
    /**
     * where the device id is kept
     */
    storage?: KeyValues | null | undefined;
    wakeups?: Wakeups | undefined;
    clock?: Clock | undefined;
    /**
     * 0 to 1, for the jitter of reconnects
     */
    random?: (() => number) | undefined;
    /**
     * how long a verb may take, repeats included
     */
    requestTimeoutMs?: number | undefined;
};
export type SendOptions = {
    /**
     * people or their ids
     */
    invitees: Array<Person | string>;
    isVideoCall: boolean;
    /**
     * at most 4096 bytes of UTF-8, handed over exactly
     */
    customData?: string | undefined;
    /**
     * made by the server by default
     */
    callID?: string | undefined;
    resourceID?: string | null | undefined;
    /**
     * at most 128 characters
     */
    notificationTitle?: string | null | undefined;
    /**
     * at most 512 characters
     */
    notificationMessage?: string | null | undefined;
    /**
     * 1 to 600
     */
    timeoutSeconds?: number | undefined;
    endWhenCallerLeaves?: boolean | undefined;
    /**
     * it matters now, to those who have this user in their contacts
     */
    urgent?: boolean | undefined;
};
export type InviteOptions = {
    /**
     * people or their ids
     */
    invitees: Array<Person | string>;
    /**
     * at most 4096 bytes of UTF-8, handed over exactly
     */
    customData?: string | undefined;
    resourceID?: string | null | undefined;
    notificationTitle?: string | null | undefined;
    notificationMessage?: string | null | undefined;
    /**
     * 1 to 600
     */
    timeoutSeconds?: number | undefined;
    /**
     * as for `send`
     */
    urgent?: boolean | undefined;
    /**
     * the active call by default, else the outgoing one
     */
    callID?: string | undefined;
};
export type UserFilters = {
    /**
     * words, each in the id or the shown name
     */
    search?: string | undefined;
    /**
     * only this person
     */
    id?: string | undefined;
    /**
     * `near`: online, called with lately, then by name; a person may come on two pages
     */
    order?: "id" | "near" | undefined;
    cursor?: string | null | undefined;
    /**
     * 1 to 100
     */
    pageSize?: number | undefined;
};
export type HistoryFilters = {
    state?: "active" | "ended" | "ringing" | undefined;
    direction?: "incoming" | "outgoing" | undefined;
    missed?: boolean | undefined;
    /**
     * the other person's id
     */
    with?: string | undefined;
    isVideoCall?: boolean | undefined;
    cursor?: string | null | undefined;
    /**
     * 1 to 100
     */
    pageSize?: number | undefined;
};
/**
 * What the states of the connection mean.
 */
/**
 * Whether what is shown is what the server holds, by a socket or by asking again and again.
 *
 * @param {Connection} connection
 * @returns {boolean}
 */
declare function isUp(connection: Connection): boolean;
/**
 * Reading a call object: whose invitation, who is in it, is it over. Pure questions, no state of its own.
 */
/**
 * Whether the call has ended.
 *
 * @param {Call} call
 * @returns {boolean}
 */
declare function isOver(call: Call): boolean;
/**
 * The latest invitation of one person into this call.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {Invitation | null}
 */
declare function myInvitation(call: Call, userId: string | null | undefined): Invitation | null;
/**
 * One person's place in the call while they are in it.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @param {string | null} [deviceId] only on this device
 * @returns {Participant | null} null if they are not in the call (now, there)
 */
declare function myParticipant(call: Call, userId: string | null | undefined, deviceId?: string | null): Participant | null;
/**
 * Who is in the call now, but for one person.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {Participant[]} in the order of their joining
 */
declare function othersInside(call: Call, userId: string | null | undefined): Participant[];
/**
 * Whether a place in a call is the one of this device.
 *
 * @param {Participant} participant
 * @param {string | null} deviceId null: any device
 * @returns {boolean}
 */
declare function isOnDevice(participant: Participant, deviceId: string | null): boolean;
/**
 * The invitations that still ring.
 *
 * @param {Call} call
 * @returns {Invitation[]}
 */
declare function pendingInvitations(call: Call): Invitation[];
/**
 * Whether this call rings for one person now.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {boolean}
 */
declare function isRingingFor(call: Call, userId: string | null | undefined): boolean;
/**
 * Whether a verb is open to the one who looks at this call.
 *
 * @param {Call} call
 * @param {OpenVerb} verb
 * @returns {boolean}
 */
declare function may(call: Call, verb: OpenVerb): boolean;
/**
 * Until when this call can be answered, by the one who looks at it.
 *
 * @param {Call} call
 * @param {string | null | undefined} userId
 * @returns {number | null} unix milliseconds; null if nothing rings
 */
declare function ringDeadline(call: Call, userId: string | null | undefined): number | null;
/**
 * Why something was not done. Codes are those of the server's closed list, and three of the client:
 * `unreachable` (no answer in time), `closed` (the service was closed), `no_current_call` (no call it could mean).
 */
declare class CallInvitationError extends Error {
    /**
     * From a problem body (RFC 9457), however little of it there is: proxies answer in HTML.
     *
     * @param {number} status
     * @param {Partial<Problem> | null} problem the parsed body, or null
     * @param {string | null} [retryAfter] the header of that name
     * @returns {CallInvitationError}
     */
    static fromProblem(status: number, problem: Partial<Problem> | null, retryAfter?: string | null): CallInvitationError;
    /**
     * @returns {CallInvitationError} the server did not answer in time
     */
    static unreachable(): CallInvitationError;
    /**
     * @returns {CallInvitationError} something else than the server answered, such as the sign-in page of a network
     */
    static strange(): CallInvitationError;
    /**
     * @returns {CallInvitationError} the service was closed meanwhile
     */
    static closed(): CallInvitationError;
    /**
     * @param {string} code
     * @param {string} detail a sentence for people
     * @param {object} [more]
     * @param {number} [more.status] HTTP status; 0 if the server did not answer
     * @param {Call | null} [more.call] the call concerned, where one may see it
     * @param {Problem["errors"] | null} [more.errors] per field or per invitee
     * @param {number | null} [more.retryAfterSeconds]
     * @param {boolean} [more.reauthenticate] it would be done for somebody who had just signed in
     */
    constructor(code: string, detail: string, { status, call, errors, retryAfterSeconds, reauthenticate }?: {
        status?: number | undefined;
        call?: Call | null | undefined;
        errors?: Problem["errors"] | null;
        retryAfterSeconds?: number | null | undefined;
        reauthenticate?: boolean | undefined;
    });
    code: string;
    detail: string;
    status: number;
    call: Call | null;
    errors: FieldErrors | InviteeError[] | null;
    retryAfterSeconds: number | null;
    reauthenticate: boolean;
    /**
     * What was wrong with each field; empty where the refusal was about something else.
     *
     * @returns {FieldErrors}
     */
    get fields(): FieldErrors;
    /**
     * Why each of several people was left out; empty where the refusal was about something else.
     *
     * @returns {InviteeError[]}
     */
    get invitees(): InviteeError[];
    /**
     * Whether the same request may well succeed a moment later.
     *
     * @returns {boolean}
     */
    get isTemporary(): boolean;
}
/**
 * A name for this device that its owner and the people they call understand.
 *
 * @param {string | null | undefined} [userAgent] as in `navigator.userAgent`
 * @returns {string} such as "Chrome on Linux"; "Node" where there is no browser
 */
declare function deviceLabel(userAgent?: string | null | undefined): string;
/**
 * A new device id, or key of a request.
 *
 * @returns {string} 32 hexadecimal characters, random
 */
declare function randomHex(): string;
/**
 * @returns {string} an id for a call that is about to be placed, which no other call has
 */
declare function makeCallID(): string;
/**
 * Whether the server takes this as a device id.
 *
 * @param {string} text
 * @returns {boolean}
 */
declare function isDeviceId(text: string): boolean;
/**
 * The id of this device, made on first use.
 *
 * @param {KeyValues | null} [storage] where it is kept; without one it lasts as long as the page
 * @returns {string} 1 to 64 of `[A-Za-z0-9._~-]`
 */
declare function rememberedDeviceId(storage?: KeyValues | null): string;
/** One's own contacts and blocks. Nothing here says what others have settled about oneself. */
declare class ContactBook extends EventTarget {
    /**
     * Reads one page of one's own contacts and of what is asked: favourites first, then by name; with `state` `asked` or
     * `asks_you`, newest first.
     *
     * @param {ContactFilters} [filters]
     * @returns {Promise<Page<Contact> | null>}
     */
    contacts({ pageSize, ...filters }?: ContactFilters): Promise<Page<Contact> | null>;
    /**
     * Reads how one stands to somebody.
     *
     * @param {Person | string} person
     * @returns {Promise<Contact | null>} null if there is nothing between them, too: `lastError.code` is `not_found` then
     */
    contact(person: Person | string): Promise<Contact | null>;
    /**
     * Asks somebody to let one in. Whoever has asked oneself, or has let one in, is a contact at once.
     *
     * @param {Person | string} person
     * @param {object} [options]
     * @param {string} [options.message] some words for them, at most 200 characters in one line
     * @returns {Promise<Contact | null>}
     */
    askContact(person: Person | string, { message }?: {
        message?: string | undefined;
    }): Promise<Contact | null>;
    /**
     * Lets somebody in who asks.
     *
     * @param {Person | string} person
     * @returns {Promise<Contact | null>} null if they do not ask any more, too
     */
    acceptContact(person: Person | string): Promise<Contact | null>;
    /**
     * Takes somebody out of one's contacts, takes back what one has asked them, or turns down what they ask.
     *
     * @param {Person | string} person
     * @returns {Promise<boolean>}
     */
    removeContact(person: Person | string): Promise<boolean>;
    /**
     * Makes a contact a favourite, or no favourite any more.
     *
     * @param {Person | string} person
     * @param {boolean} favourite
     * @returns {Promise<Contact | null>}
     */
    setFavourite(person: Person | string, favourite: boolean): Promise<Contact | null>;
    /**
     * Reads one page of the people whom one has blocked, newest first.
     *
     * @param {{search?: string, cursor?: string | null, pageSize?: number}} [filters]
     * @returns {Promise<Page<Block> | null>}
     */
    blocks({ pageSize, ...filters }?: {
        search?: string;
        cursor?: string | null;
        pageSize?: number;
    }): Promise<Page<Block> | null>;
    /**
     * Reads one page of the calls of people whom one has blocked, newest first: nothing rang, and they do not know why.
     *
     * @param {{cursor?: string | null, pageSize?: number}} [filters]
     * @returns {Promise<Page<BlockedCall> | null>}
     */
    blockedCalls({ pageSize, ...filters }?: {
        cursor?: string | null;
        pageSize?: number;
    }): Promise<Page<BlockedCall> | null>;
    /**
     * Reads whether one has blocked somebody.
     *
     * @param {Person | string} person
     * @returns {Promise<Block | null>} null if not, too: `lastError.code` is `not_found` then
     */
    blockOf(person: Person | string): Promise<Block | null>;
    /**
     * Blocks somebody: they never ring this user again, and cannot tell.
     *
     * @param {Person | string} person
     * @returns {Promise<boolean>}
     */
    block(person: Person | string): Promise<boolean>;
    /**
     * Takes a block back.
     *
     * @param {Person | string} person
     * @returns {Promise<boolean>}
     */
    unblock(person: Person | string): Promise<boolean>;
    #private;
}
/** What a client can read and change that is no act in a call. A read that fails gives null, a change false or null. */
declare class Account extends ContactBook {
    /** @returns {CallInvitationError | null} why the last verb or read gave `false` or `null`; null after a success */
    get lastError(): CallInvitationError | null;
    /**
     * Reads one page of one's own calls, newest first.
     *
     * @param {HistoryFilters} [filters]
     * @returns {Promise<Page<Call> | null>}
     */
    history({ isVideoCall, pageSize, ...filters }?: HistoryFilters): Promise<Page<Call> | null>;
    /**
     * Reads one page of people one may call.
     *
     * @param {UserFilters} [filters]
     * @returns {Promise<Page<Presence> | null>}
     */
    users({ pageSize, ...filters }?: UserFilters): Promise<Page<Presence> | null>;
    /**
     * Reads one page of one's own devices.
     *
     * @param {{cursor?: string | null, pageSize?: number}} [filters]
     * @returns {Promise<Page<Device> | null>}
     */
    devices({ cursor, pageSize }?: {
        cursor?: string | null;
        pageSize?: number;
    }): Promise<Page<Device> | null>;
    /**
     * Makes one of one's own devices known, or names it anew.
     *
     * @param {string} deviceId
     * @param {DeviceChanges} changes
     * @returns {Promise<Device | null>} null if it could not be saved
     */
    saveDevice(deviceId: string, { label, kind, push }: DeviceChanges): Promise<Device | null>;
    /**
     * Forgets one of one's own devices.
     *
     * @param {string} deviceId
     * @returns {Promise<boolean>}
     */
    removeDevice(deviceId: string): Promise<boolean>;
    /**
     * Makes a code that connects a phone, in pages that are signed in by a session. A former code ends.
     *
     * @returns {Promise<PairingCode | null>}
     */
    makePairingCode(): Promise<PairingCode | null>;
    /**
     * Reads what became of the code that connects a phone.
     *
     * @returns {Promise<Pairing | null>} null if there is none, too
     */
    pairing(): Promise<Pairing | null>;
    /**
     * Takes the code back that connects a phone.
     *
     * @returns {Promise<boolean>}
     */
    withdrawPairingCode(): Promise<boolean>;
    /**
     * Reads one page of one's own apps that are signed in, the newest first.
     *
     * @param {{cursor?: string | null, pageSize?: number}} [filters]
     * @returns {Promise<Page<SignedInApp> | null>}
     */
    signedInApps({ cursor, pageSize }?: {
        cursor?: string | null;
        pageSize?: number;
    }): Promise<Page<SignedInApp> | null>;
    /**
     * Signs one of one's own apps out.
     *
     * @param {string} id as `signedInApps` lists it
     * @returns {Promise<boolean>}
     */
    signOutApp(id: string): Promise<boolean>;
    /**
     * Reads the browsers in which this user is signed in, all on one page, the one that was used last first.
     *
     * @returns {Promise<Page<SignedInBrowser> | null>}
     */
    signedInBrowsers(): Promise<Page<SignedInBrowser> | null>;
    /**
     * Signs one of one's own browsers out.
     *
     * @param {string} id as `signedInBrowsers` lists it
     * @returns {Promise<boolean>}
     */
    signOutBrowser(id: string): Promise<boolean>;
    /**
     * Ends every other session and app of this user.
     *
     * @returns {Promise<boolean>}
     */
    signOutEverywhere(): Promise<boolean>;
    /**
     * Rings one of one's own devices for a test, by push, with nobody behind it.
     *
     * @param {string} deviceId
     * @returns {Promise<TestRing | null>} null if it was refused, such as without a push address
     */
    testRing(deviceId: string): Promise<TestRing | null>;
    /**
     * Reads how far the latest test ring of a device has come.
     *
     * @param {string} deviceId
     * @returns {Promise<TestRing | null>} null if there is none, too
     */
    lastTestRing(deviceId: string): Promise<TestRing | null>;
    /**
     * Reads one page of the ring resources: what `resourceID` may name, and how it sounds and looks.
     *
     * @param {{cursor?: string | null, pageSize?: number}} [filters]
     * @returns {Promise<Page<Resource> | null>}
     */
    resources({ cursor, pageSize }?: {
        cursor?: string | null;
        pageSize?: number;
    }): Promise<Page<Resource> | null>;
    /**
     * Reads one call.
     *
     * @param {string} callID
     * @returns {Promise<Call | null>}
     */
    call(callID: string): Promise<Call | null>;
    /**
     * Reads what happened in a call, in order and in words.
     *
     * @param {string} callID
     * @returns {Promise<Timeline | null>}
     */
    timeline(callID: string): Promise<Timeline | null>;
    /**
     * Reads the STUN and TURN servers for media. TURN ones are given only while one is in an open call or is being rung.
     *
     * @returns {Promise<IceServers | null>}
     */
    iceServers(): Promise<IceServers | null>;
    /**
     * Reads the own profile and settings, and with them the badges.
     *
     * @returns {Promise<Me | null>}
     */
    me(): Promise<Me | null>;
    /**
     * Changes the own profile or settings. What is left out stays as it is; null goes back to the server's own choice, or
     * ends what it is about. Several changes are made one after the other.
     *
     * @param {MeChanges} changes
     * @returns {Promise<Me | null>}
     */
    updateMe(changes: MeChanges): Promise<Me | null>;
    /**
     * Reads whether calls reach this user, in a sentence and device by device.
     *
     * @returns {Promise<Reachability | null>}
     */
    reachability(): Promise<Reachability | null>;
    /**
     * Deletes this account for good, if its owner has just signed in: otherwise `lastError.reauthenticate` is true.
     *
     * @returns {Promise<boolean>}
     */
    deleteMe(): Promise<boolean>;
    /**
     * Clears the badge on all devices of this user.
     *
     * @returns {Promise<boolean>}
     */
    markHistorySeen(): Promise<boolean>;
    #private;
}
/** What a client can do in calls. Each act resolves to true once it is done, else to false, and `lastError` says why. */
declare class CallVerbs extends Account {
    /** @returns {VerbResult | null} the body that the last successful verb was answered with */
    get lastResult(): VerbResult | null;
    /**
     * Invites people into a new call.
     *
     * @param {SendOptions} options
     * @returns {Promise<boolean>} true if it rings for somebody, or if one is in a call with them now; false with the code
     *   `call_ended` if everybody was busy
     */
    send({ callID, isVideoCall, endWhenCallerLeaves, ...options }: SendOptions): Promise<boolean>;
    /**
     * Cancels invitations that nobody answered yet.
     *
     * @param {object} [options]
     * @param {Array<Person | string>} [options.callees] all that still ring by default
     * @param {string} [options.customData] handed to them
     * @param {string} [options.callID] the outgoing call by default, else the active one
     * @returns {Promise<boolean>}
     */
    cancel({ callees, customData, callID }?: {
        callees?: (string | Person)[] | undefined;
        customData?: string | undefined;
        callID?: string | undefined;
    }): Promise<boolean>;
    /**
     * Rejects a call that rings.
     *
     * @param {object} [options]
     * @param {string} [options.customData] handed to the caller
     * @param {RejectReason} [options.reason] `declined` by default
     * @param {boolean} [options.block] also block whoever rang, who reads an ordinary rejection
     * @param {string} [options.callID] the incoming call by default
     * @returns {Promise<boolean>}
     */
    reject({ customData, reason, block, callID }?: {
        customData?: string | undefined;
        reason?: RejectReason | undefined;
        block?: boolean | undefined;
        callID?: string | undefined;
    }): Promise<boolean>;
    /**
     * Accepts a call that rings.
     *
     * @param {object} [options]
     * @param {string} [options.customData] handed to the caller
     * @param {string} [options.callID] the incoming call by default
     * @param {boolean} [options.hold] stay in the calls that this device is in; they are `onHold` then
     * @returns {Promise<boolean>}
     */
    accept({ customData, callID, hold }?: {
        customData?: string | undefined;
        callID?: string | undefined;
        hold?: boolean | undefined;
    }): Promise<boolean>;
    /**
     * Tells that a notice of a missed call was clicked: to be called by whoever shows such notices. Does nothing else.
     *
     * @param {string} callID
     * @returns {Promise<boolean>} false if that call was not missed, or cannot be read
     */
    missedCallClicked(callID: string): Promise<boolean>;
    /**
     * Answers a missed call: joins it while it goes on, else calls whoever rang, with pictures if that call had them.
     *
     * @param {string} callID
     * @param {(call: Call | null) => Promise<boolean> | boolean} [place] how to do it instead; null: the call cannot be read
     * @returns {Promise<boolean>}
     */
    dialBack(callID: string, place?: (call: Call | null) => Promise<boolean> | boolean): Promise<boolean>;
    /**
     * Turns back to a call that is on hold: it is the active one then, and the active one is on hold.
     *
     * @param {string} callID
     * @returns {void}
     */
    switchTo(callID: string): void;
    /**
     * Invites further people into a call that one is in.
     *
     * @param {InviteOptions} options
     * @returns {Promise<boolean>}
     */
    invite({ callID, ...options }: InviteOptions): Promise<boolean>;
    /**
     * Joins a live call that one was invited to, or moves it to this device.
     *
     * @param {string} callID
     * @returns {Promise<boolean>}
     */
    join(callID: string): Promise<boolean>;
    /**
     * Leaves a call.
     *
     * @param {string} [callID] the active call by default, else the outgoing one
     * @returns {Promise<boolean>}
     */
    leave(callID?: string): Promise<boolean>;
    /**
     * The calls that this device may be in by the time an answer comes, for `leaveWithPage`.
     *
     * @returns {string[]} the ids of calls that a `send`, `accept` or `join` under way leads into; of a `send` only if it was
     *   given a `callID`. Without those that go on on another device of the user: leaving would end them there.
     */
    get entering(): string[];
    /**
     * Leaves a call with the page that it is in: to be called while the page goes (`pagehide`).
     *
     * @param {string} callID
     * @returns {void}
     */
    leaveWithPage(callID: string): void;
    /**
     * Takes somebody out of a call that one has started, or takes back the ring that would let them in.
     *
     * @param {Person | string} person
     * @param {string} [callID] the active call by default, else the outgoing one
     * @returns {Promise<boolean>}
     */
    remove(person: Person | string, callID?: string): Promise<boolean>;
    /**
     * Ends a call for everyone.
     *
     * @param {string} [callID] the active call by default, else the outgoing one
     * @returns {Promise<boolean>}
     */
    end(callID?: string): Promise<boolean>;
    /**
     * Tells the caller that this device alerts. To be called when it really does.
     *
     * @param {string} [callID] the incoming call by default
     * @param {object} [options]
     * @param {boolean} [options.audible] whether it can be heard
     * @returns {Promise<boolean>}
     */
    ringing(callID?: string, { audible }?: {
        audible?: boolean | undefined;
    }): Promise<boolean>;
    /**
     * Says that media is up on this device.
     *
     * @param {string} [callID] the active call by default, else the outgoing one
     * @returns {Promise<boolean>}
     */
    connected(callID?: string): Promise<boolean>;
    /**
     * Proves that this device is still in the call. Only needed without a socket, which does it by itself.
     *
     * @param {string} [callID] the active call by default, else the outgoing one
     * @returns {Promise<boolean>}
     */
    heartbeat(callID?: string): Promise<boolean>;
    #private;
}
/**
 * Sends, receives and answers call invitations. See README.md for its state, verbs and events.
 */
declare class CallInvitationService extends CallVerbs {
    /**
     * @param {ServiceOptions} [options]
     * @throws {TypeError} no page to take the address from, neither a WebSocket nor polling, or a device id of another form
     */
    constructor(options?: ServiceOptions);
    /** @returns {State} what to show; frozen, replaced on every change */
    get state(): State;
    /** @returns {string} the id of this device */
    get deviceId(): string;
    /** @returns {string} the name of this device for people */
    get label(): string;
    /** @returns {boolean} whether this page says that it can make sound */
    get audible(): boolean;
    /**
     * Connects, and goes on trying by itself unless signed out or refused. Where no socket opens, REST stands in for it.
     *
     * @returns {Promise<boolean>} true when the first snapshot is in; false when the first attempt failed
     */
    init(): Promise<boolean>;
    /**
     * Closes the socket. Verbs under way resolve to false. `init` connects again.
     *
     * @returns {void}
     */
    close(): void;
    /**
     * Listens to an event.
     *
     * @template {keyof ServiceEvents} Name
     * @param {Name} name
     * @param {(detail: ServiceEvents[Name]) => void} listener
     * @returns {() => void} stops listening
     */
    on<Name extends keyof ServiceEvents>(name: Name, listener: (detail: ServiceEvents[Name]) => void): () => void;
    /**
     * Waits for the next event of a name.
     *
     * @template {keyof ServiceEvents} Name
     * @param {Name} name
     * @returns {Promise<ServiceEvents[Name]>} its detail
     */
    once<Name extends keyof ServiceEvents>(name: Name): Promise<ServiceEvents[Name]>;
    /**
     * The server's time as this client knows it.
     *
     * @returns {number} unix milliseconds
     */
    serverNow(): number;
    /**
     * How long a call can still be answered.
     *
     * @param {Call} call
     * @returns {number} milliseconds, never below 0
     */
    remainingMs(call: Call): number;
    /**
     * How long ago a call was answered.
     *
     * @param {Call} call
     * @returns {number} milliseconds; 0 before it is answered, and no more growing once it ended
     */
    elapsedMs(call: Call): number;
    /**
     * Says whether this page can make sound now.
     *
     * @param {boolean} audible
     * @returns {void}
     */
    setAudible(audible: boolean): void;
    /**
     * Sends signalling to one participant's device. Never repeated: who needs it to arrive asks for an answer.
     *
     * @param {string} callID
     * @param {Peer} to
     * @param {unknown} data JSON
     * @returns {boolean} whether it was handed to the open socket
     */
    signal(callID: string, to: Peer, data: unknown): boolean;
    #private;
}

export { CallInvitationError, CallInvitationService, deviceLabel, isOver, isRingingFor, isUp, makeCallID, may, myInvitation, myParticipant, othersInside, pendingInvitations, randomHex as makeDeviceId, rememberedDeviceId };
