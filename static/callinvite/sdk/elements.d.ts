/** What `connect` is given. */
declare interface ConnectOptions extends Omit<ServiceOptions, "csrfToken" | "csrfHeader"> {
  /** Where the server is, such as `https://calls.example.org`. */
  baseUrl: string;
  /** The token of the person at this page, or a function that gives one. It is asked again when that one has ended. */
  token: Secret;
  /** How this browser is woken while no page is open. */
  push?: PushOptions;
}

declare interface PushOptions {
  /** The address of the site's own service worker, which loads `/sdk/v1/service-worker.js`. */
  worker: string;
  /** Its scope; the folder that it lies in by default. */
  scope?: string;
}

/**
 * Connects this page. The elements follow this connection from now on; an earlier one is closed.
 *
 * Rejects with a `CallInvitationError`: `not_authenticated` (also where `token` gave none; what it threw is the `cause`),
 * `not_allowed`, `unreachable` (also where the server does not let this page's origin in, which browsers do not tell), `invalid`.
 */
declare function connect(options: ConnectOptions): Promise<Calls>;

/** Says every sentence in this language from now on; English where it lacks one. */
declare function speak(
  language: string,
  words: Record<string, string | string[]>,
  plural: (n: number) => number,
): void;

/** The client of a page of another site: the service, with the media of its calls, its sounds and its push address. */
declare class Calls extends CallInvitationService {
  private constructor();
  get media(): Media;
  get ringer(): Sounds;
  /** How this browser is woken by push; null without the option `push`. */
  get push(): Push | null;
  /** Hangs up, rings no more and closes the connection; this browser is not woken any more for whoever was signed in. */
  signOut(): Promise<void>;
}

/** The media of the call that this page is in. Fires `change`. */
declare interface Media extends EventTarget {
  /** The call, unless it was hung up. */
  readonly current: Call | null;
  readonly onHold: Call[];
  readonly state: Readonly<{
    callID: string | null;
    place: "none" | "here" | "other_page" | "nowhere";
    ownKey: string;
    /** The key of who speaks. */
    speaker: string | null;
    /** Whether media of anybody has come through. */
    isUp: boolean;
    local: {
      microphone: { wanted: boolean; starting: boolean; live: boolean; muted: boolean; speaks: boolean; problem: string | null };
      camera: { wanted: boolean; starting: boolean; live: boolean; problem: string | null };
      screen: { starting: boolean; live: boolean; problem: string | null };
      hold: boolean;
    };
    peers: { key: string; address: Peer; state: string; quality: "good" | "fair" | "poor" | null }[];
  }>;
  /** Opens devices while a verb that leads into a call is under way, and keeps them if it does. */
  during<T>(wanted: { microphone: boolean; camera: boolean }, verb: () => Promise<T>): Promise<T>;
  toggleMicrophone(): Promise<void>;
  toggleCamera(): Promise<void>;
  setHold(hold: boolean): void;
  /** Brings the call from another page of this browser into this one. */
  bringHere(): void;
  /** Closes devices and connections now, and tells the server until it knows. */
  hangUp(call: Call, verb?: "leave" | "cancel" | "end"): Promise<boolean>;
  streamsOf(key: string): { audio: MediaStream; video: MediaStream } | null;
  statsOf(key: string): Promise<RTCStatsReport | null>;
}

/** The sounds of this page. Fires `change`. */
declare interface Sounds extends EventTarget {
  /** Whether a ring would be heard from this very page. */
  readonly audible: boolean;
  readonly wanted: boolean;
  /** Above 0, at most 1. */
  volume: number;
  /** To be called in a click. */
  enable(): Promise<boolean>;
  disable(): Promise<void>;
}

/** Whether this browser is woken for calls while no page is open. Fires `change`. */
declare interface Push extends EventTarget {
  readonly state: "unsupported" | "denied" | "off" | "working" | "on" | "failed";
  readonly reason: string | null;
  /** Asks for the permission; to be called in a click. */
  enable(): Promise<boolean>;
  disable(): Promise<void>;
}

/** Sentences in place of the usual ones, by their codes in the message files. */
type Texts = Record<string, string | string[]>;

/** What both elements have. `Events` are those that it fires, by their names. */
declare class CallElement<Events extends HTMLElementEventMap> extends HTMLElement {
  /** The page's connection. */
  get client(): Calls | null;
  get texts(): Texts;
  set texts(texts: Texts);
  addEventListener<Name extends keyof Events>(
    name: Name,
    listener: (this: this, event: Events[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    name: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof Events>(
    name: Name,
    listener: (this: this, event: Events[Name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    name: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare class SendCallInvitationButton extends CallElement<ButtonEvents> {
  get invitees(): Person[];
  set invitees(people: (Person | string)[] | null);
  isVideoCall: boolean;
  customData: string;
  callID: string | null;
  resourceID: string | null;
  notificationTitle: string | null;
  notificationMessage: string | null;
  /** 1 to 600; null where it was not set, which `send` takes for 60. */
  timeoutSeconds: number | null;
  urgent: boolean;
  endWhenCallerLeaves: boolean;
  /** Its accessible name, if not "Video call to Bob". */
  label: string | null;
  disabled: boolean;
  /** Whether a request runs. */
  get busy(): boolean;
  /** The same as a click. */
  send(): Promise<boolean>;
}

/** The events of one element, whose `refused` tells more than that of any. */
interface ButtonEvents extends HTMLElementEventMap {
  refused: CustomEvent<SendRefused>;
}
interface RingEvents extends HTMLElementEventMap {
  refused: CustomEvent<RingRefused>;
}

interface AnswerOptions {
  /** The ring that is shown by default. */
  callID?: string;
  customData?: string;
  camera?: boolean;
  microphone?: boolean;
  /** Whether a call that one is in is put on hold, not left. */
  hold?: boolean;
}

interface DeclineOptions {
  /** The ring that is shown by default. */
  callID?: string;
  customData?: string;
  reason?: "declined" | "busy" | "later";
  block?: boolean;
}

declare class IncomingCall extends CallElement<RingEvents> {
  /** Whether it is a part of the page's layout, instead of standing above it. */
  inline: boolean;
  /** Whether it fills the window while one is in a call. */
  expanded: boolean;
  /** Whether it makes no sound. */
  silent: boolean;
  /** Whether calls are answered without the camera. */
  noCamera: boolean;
  /** The data that goes along with an answer. */
  customData: string;
  /** The ring that is shown. */
  get ring(): Call | null;
  /** The call that this page is in, or has placed. */
  get call(): Call | null;
  /** Whether it shows this call, not the page itself. About a ring, the listeners of `will-ring` are asked the first time. */
  shows(call: Call): boolean;
  accept(options?: AnswerOptions): Promise<boolean>;
  decline(options?: DeclineOptions): Promise<boolean>;
  hangUp(): Promise<boolean>;
}

interface AboutOneCall {
  callID: string;
  call: Call;
}
interface Proposed<T> extends AboutOneCall {
  caller: Person;
  isVideoCall: boolean;
  /** What will be done; listeners may change it. */
  options: T;
}
interface Refused {
  error: CallInvitationError;
  code: string;
  /** A sentence for people. */
  detail: string;
}
/** What `refused` of the button tells. */
interface SendRefused extends Refused {
  retryAfterSeconds: number | null;
  /** If everybody was busy (`call_ended`). */
  call: Call | null;
  /** Why each of several people was left out. */
  errors: InviteeError[];
}
/** What `refused` of `<incoming-call>` tells. */
interface RingRefused extends Refused, AboutOneCall {}

declare global {
  interface HTMLElementTagNameMap {
    "send-call-invitation-button": SendCallInvitationButton;
    "incoming-call": IncomingCall;
  }
  interface HTMLElementEventMap {
    "will-send": CustomEvent<{ options: SendOptions }>;
    sent: CustomEvent<
      { call: Call; callID: string; merged: boolean; rejoin: boolean; errors: InviteeError[]; warnings: { code: string }[] }
    >;
    refused: CustomEvent<SendRefused | RingRefused>;
    "will-ring": CustomEvent<Proposed<object>>;
    ring: CustomEvent<AboutOneCall & { caller: Person; isVideoCall: boolean }>;
    "will-answer": CustomEvent<Proposed<Required<Omit<AnswerOptions, "callID">>>>;
    answered: CustomEvent<AboutOneCall>;
    "will-decline": CustomEvent<Proposed<Required<Omit<DeclineOptions, "callID">>>>;
    declined: CustomEvent<AboutOneCall>;
    "will-hang-up": CustomEvent<Proposed<object>>;
    "call-started": CustomEvent<AboutOneCall>;
    "call-ended": CustomEvent<AboutOneCall & { endReason: string | null; leftReason: LeftReason | null }>;
  }
}
