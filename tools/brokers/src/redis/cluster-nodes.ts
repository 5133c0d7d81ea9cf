import { withRedisClient } from './with-client.ts'

/** One line of `CLUSTER NODES`: a node as seen by another node. */
export interface ClusterNode {
  readonly id: string
  readonly port: number
  readonly flags: ReadonlySet<string>
  /** Id of the node's master. `undefined` for a master. */
  readonly masterId: string | undefined
  /** Slot ranges that the node serves, both ends inclusive. */
  readonly slots: readonly (readonly [first: number, last: number])[]
}

/** Returns a node's view of its cluster. */
export async function readClusterNodes(url: string): Promise<ClusterNode[]> {
  const text = await withRedisClient(url, (client) => client.cluster('NODES'))
  return `${text}`.trim().split('\n').map(parseNode)
}

/** Parses a line `id ip:port@busPort,host flags masterId pingSent pongReceived configEpoch linkState slot slot …`. */
function parseNode(line: string): ClusterNode {
  const [id = '', address = '', flags = '', masterId, , , , , ...slots] = line.split(' ')
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    flags: new Set(flags.split(',')),
    masterId: masterId === '-' ? undefined : masterId,
    slots: slots
      // `[slot->-id]` and `[slot-<-id]` are slots that are being moved.
      .filter((range) => !range.startsWith('['))
      .map((range) => {
        const [first, last] = range.split('-')
        return [Number(first), Number(last ?? first)]
      }),
  }
}

/** Whether the node serves a slot. */
export function servesSlot({ slots }: ClusterNode, slot: number): boolean {
  return slots.some(([first, last]) => first <= slot && slot <= last)
}
