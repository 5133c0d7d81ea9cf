import type { BusCapabilities, FrameHandler, InCommitPublisher, Scope } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import type { BusSettings } from './settings.ts'

/** Carries frames over a bus's connections. */
export interface Messaging {
  publish(scope: Scope, frame: string): Promise<unknown>
  /** Resolves with an unsubscribe function when the subscription is live. */
  subscribe(scope: Scope, handler: FrameHandler, after: string | undefined): Promise<() => Promise<void>>
  close(): void
}

/** A kind of messaging: Pub/Sub or Streams. */
export interface MessagingKind {
  readonly capabilities: Omit<BusCapabilities, 'maxPayloadBytes'>
  /** Method by which a store's commit script publishes over this messaging. */
  readonly method: InCommitPublisher['method']
  /** Returns the channel or stream of a scope. */
  destination(scope: Scope, commands: Connection): string
  /** Opens the messaging. `listening` is a connection of its own; `onState` receives whether all subscriptions on it are live. */
  open(
    connections: { readonly commands: Connection; readonly listening: Connection },
    settings: BusSettings,
    onState: (state: 'up' | 'down') => void,
  ): Messaging
}
