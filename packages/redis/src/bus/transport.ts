import type { BusCapabilities, FrameHandler, InCommitPublisher, Scope } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import type { BusSettings } from './settings.ts'

/** What carries frames, on the connections that a bus has opened. */
export interface Transport {
  publish(scope: Scope, frame: string): Promise<unknown>
  /** Resolves when it is live; the returned function ends it. */
  subscribe(scope: Scope, handler: FrameHandler, after: string | undefined): Promise<() => Promise<void>>
  close(): void
}

/** A kind of medium. */
export interface TransportKind {
  readonly capabilities: Omit<BusCapabilities, 'maxPayloadBytes'>
  /** How a store's script publishes on it, and where. */
  readonly method: InCommitPublisher['method']
  destination(scope: Scope, commands: Connection): string
  /** `listening`: a connection of its own. `told`: whether it is live on that now. */
  open(
    connections: { readonly commands: Connection; readonly listening: Connection },
    settings: BusSettings,
    onState: (state: 'up' | 'down') => void,
  ): Transport
}
