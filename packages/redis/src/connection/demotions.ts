import { Listeners, throwUncaught } from '@sync/core/adapter'

/** A server that is no longer the master at an address. */
export interface Demotion {
  readonly serverId: string
  readonly address: string
}

/** Emits each demotion that a connection of this process finds, so that the other connections to the same address leave the server too. */
export const demotions: Listeners<Demotion> = new Listeners<Demotion>(throwUncaught)
