import type { NatsConnection, PermissionViolationError, ServerInfo } from '@nats-io/transport-node'
import type { BusCapabilities, EncodedChange, FrameHandler, Scope } from '@sync/core/adapter'

/** Sends and receives frames over a connection: plain subjects, or JetStream. */
export interface Messaging {
  /** Capabilities on this server. If the server is not known yet, the weakest ones that it may turn out to have. */
  capabilities(server: ServerInfo | undefined): BusCapabilities
  /** Publishes changes. Resolves at the durability point that the capabilities declare. */
  publish(connection: NatsConnection, scope: Scope, changes: readonly EncodedChange[]): Promise<void>
  /** Resolves to an unsubscribe function once the subscription is live at the server. */
  subscribe(connection: NatsConnection, scope: Scope, handlers: SubscriptionHandlers): Promise<() => void>
  /** Restores every subscription after a reconnect or a lost subscription. Resolves when all are live. */
  resume(connection: NatsConnection): Promise<void>
  /** Notes that the server denied a publication. The server reports this separately from its answers. */
  publishDenied?(error: PermissionViolationError): void
  close(): void
}

/** Offset and callbacks of one subscription. */
export interface SubscriptionHandlers {
  readonly onFrame: FrameHandler
  /** Offset to resume after; `undefined` starts with the next frame. */
  readonly after: string | undefined
  /** Called when frames were missed that can no longer be read. */
  readonly onGap: () => void
  /** Called when the subscription stopped receiving. It receives again after the next `resume`. */
  readonly onSubscriptionLost: () => void
}
