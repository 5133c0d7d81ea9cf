import { Listeners } from '@sync/core/adapter'
import type { Connection } from './connection.ts'

/** A server that is no longer the master at an address. */
export interface Demotion {
  readonly serverId: string
  readonly address: string
}

/** Emits each demotion that a connection of this process finds, so that the other connections to the same address leave the server too. */
export const demotions: Listeners<Demotion> = new Listeners<Demotion>()

/** Reopens the connection when its server is demoted. Returns a function that ends this. */
export const leaveWhenDemoted = (connection: Connection): (() => void) =>
  demotions.add(({ serverId, address }) => {
    if (serverId === connection.serverId && address === connection.address) connection.reconnect()
  })

/** Reports that a connection's server refused a write because it is a replica. Reopens the connection and its siblings. */
export function reportReplica(connection: Connection): void {
  const { serverId, address } = connection
  if (serverId === undefined) connection.reconnect()
  else demotions.emit({ serverId, address })
}
