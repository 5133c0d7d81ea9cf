import type { NatsConnection, PermissionViolationError, ServerInfo } from '@nats-io/transport-node'
import type { BusCapabilities, EncodedChange, FrameHandler, Scope } from '@sync/core/adapter'

/** What carries the frames over a connection: plain subjects, or JetStream. */
export interface Transport {
  /** What it can do on a server; on one that is not known yet, what it can do at the least. */
  capabilities(server: ServerInfo | undefined): BusCapabilities
  /** Resolves at the durability point. */
  publish(connection: NatsConnection, scope: Scope, changes: readonly EncodedChange[]): Promise<void>
  /** Resolves when it is live at the server; the returned function ends it. */
  subscribe(connection: NatsConnection, scope: Scope, handlers: SubscriptionHandlers): Promise<() => void>
  /** The connection was lost and is there again, or somebody is deaf: resolves when everything is live. */
  resume(connection: NatsConnection): Promise<void>
  /** The server refused what was sent to a subject, and says so beside all answers. */
  publishDenied?(error: PermissionViolationError): void
  close(): void
}

/** How a scope is listened to. */
export interface SubscriptionHandlers {
  readonly onFrame: FrameHandler
  readonly after: string | undefined
  /** Something was missed that cannot be read any more. */
  readonly onGap: () => void
  /** Nothing is heard any more until `resume` has resolved once more. */
  readonly onSubscriptionLost: () => void
}
