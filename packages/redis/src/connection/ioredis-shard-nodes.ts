import { type IoredisClient, ownedClientOptions } from './ioredis.ts'
import type { NodeAddress, ShardConnection, ShardConnectionEvents, ShardNodes } from './shard-connections.ts'

/** Maps a node's announced `host:port` to the address at which it is reachable. */
export type NatMap = Readonly<Record<string, NodeAddress>> | ((address: string) => NodeAddress | null | undefined)

/**
 * The nodes of a cluster over ioredis. `masters` returns the clients of the nodes that have slots; shard connections are duplicates
 * of them.
 */
export class IoredisShardNodes implements ShardNodes {
  readonly #masters: () => Promise<readonly IoredisClient[]>
  readonly #timeout: number
  readonly #natMap: NatMap | undefined
  #template: IoredisClient | undefined

  constructor(
    masters: () => Promise<readonly IoredisClient[]>,
    { timeout, natMap }: { readonly timeout: number; readonly natMap: NatMap | undefined },
  ) {
    this.#masters = masters
    this.#timeout = timeout
    this.#natMap = natMap
  }

  async masters(): Promise<readonly NodeAddress[]> {
    const masters = await this.#masters()
    this.#template = masters[0] ?? this.#template
    return masters.map(({ options: { host = 'localhost', port = 6379 } }) => ({ host, port }))
  }

  open(node: NodeAddress, { onMessage, onLost }: ShardConnectionEvents): ShardConnection {
    if (!this.#template) throw new Error('no cluster node is known')
    const { host, port } = this.#mappedAddress(node)
    const client = this.#template.duplicate({
      ...ownedClientOptions(this.#timeout),
      // a node that does not answer the heartbeat is frozen or unreachable
      socketTimeout: this.#timeout,
      host,
      port,
      lazyConnect: false,
      enableOfflineQueue: true,
      enableReadyCheck: false,
      readOnly: false,
      // a new connection replaces a lost one
      retryStrategy: null,
    })
    client.on('smessage', onMessage)
    client.on('error', () => {})
    client.on('close', onLost)
    // a slot has moved to another node, which ended the slot's channels
    client.on('moved', onLost)
    return {
      call: (name, ...args) => client.call(name, args),
      // in capitals: ioredis reports a rejected lower-case `ssubscribe` as a moved slot
      subscribe: (channel) => client.call('SSUBSCRIBE', [channel]),
      unsubscribe: (channel) => client.call('SUNSUBSCRIBE', [channel]),
      close: () => client.disconnect(),
    }
  }

  #mappedAddress(node: NodeAddress): NodeAddress {
    const named = `${node.host}:${node.port}`
    const map = this.#natMap
    return (typeof map === 'function' ? map(named) : map?.[named]) ?? node
  }
}
