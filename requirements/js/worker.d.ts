// The scripts of the service worker share one global scope. The compiler's library calls `self` a worker of any kind.

interface WorkerGlobalScope {
  /** What another site's worker says of itself before it loads ours. */
  readonly callinvite?: { readonly baseUrl: string; readonly page?: string };
  readonly clients: Clients;
  readonly registration: ServiceWorkerRegistration;
  readonly Notification: typeof Notification & { readonly maxActions?: number };
  skipWaiting(): Promise<void>;
}

interface WorkerGlobalScopeEventMap {
  activate: ExtendableEvent;
  install: ExtendableEvent;
  notificationclick: NotificationEvent;
  push: PushEvent;
  pushsubscriptionchange: ExtendableEvent & {
    readonly newSubscription?: PushSubscription | null;
    readonly oldSubscription?: PushSubscription | null;
  };
}
